package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// Follower reads a log that another process on the same machine is writing, record by record as they
// are flushed, and can take the log over when that process is gone. One goroutine uses it.
//
// What it promises. A record that Next has returned was flushed, and stays: every later reader of the
// log and its next writer find it, whatever happens to the process that wrote it, as long as the machine
// stays up. A power cut takes the machine and the follower too; of what Next had returned, then, what
// Synced covers is there, and the rest may be or not. So a follower may act on a record inside the
// machine at once, and must not tell another machine of one above Synced before it has made it durable
// itself, which Open does.
//
// When it first comes to the end of the log it looks at the rest of the segment, a piece at each poll. From some place on that
// is zeros. Once the follower has read up to there, every record behind it was written after the look, in order, so behind the
// last one there is nothing: Open need not look again. A segment that was filled lies on the disk and not in memory, and to
// read the rest of it is most of what a takeover took (Settled).
type Follower struct {
	fs     disk.FS
	dir    string
	reader *Reader
	head   [headerSize]byte
	stuck  int   // polls since something that is no record was first seen where the reader stands
	at     int64 // where that is
	polls  int   // that found nothing
	looked struct {
		first    uint64 // segment
		to       int64  // up to here
		zeroFrom int64  // everything from here to there was zero
	}
}

// followAhead is how much a follower reads at a time: it is mostly at the end, where there is little.
const followAhead = 64 << 10

// stuckMax is how many polls a follower looks at a record that is not whole before it asks what that
// means, which may read the rest of the segment: a writer needs microseconds to finish a record, and
// one that died is told from one that writes by its lock. It also is how many polls that find nothing
// go by before a follower asks whether it was overtaken by a truncation.
const stuckMax = 1000

// lookPiece is how much of the rest of a segment is looked at in one poll: a fraction of a millisecond from memory.
const lookPiece = 256 << 10

// Follow begins to read the log in dir behind a position; the zero value is the beginning. The log
// need not be there yet, but its directory must. A log that does not have the position is a
// *PositionError, here or from Next.
func Follow(files disk.FS, dir string, after Position) (*Follower, error) {
	r, err := NewReaderOn(files, dir, after)
	if err != nil {
		return nil, err
	}
	r.window.ahead, r.follows = followAhead, true
	return &Follower{fs: files, dir: dir, reader: r}, nil
}

// Next returns the next record, whose Body is valid until the next call, or io.EOF if none is flushed.
// A poll that finds nothing costs two system calls. Damage is a *DamageError; a log that was truncated
// faster than it was followed is a *PositionError.
func (f *Follower) Next() (Record, error) {
	quiet, err := f.quiet()
	if err != nil {
		return Record{}, err
	}
	if quiet {
		return Record{}, io.EOF
	}
	f.stuck = 0
	return f.reader.Next()
}

// quiet reports whether there is nothing to read, without the work that Reader does to be sure what
// the end of a log means.
func (f *Follower) quiet() (bool, error) {
	r := f.reader
	if r.file == nil || r.offset == 0 {
		return false, nil // begin
	}
	if r.window.holds(r.offset) {
		_, _, fault, err := r.load()
		if err != nil || fault == nil {
			return false, err // go on with what was read ahead
		}
		// What was read ahead may end in the middle of a write. Reader would take the whole rest of the segment to find
		// out what that means.
	}
	r.window.forget()
	if r.size-r.offset < headerSize { // it may have grown
		if err := r.measure(); err != nil {
			return false, err
		}
	}
	if r.size-r.offset >= headerSize {
		if _, err := r.file.ReadAt(f.head[:], r.offset); err == io.EOF { // the next writer cuts what was torn
			return true, r.measure()
		} else if err != nil {
			return false, fmt.Errorf("journal: %w", err)
		}
		if !isZero(f.head[:]) {
			return f.half()
		}
	}
	if r.lsn+1 == r.first { // the segment is empty, so it is the last
		return true, f.look()
	}
	next, err := f.fs.Open(segmentPath(f.dir, r.lsn+1))
	if errors.Is(err, fs.ErrNotExist) {
		if err := f.look(); err != nil {
			return false, err
		}
		return f.still()
	}
	if err != nil {
		return false, fmt.Errorf("journal: %w", err)
	}
	return false, next.Close()
}

// look looks at the next piece of the rest of the last segment, until all of it was found to be zeros but for what the
// writer has written meanwhile, and the follower has read.
func (f *Follower) look() error {
	r, l := f.reader, &f.looked
	if r.live {
		return nil
	}
	if l.first != r.first {
		l.first, l.to, l.zeroFrom = r.first, r.offset, r.offset
	}
	if n := min(lookPiece, r.size-l.to); n > 0 {
		defer r.window.forget()
		b, err := r.window.bytes(r.file, l.to, n, r.size)
		if errors.Is(err, io.ErrUnexpectedEOF) { // likewise
			return r.measure()
		}
		if err != nil {
			return err
		}
		if !isZero(b) {
			l.zeroFrom = l.to + withoutZeros(b)
		}
		l.to += n
	}
	r.live = l.to >= r.size && r.offset >= l.zeroFrom
	return nil
}

// Settled reports whether the follower has been at the end of the log and knows that nothing is behind it: Open will read no
// more than what was written since.
func (f *Follower) Settled() bool { return f.reader.live }

// still reports whether the segment that was read to its end is there; the writer may have truncated
// it, and the next one too.
func (f *Follower) still() (bool, error) {
	if f.polls++; f.polls%stuckMax != 0 {
		return true, nil
	}
	firsts, err := listSegments(f.fs, f.dir)
	return err == nil && len(firsts) > 0 && firsts[0] <= f.reader.first, err
}

// half reports whether what is at the reader's offset is a record that is just being written.
func (f *Follower) half() (bool, error) {
	r := f.reader
	if err := r.measure(); err != nil { // a segment may have grown since it was opened
		return false, err
	}
	_, _, fault, err := r.load()
	if err != nil || fault == nil {
		return false, err
	}
	r.window.forget()
	if f.at != r.offset {
		f.at, f.stuck = r.offset, 0
	}
	f.stuck++
	return f.stuck%stuckMax != 0, nil
}

// Position is the place behind the last record that Next returned.
func (f *Follower) Position() Position { return f.reader.Position() }

// Synced is the number of the last record that is known to be durable, as the records read so far tell
// it: one that is flushed says what was synced before. It lags behind the writer's own knowledge by a
// record, so in a log that rests it may stay below the last one.
func (f *Follower) Synced() uint64 { return min(f.reader.promised, f.reader.lsn) }

// Open takes the log over: it goes on as a Journal, and the records that were flushed and that Next has
// not returned go to replay (unless nil) as in Open; nothing is read twice. Everything is durable when
// it returns. ErrInUse means that the writer is alive, and changes nothing. With any other result the
// Follower is closed. Of the options, FS and After are the follower's.
func (f *Follower) Open(o Options, replay func(Record) error) (*Journal, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	o.FS, o.After = f.fs, f.reader.after
	j, err := lockLog(f.dir, o)
	if err != nil {
		return nil, err
	}
	f.reader.window.forget()
	return j.opened(j.recover(f.reader, replay))
}

// Close releases the file that is open.
func (f *Follower) Close() error { return f.reader.Close() }
