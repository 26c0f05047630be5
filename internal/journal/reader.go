package journal

import (
	"errors"
	"fmt"
	"io"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// Record is one record of a journal.
type Record struct {
	LSN  uint64 // dense from 1
	Kind uint8  // the owner's, never 0
	Body []byte // 8-byte aligned; valid until the next record is read
}

// Tail says how a journal ended.
type Tail struct {
	Torn    bool   // behind the last whole record is something that is not a record
	File    string // segment that holds the end
	Offset  int64  // end of the last whole record in File
	Bytes   int64  // Torn: from Offset to the last byte that is not zero
	Records int    // Torn: whole records among those bytes; none of them was ever known durable
}

// Reader reads a journal from its beginning. It writes nothing and takes no lock, so it also reads
// the log of a running or a dead process.
type Reader struct {
	fs     disk.FS
	dir    string
	firsts []uint64 // first LSN of each segment
	index  int      // of the segment that is open
	file   disk.File
	size   int64
	offset int64 // of the next record
	window window

	lsn      uint64 // of the last record read
	chain    uint32 // its CRC
	promised uint64 // highest LSN that a record read says is durable
	zeroFrom int64  // the open segment is known to be zero from here on; -1 unknown
	tail     Tail
}

// NewReader opens the journal in dir for reading.
func NewReader(dir string) (*Reader, error) { return NewReaderOn(disk.Real, dir) }

// NewReaderOn is NewReader on a file system.
func NewReaderOn(fs disk.FS, dir string) (*Reader, error) {
	firsts, err := listSegments(fs, dir)
	if err != nil {
		return nil, err
	}
	r := &Reader{fs: fs, dir: dir, firsts: firsts, zeroFrom: -1}
	if len(firsts) > 0 && firsts[0] != 1 {
		return nil, &DamageError{File: segmentPath(dir, firsts[0]), Want: "a first segment that starts with LSN 1", Got: fmt.Sprint("LSN ", firsts[0])}
	}
	return r, nil
}

// Tail says how the log ended; it counts after Next has returned io.EOF. In a log that is in use a
// record that is just being written may look torn.
func (r *Reader) Tail() Tail { return r.tail }

// Close releases the file that is open.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// Next returns the next record. At the end of the log it returns io.EOF, and Tail says whether the
// end is clean; when the log has grown since, Next goes on. Damage is a *DamageError.
func (r *Reader) Next() (Record, error) {
	for {
		if r.file == nil {
			if err := r.openSegment(); err != nil {
				return Record{}, err
			}
		}
		h, body, f, err := r.load()
		if err != nil {
			return Record{}, err
		}
		if f != nil {
			if err := r.stop(f); err != nil {
				r.window.forget()
				return Record{}, err
			}
			continue
		}
		r.offset += h.size()
		r.lsn, r.chain, r.promised = h.lsn, h.crc, max(r.promised, h.synced)
		if h.kind != kindMark {
			return Record{LSN: h.lsn, Kind: h.kind, Body: body}, nil
		}
	}
}

// openSegment opens the segment r.index, or returns io.EOF if there is none yet.
func (r *Reader) openSegment() error {
	if r.index == len(r.firsts) {
		firsts, err := listSegments(r.fs, r.dir)
		if err != nil {
			return err
		}
		if r.firsts = firsts; r.index == len(firsts) {
			return io.EOF
		}
	}
	f, err := r.fs.Open(segmentPath(r.dir, r.firsts[r.index]))
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	r.file, r.offset, r.zeroFrom = f, 0, -1
	r.window.forget()
	return r.measure()
}

// measure learns the size of the open segment.
func (r *Reader) measure() error {
	size, err := r.file.Size()
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	r.size = size
	return nil
}

// fault is why the bytes at an offset are not the next record.
type fault struct {
	end       bool // zeros or no room: the log may simply end here
	misplaced bool // a whole record, but not the next one of this log
	want, got string
}

var endFault = &fault{end: true, want: "a record", got: "zeros"}

// load reads and checks what is at r.offset.
func (r *Reader) load() (h header, body []byte, f *fault, err error) {
	if r.size-r.offset < headerSize {
		return header{}, nil, endFault, nil
	}
	b, err := r.window.bytes(r.file, r.offset, headerSize, r.size)
	if err != nil {
		return header{}, nil, nil, err
	}
	if isZero(b) {
		return header{}, nil, endFault, nil
	}
	h, ok := headerAt(b)
	if !ok {
		return header{}, nil, &fault{want: "a record header", got: fmt.Sprintf("% x", b[16:20])}, nil
	}
	if h.size() > r.size-r.offset {
		return header{}, nil, &fault{want: fmt.Sprint("a length of at most ", r.size-r.offset-headerSize), got: fmt.Sprint(h.length)}, nil
	}
	if b, err = r.window.bytes(r.file, r.offset, h.size(), r.size); err != nil {
		return header{}, nil, nil, err
	}
	if crc := checksum(b); crc != h.crc {
		return header{}, nil, &fault{want: fmt.Sprintf("checksum %08x", h.crc), got: fmt.Sprintf("%08x", crc)}, nil
	}
	body = b[headerSize : headerSize+int(h.length)]
	if r.offset == 0 && foreign(body) {
		return header{}, nil, nil, fmt.Errorf("%w: %s", ErrVersion, r.file.Name())
	}
	return h, body, r.place(&h, body), nil
}

// place checks that a record which is whole is also the next one of this log.
func (r *Reader) place(h *header, body []byte) *fault {
	if h.prev != r.chain {
		return &fault{misplaced: true, want: fmt.Sprintf("a record that follows checksum %08x", r.chain), got: fmt.Sprintf("one that follows %08x", h.prev)}
	}
	want := r.lsn + 1
	if h.kind == kindMark {
		want = r.lsn
	}
	if h.lsn != want {
		return &fault{misplaced: true, want: fmt.Sprint("LSN ", want), got: fmt.Sprint(h.lsn)}
	}
	opening := h.kind == kindMark && string(body) == openingBody
	if opening != (r.offset == 0) {
		return &fault{misplaced: true, want: "an opening mark at offset 0 and nowhere else", got: fmt.Sprintf("kind %d with %q", h.kind, body[:min(len(body), len(openingBody))])}
	}
	return nil
}

// stop decides what a fault means: go on (nil: in the next segment, or because the log has grown),
// the end of the log (io.EOF), or damage.
func (r *Reader) stop(f *fault) error {
	segments, size := len(r.firsts), r.size
	firsts, err := listSegments(r.fs, r.dir)
	if err != nil {
		return err
	}
	if err := r.measure(); err != nil {
		return err
	}
	if len(firsts) > segments || r.size > size { // a writer is at work: look at this place again first
		r.firsts, r.zeroFrom = firsts, -1
		r.window.forget()
		return nil
	}
	if f.end {
		zero, err := r.zeroToEnd()
		if err != nil {
			return err
		}
		last := r.index+1 == len(r.firsts)
		if zero && last {
			r.tail = Tail{File: r.file.Name(), Offset: r.offset}
			return io.EOF
		}
		if zero && r.firsts[r.index+1] == r.lsn+1 {
			r.index++
			return r.Close()
		}
	}
	return r.judge(f)
}

// judge tells a torn tail from damage (invariant I4).
func (r *Reader) judge(f *fault) error {
	found, err := r.searchBehind()
	if err != nil {
		return err
	}
	if !f.misplaced && !found.proof {
		r.tail = Tail{Torn: true, File: r.file.Name(), Offset: r.offset, Bytes: found.bytes, Records: found.records}
		return io.EOF
	}
	// A writer may have finished the record between our two looks.
	r.window.forget()
	_, _, again, err := r.load()
	if err != nil || again == nil {
		return err
	}
	return &DamageError{File: r.file.Name(), Offset: r.offset, Want: f.want, Got: f.got}
}

// eof reports whether err is the end of a journal.
func eof(err error) bool { return errors.Is(err, io.EOF) }
