package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/mutant"
)

// Journal is a log open for appending. One goroutine, the owner, calls Append, Flush, LSN and
// Close; one other, the syncer, may call Sync beside it. Synced and Syncs may be called by anyone.
type Journal struct {
	dir     string
	options Options
	lock    io.Closer
	tail    Tail // what Open found

	// The owner's. The segment's bytes are [0, offset) written, then buffer; offset+len(buffer)
	// plus a closing mark never exceeds limit.
	segment  disk.File
	first    uint64 // number of its first record
	limit    int64
	offset   int64
	buffer   []byte
	lsn      uint64 // of the last record appended
	record   uint32 // its CRC
	chain    uint32 // CRC of the last record or mark
	promised uint64 // highest LSN that a record or mark written so far calls durable
	closed   bool
	asked    bool // the next segment was asked for
	found    bool // the segment is the one that Open has found or made
	spare    spare

	// Handed from the owner to the syncer under mutex.
	mutex   sync.Mutex
	current disk.File   // the segment
	rolled  []disk.File // segments before it that are not synced yet; the syncer closes them
	renamed bool        // a segment was made and its name is not durable yet
	flushed uint64      // LSN up to which everything is in the hands of the operating system

	// The syncer's.
	syncing sync.Mutex // serialises Sync with Close
	pending []disk.File
	synced  atomic.Uint64
	syncs   atomic.Uint64

	broken atomic.Pointer[error] // the first failed write or sync; never reset
}

// Tail says how Open found the end of the log; if it was torn, Open has cut it off there.
func (j *Journal) Tail() Tail { return j.tail }

// LSN is the number of the last record appended, 0 if there is none.
func (j *Journal) LSN() uint64 { return j.lsn }

// Synced is the number of the last record that is durable.
func (j *Journal) Synced() uint64 { return j.synced.Load() }

// Syncs counts the calls of Sync that had something to make durable.
func (j *Journal) Syncs() uint64 { return j.syncs.Load() }

// Append adds a record whose body is the parts one after another, and returns its LSN. The bytes
// are copied; nothing reaches the operating system before Flush, unless the buffer (1 MiB) is full
// or the segment is. Only a record that starts a new segment can meet a full disk; then nothing
// was appended and the caller may try again (Full).
func (j *Journal) Append(kind uint8, parts ...[]byte) (lsn uint64, err error) {
	if kind == kindMark {
		return 0, ErrKind
	}
	if err := j.refusal(); err != nil {
		return 0, err
	}
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if n > j.options.RecordMax {
		return 0, fmt.Errorf("%w: %d bytes for %s, limit %d", ErrTooLarge, n, j.dir, j.options.RecordMax)
	}
	size := headerSize + padded(int64(n))
	full := j.offset+int64(len(j.buffer))+size+headerSize > j.limit
	if next := j.next(full); full || next != nil {
		if err := j.roll(next); err != nil {
			return 0, err
		}
	}
	if len(j.buffer) >= flushSize {
		if err := j.Flush(); err != nil {
			return 0, err
		}
	}
	j.lsn++
	j.put(kind, n, parts...)
	j.record = j.chain
	return j.lsn, nil
}

// put encodes a record or mark with the number j.lsn behind the buffer, which has room for it.
func (j *Journal) put(kind uint8, n int, parts ...[]byte) {
	start := len(j.buffer)
	h := header{length: uint32(n), lsn: j.lsn, kind: kind, prev: j.chain, synced: j.synced.Load()}
	if mutant.Is(mutant.PromiseAhead) && kind != kindMark {
		h.synced = j.lsn - 1
	}
	j.buffer = j.buffer[:start+headerSize]
	h.put(j.buffer[start:])
	for _, p := range parts {
		j.buffer = append(j.buffer, p...)
	}
	for len(j.buffer)%8 != 0 {
		j.buffer = append(j.buffer, 0)
	}
	j.chain = seal(j.buffer[start:])
	j.promised = h.synced
}

// Flush hands what is buffered to the operating system. It survives the death of the process from
// then on, but not a power cut.
func (j *Journal) Flush() error {
	if err := j.refusal(); err != nil {
		return err
	}
	if len(j.buffer) == 0 {
		return nil
	}
	if _, err := j.segment.WriteAt(j.whole(), j.offset); err != nil {
		return j.fail("write", j.segment.Name(), err)
	}
	j.offset += int64(len(j.buffer))
	j.buffer = j.buffer[:0]
	j.mutex.Lock()
	j.flushed = j.lsn
	j.mutex.Unlock()
	j.want()
	return nil
}

// whole is the buffer, with zeros behind it to the end of a page where segments are filled: there a page that is written
// as a whole need not be read from the disk first, and zeros are what is there (I3).
func (j *Journal) whole() []byte {
	if !j.options.Ahead {
		return j.buffer
	}
	n := len(j.buffer)
	end := min((j.offset+int64(n)+pageSize-1)&^(pageSize-1), j.limit)
	b := j.buffer[:end-j.offset]
	clear(b[n:])
	return b
}

// roll leaves the segment to the syncer and begins the next one: the spare, or if that is nil one that is made now.
func (j *Journal) roll(spare disk.File) error {
	if err := j.Flush(); err != nil {
		if spare != nil {
			j.dropSpare(spare)
		}
		return err
	}
	f, err := j.nextSegment(spare, j.lsn+1)
	if err != nil {
		return err
	}
	j.mutex.Lock()
	j.rolled = append(j.rolled, j.segment)
	j.current, j.renamed = f, true
	j.mutex.Unlock()
	j.begin(f, j.options.SegmentSize)
	j.found = false
	return nil
}

// nextSegment makes the segment whose first record is first, or names the spare so. An empty segment that is not used and
// cannot be removed ends the journal: a record that still fits into the present one would get the number that the name has.
func (j *Journal) nextSegment(spare disk.File, first uint64) (f disk.File, err error) {
	if spare != nil {
		f, err = j.nameSpare(spare, first)
	} else {
		f, err = createSegment(j.options.FS, j.dir, first, j.options.SegmentSize)
	}
	if err != nil && !errors.As(err, new(*ReserveError)) {
		return nil, j.fail("unlink", segmentPath(j.dir, first), err)
	}
	return f, err
}

// begin makes f, which is empty, the segment that records go to.
func (j *Journal) begin(f disk.File, limit int64) {
	j.segment, j.first, j.limit, j.offset, j.asked = f, j.lsn+1, limit, 0, false
	j.put(kindMark, len(openingBody), []byte(openingBody))
}

// refusal is the error of a journal that takes nothing any more.
func (j *Journal) refusal() error {
	if j.closed {
		return fmt.Errorf("%w: %s", ErrClosed, j.dir)
	}
	if cause := j.broken.Load(); cause != nil {
		return fmt.Errorf("%w: %w", ErrFailed, *cause)
	}
	return nil
}

// fail makes err stick. After a failed sync the kernel may have dropped the pages and called them
// clean, so a second try would succeed and lie; after a failed write nobody knows what is there.
func (j *Journal) fail(op, path string, err error) error {
	if inner := new(fs.PathError); errors.As(err, &inner) {
		err = inner.Err
	}
	err = fmt.Errorf("journal: %w", &fs.PathError{Op: op, Path: path, Err: err})
	j.broken.CompareAndSwap(nil, &err)
	return err
}

// Close makes everything durable, says so in a closing mark and releases the directory. A journal
// that has failed is only released. A Sync that runs is waited for; later ones fail.
func (j *Journal) Close() error {
	if j.closed {
		return nil
	}
	j.stopFilling()
	j.syncing.Lock()
	defer j.syncing.Unlock()
	var err error
	if j.broken.Load() == nil {
		err = j.settle()
	}
	j.closed = true
	for _, f := range append(j.rolled, j.segment) {
		err = errors.Join(err, f.Close())
	}
	return errors.Join(err, j.lock.Close())
}

// settle syncs, and if no record says so yet, a closing mark does (invariant I5).
func (j *Journal) settle() error {
	for {
		if err := j.Flush(); err != nil {
			return err
		}
		if err := j.sync(); err != nil {
			return err
		}
		if j.promised == j.lsn {
			return nil
		}
		j.put(kindMark, 0)
	}
}
