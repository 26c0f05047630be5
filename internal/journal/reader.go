package journal

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"slices"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/mutant"
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
	firsts []uint64 // first LSN of each segment, as last listed
	start  uint64   // first LSN of the segment that reading began in
	first  uint64   // of the segment that is open or comes next; 0 if there was none yet
	file   disk.File
	size   int64
	offset int64 // of the next record
	window window

	salvage    bool     // holes are reported and passed over
	hole       *Hole    // one that is not reported yet
	good       end      // of the last record or mark that was read in its place
	proven     mark     // everything up to here is known durable
	next       mark     // what will be proven next
	beforeHole end      // good, when the last hole was met
	after      Position // where to begin

	adopt    bool   // nothing was read yet, and the log goes on before the segment that is open
	lsn      uint64 // of the last record read, or of the one before the next
	chain    uint32 // CRC of the last record or mark read
	record   uint32 // CRC of the last record read
	promised uint64 // highest LSN that a record read says is durable
	zeroFrom int64  // the open segment is known to be zero from here on; -1 unknown
	follows  bool   // it is a Follower's
	live     bool   // it was at the end of the log, and has read since then what was written
	tail     Tail
}

// end is a place in a segment.
type end struct {
	first  uint64 // of the segment
	offset int64
}

// mark is an end, and the number of the last record before it.
type mark struct {
	end
	lsn uint64
}

// NewReader opens the journal in dir for reading, from its first record on.
func NewReader(dir string) (*Reader, error) { return NewReaderOn(disk.Real, dir, Position{}) }

// NewReaderOn opens the journal in dir of a file system for reading from the record behind after on,
// the zero value being the beginning of the log. It reads no segment that ends before it. If the log
// does not have the position, a *PositionError says so, here or when Next would pass it. What a crash has left of
// a repair is read as the next Open puts it in place.
func NewReaderOn(fs disk.FS, dir string, after Position) (*Reader, error) {
	return newReader(fs, &Reader{dir: dir, zeroFrom: -1, after: after})
}

func newReader(fs disk.FS, r *Reader) (*Reader, error) {
	var err error
	if r.fs, err = repaired(fs, r.dir); err != nil {
		return nil, err
	}
	if r.firsts, err = listSegments(r.fs, r.dir); err != nil {
		return nil, err
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	return r, nil
}

// Segments lists the segments of the journal in dir, oldest first, by the number of their first record.
func Segments(fs disk.FS, dir string) (firsts []uint64, err error) {
	if fs, err = repaired(fs, dir); err != nil {
		return nil, err
	}
	return listSegments(fs, dir)
}

// NewReaderIn opens the journal in dir for reading from the first record of a segment on, by its number.
// What the segment says of the log before it is believed. Little is read at a time, so that a look costs little.
// A *PositionError: the log begins behind it.
func NewReaderIn(fs disk.FS, dir string, segment uint64) (*Reader, error) {
	r, err := NewReaderOn(fs, dir, Position{LSN: segment})
	if err != nil {
		return nil, err
	}
	r.after, r.window.ahead = Position{}, followAhead
	return r, nil
}

// begin finds the segment to start in, if there are any yet. A log may begin with another record than
// the first, if a snapshot beside it holds what was before (invariant I8).
func (r *Reader) begin() error {
	if len(r.firsts) == 0 {
		return nil
	}
	first := r.firsts[0]
	if first != 1 {
		newest, err := newestSnapshot(r.fs, r.dir)
		if err != nil {
			return err
		}
		if newest < first {
			damage := &DamageError{File: segmentPath(r.dir, first), Want: "a first segment that starts with LSN 1, or a snapshot from there on", Got: fmt.Sprintf("LSN %d, and a newest snapshot of %d", first, newest)}
			if !r.salvage {
				return damage
			}
			r.hole = &Hole{Damage: damage}
		}
	}
	if r.after.LSN > 0 && r.after.LSN < first {
		return r.misfit(ErrBeforeLog, fmt.Sprint("a log from LSN ", r.after.LSN), fmt.Sprint("one from LSN ", first))
	}
	for _, f := range r.firsts[1:] {
		if f <= r.after.LSN {
			first = f
		}
	}
	r.start, r.first, r.adopt = first, first, first != 1
	return nil
}

func (r *Reader) misfit(why error, want, got string) error {
	return &PositionError{Dir: r.dir, At: r.after, Why: why, Want: want, Got: got}
}

// First is the number of the first record that the log has.
func (r *Reader) First() uint64 {
	if len(r.firsts) == 0 {
		return 1
	}
	return r.firsts[0]
}

// Position is the place behind the last record that Next returned.
func (r *Reader) Position() Position { return Position{r.lsn, r.record} }

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
				return Record{}, r.atEnd(err)
			}
		}
		h, body, f, err := r.load()
		if err != nil {
			return Record{}, err
		}
		if f != nil {
			if err := r.stop(f); err != nil {
				r.window.forget()
				return Record{}, r.atEnd(err)
			}
			continue
		}
		if h.kind != kindMark {
			if err := r.behindHole(h.lsn); err != nil {
				return Record{}, err
			}
		}
		r.offset += h.size()
		r.adopt, r.good = false, end{r.first, r.offset}
		r.lsn, r.chain, r.promised = h.lsn, h.crc, max(r.promised, h.synced)
		if r.next.lsn <= r.promised {
			r.proven, r.next = r.next, mark{r.good, r.lsn}
		}
		if h.kind == kindMark {
			continue
		}
		r.record = h.crc
		if h.lsn > r.after.LSN {
			return Record{LSN: h.lsn, Kind: h.kind, Body: body}, nil
		}
		if h.lsn == r.after.LSN && h.crc != r.after.Chain {
			return Record{}, r.misfit(ErrOtherLog, fmt.Sprintf("chain %08x", r.after.Chain), fmt.Sprintf("%08x", h.crc))
		}
	}
}

// atEnd makes a *PositionError of the end of a log that ends before the position to begin at, and a *DamageError
// if what is there is torn: somebody has relied on the position, so it was durable.
func (r *Reader) atEnd(err error) error {
	if eof(err) && r.hole != nil {
		if hole := r.behindHole(0); hole != nil {
			return hole
		}
	}
	if eof(err) && r.lsn < r.after.LSN && r.tail.Torn {
		return &DamageError{File: r.tail.File, Offset: r.tail.Offset, Want: fmt.Sprintf("record %d, on the way to record %d, which was durable", r.lsn+1, r.after.LSN),
			Got: fmt.Sprintf("%d bytes that are none", r.tail.Bytes)}
	}
	if eof(err) && r.lsn < r.after.LSN {
		return r.misfit(ErrBehindLog, fmt.Sprint("at least LSN ", r.after.LSN, " as the last record"), fmt.Sprint("LSN ", r.lsn))
	}
	return err
}

// openSegment opens the segment r.first, or returns io.EOF if there is none yet.
func (r *Reader) openSegment() error {
	if r.first == 0 {
		firsts, err := listSegments(r.fs, r.dir)
		if err != nil {
			return err
		}
		r.firsts = firsts
		if err := r.begin(); err != nil {
			return err
		}
		if r.first == 0 {
			return io.EOF
		}
	}
	f, err := r.fs.Open(segmentPath(r.dir, r.first))
	if errors.Is(err, iofs.ErrNotExist) {
		return r.overtaken(err)
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	r.file, r.offset, r.zeroFrom = f, 0, -1
	r.window.forget()
	if err := r.measure(); err != nil {
		return errors.Join(err, r.Close())
	}
	return nil
}

// overtaken tells why a segment that was to be opened is gone: the writer has truncated it since the segments were listed, or
// somebody else has removed it.
func (r *Reader) overtaken(gone error) error {
	firsts, err := listSegments(r.fs, r.dir)
	if err != nil {
		return err
	}
	if len(firsts) == 0 || firsts[0] <= r.first {
		return fmt.Errorf("journal: %w", gone)
	}
	if r.firsts = firsts; r.lsn > r.after.LSN {
		r.after = r.Position()
	}
	return r.misfit(ErrBeforeLog, fmt.Sprint("a log from LSN ", r.first), fmt.Sprint("one from LSN ", firsts[0]))
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

// load reads and checks what is at r.offset. A segment that has become shorter ends there: the next writer cuts what was torn.
func (r *Reader) load() (h header, body []byte, f *fault, err error) {
	if h, body, f, err = r.parse(); errors.Is(err, io.ErrUnexpectedEOF) {
		return header{}, nil, endFault, nil
	}
	return h, body, f, err
}

// parse is load for a segment that is still as long as it was.
func (r *Reader) parse() (h header, body []byte, f *fault, err error) {
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
	if crc := checksum(b); crc != h.crc && !mutant.Is(mutant.ChecksumUnchecked) {
		return header{}, nil, &fault{want: fmt.Sprintf("checksum %08x", h.crc), got: fmt.Sprintf("%08x", crc)}, nil
	}
	end := headerSize + int(h.length)
	body = b[headerSize:end:end] // who appends to it does not write over the record behind
	if r.offset == 0 && foreign(body) {
		return header{}, nil, nil, fmt.Errorf("%w: %s", ErrVersion, r.file.Name())
	}
	return h, body, r.place(&h, body), nil
}

// place checks that a record which is whole is also the next one of this log.
func (r *Reader) place(h *header, body []byte) *fault {
	if r.adopt { // what the mark says of the log before it, which is not read, is believed
		r.lsn, r.chain = r.first-1, h.prev
	}
	if h.prev != r.chain && !mutant.Is(mutant.ChainUnchecked) && !mutant.Is(mutant.OrderUnchecked) {
		return &fault{misplaced: true, want: fmt.Sprintf("a record that follows checksum %08x", r.chain), got: fmt.Sprintf("one that follows %08x", h.prev)}
	}
	want := r.lsn + 1
	if h.kind == kindMark {
		want = r.lsn
	}
	if h.lsn != want && !mutant.Is(mutant.OrderUnchecked) {
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
	last, size := r.last(), r.size
	firsts, err := listSegments(r.fs, r.dir)
	if err != nil {
		return err
	}
	r.firsts = firsts
	if err := r.measure(); err != nil {
		return err
	}
	if r.last() > last || r.size > size { // a writer is at work: look at this place again first
		r.zeroFrom = -1
		r.window.forget()
		return nil
	}
	if f.end && !r.adopt {
		zero, err := r.zeroToEnd()
		if err != nil {
			return err
		}
		later := r.later()
		if zero && len(later) == 0 {
			r.live = r.follows
			r.tail = Tail{File: r.file.Name(), Offset: r.offset}
			return io.EOF
		}
		if zero && later[0] == r.lsn+1 {
			r.first = later[0]
			return r.Close()
		}
		if zero && len(later) == len(r.firsts) { // the writer has truncated what we had not read yet
			r.after = r.Position()
			r.first, r.live = 0, false
			return errors.Join(r.Close(), r.begin())
		}
	}
	return r.judge()
}

// last is the first LSN of the last segment.
func (r *Reader) last() uint64 {
	if len(r.firsts) == 0 {
		return 0
	}
	return r.firsts[len(r.firsts)-1]
}

// later returns the segments behind the one that is open.
func (r *Reader) later() []uint64 {
	i, _ := slices.BinarySearch(r.firsts, r.first+1)
	return r.firsts[i:]
}

// judge tells a torn tail from damage (invariant I4), or nil: neither, go on.
func (r *Reader) judge() error {
	// A writer may have changed what was read ahead. Without this look a reader would search the whole segment each
	// time that it has caught up with what it had read, and might never come to the end of a log that grows meanwhile.
	r.window.forget()
	_, _, f, err := r.load()
	if err != nil || f == nil {
		return err
	}
	found, err := r.searchBehind()
	if err != nil {
		return err
	}
	if mutant.Is(mutant.TornIsDamage) {
		found.proof = found.proof || found.bytes > 0
	}
	if mutant.Is(mutant.DamageIsTorn) {
		f.misplaced, found.proof = false, false
	}
	if !f.misplaced && !found.proof && !r.adopt { // a snapshot has relied on a segment that is adopted
		r.tail = Tail{Torn: true, File: r.file.Name(), Offset: r.offset, Bytes: found.bytes, Records: found.records}
		return io.EOF
	}
	// A writer may have finished the record between our two looks.
	r.window.forget()
	_, _, again, err := r.load()
	if err != nil || again == nil {
		return err
	}
	damage := &DamageError{File: r.file.Name(), Offset: r.offset, Want: f.want, Got: f.got}
	if r.salvage || r.lsn < r.after.LSN {
		return r.skip(damage)
	}
	return damage
}

// eof reports whether err is the end of a journal.
func eof(err error) bool { return errors.Is(err, io.EOF) }
