package journal

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// Hole is a part of a log that cannot be read. A Reader that salvages returns it once, as an error,
// and goes on behind it.
type Hole struct {
	After  uint64       // the last record before it
	Next   uint64       // the first record behind it, which can be read; 0: there is none
	Damage *DamageError // what was met first
}

// Error says what is missing, and why.
func (h *Hole) Error() string {
	if h.Next == 0 {
		return fmt.Sprintf("journal: everything behind record %d is unreadable: %v", h.After, h.Damage)
	}
	return fmt.Sprintf("journal: unreadable between records %d and %d: %v", h.After, h.Next, h.Damage)
}

// Unwrap returns Damage.
func (h *Hole) Unwrap() error { return h.Damage }

// NewSalvager is NewReaderOn for a log that may be damaged: where Next of another Reader fails with a
// *DamageError, it returns a *Hole, and the next call goes on with the first record behind it that is
// whole. Records behind a hole follow one another, but nothing says what they followed. A torn tail is
// no hole.
//
// What was in a hole may have been promised to others. Whoever goes on from such a log has to know
// that, and to get it back from a copy before it makes another promise.
func NewSalvager(fs disk.FS, dir string, after Position) (*Reader, error) {
	return newReader(fs, &Reader{dir: dir, zeroFrom: -1, after: after, salvage: true})
}

// skip goes on behind damage: with the next whole record of the segment, or in the next segment, or at
// the end.
func (r *Reader) skip(damage *DamageError) error {
	if r.hole == nil {
		r.hole, r.beforeHole = &Hole{After: r.lsn, Damage: damage}, r.good
	}
	b := make([]byte, r.size-r.offset)
	if _, err := r.file.ReadAt(b, r.offset); err != nil && err != io.EOF {
		return fmt.Errorf("journal: %w", err)
	}
	later, from := r.later(), 0
	if r.offset == 0 {
		from = 8 // where the opening mark belongs no record is in its place
	}
	for at := from; at+headerSize <= len(b); at += 8 {
		h, ok := wholeAt(b[at:])
		if !ok || h.kind == kindMark || h.lsn <= r.lsn || len(later) > 0 && h.lsn >= later[0] {
			continue
		}
		r.offset, r.lsn, r.chain, r.adopt = r.offset+int64(at), h.lsn-1, h.prev, false
		return nil
	}
	if len(later) > 0 {
		r.first, r.adopt = later[0], true
		return r.Close()
	}
	r.offset, r.adopt = r.size, false
	return nil
}

// wholeAt reads the header of the record at the start of b, if that is one and whole in itself.
func wholeAt(b []byte) (h header, ok bool) {
	if binary.LittleEndian.Uint16(b[18:]) != recordMagic {
		return header{}, false
	}
	h, ok = headerAt(b)
	return h, ok && h.size() <= int64(len(b)) && checksum(b[:h.size()]) == h.crc
}

// behindHole returns the hole that is open, now that the record lsn is the first behind it, or nil.
// What lies before the position to begin at is nobody's concern. A Reader that does not salvage returns
// the damage, again and again, and believes the position only of a log that has its record, or names it in the next.
func (r *Reader) behindHole(lsn uint64) error {
	h := r.hole
	if h == nil {
		return nil
	}
	known := lsn == r.after.LSN+1 && (r.salvage || r.chain == r.after.Chain)
	if h.After < r.after.LSN && lsn != 0 && (lsn <= r.after.LSN || known) {
		r.hole = nil
		return nil
	}
	if !r.salvage {
		return h.Damage
	}
	r.hole = nil
	h.After, h.Next = max(h.After, r.after.LSN), lsn
	return h
}
