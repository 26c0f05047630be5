package journal

import (
	"errors"
	"path/filepath"
	"time"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// spareName is the file that will be the next segment. It holds zeros, and nothing that anybody relies on: one that a
// process has left is removed by the next filler.
const spareName = "spare"

// spare makes the next segment while the owner writes to the one before: reserved, filled with zeros, and durable. What
// is written over zeros changes nothing that a file system keeps of the file, so its sync is one flush of the disk,
// where that of a segment which is only reserved waits for the file system's own journal as well.
//
//	owner ── wanted ──▶ filler's goroutine ── ready ──▶ owner, at its next roll
//
// A spare belongs to the filler until the owner takes it out of the channel, and there is one at a time: the filler stands
// at the channel until then.
type spare struct {
	wanted chan struct{}  // capacity 1; nil: the journal has no filler
	ready  chan disk.File // nobody waits to receive
	stop   chan struct{}  // closed when the journal is
	ended  chan struct{}  // closed when the goroutine has ended
	timer  *time.Timer    // of rest
}

const (
	fillPiece = 512 << 10 // bytes filled at a time: a sync that somebody waits for gets in between
	fillRest  = 4         // how many times as long as a piece took the filler rests: it has a fifth of the disk at the most
	wantedAt  = 16        // the part of a segment behind which the next one is wanted
)

// startFilling starts the filler's goroutine.
func (j *Journal) startFilling() {
	j.found = true
	j.spare = spare{make(chan struct{}, 1), make(chan disk.File), make(chan struct{}), make(chan struct{}), time.NewTimer(0)}
	go func() {
		defer close(j.spare.ended)
		_ = j.options.FS.Remove(filepath.Join(j.dir, spareName)) // there is rarely one; if it stays, none is made
		for {
			select {
			case <-j.spare.stop:
				return
			case <-j.spare.wanted:
			}
			f, err := j.makeSpare(j.spare.rest)
			if err != nil {
				continue // the owner makes the segment itself, and is told what is wrong if it still is
			}
			select {
			case j.spare.ready <- f:
			case <-j.spare.stop:
				j.dropSpare(f)
			}
		}
	}()
}

// rest waits between two pieces; false: the journal is being closed.
func (s *spare) rest(took time.Duration) bool {
	s.timer.Reset(fillRest * took)
	select {
	case <-s.stop:
		return false
	case <-s.timer.C:
		return true
	}
}

// want asks for the next segment, once in each, when the owner has begun to fill the present one.
func (j *Journal) want() {
	if j.spare.wanted != nil && !j.asked && j.offset >= j.options.SegmentSize/wantedAt {
		j.asked = true
		select {
		case j.spare.wanted <- struct{}{}:
		default: // the filler is still at work
		}
	}
}

// next returns the spare when the present segment is full, and nil if there is none. The segment that Open has found or
// made is only reserved, and is left as soon as there is one. Later ones are not left so: what remains of them would be
// lost, again and again, where a log is written faster than it can be filled.
func (j *Journal) next(full bool) disk.File {
	if !full && !(j.found && j.asked) { // asked: there are records in it, so the next one has another name
		return nil
	}
	select {
	case f := <-j.spare.ready:
		return f
	default:
		return nil
	}
}

// errStopped is why a spare was not finished.
var errStopped = errors.New("journal: closed")

// makeSpare makes and fills a spare. If that fails, or rest is false, nothing stays behind. It fails while the one before
// waits to be named: the next segment asks again.
func (j *Journal) makeSpare(rest func(took time.Duration) bool) (disk.File, error) {
	f, err := createReserved(j.options.FS, filepath.Join(j.dir, spareName), j.options.SegmentSize)
	if err != nil {
		return nil, err
	}
	for at := int64(0); at < j.options.SegmentSize && err == nil; at += fillPiece {
		begin := time.Now()
		if err = f.Fill(at, min(at+fillPiece, j.options.SegmentSize)); err == nil && !rest(time.Since(begin)) {
			err = errStopped
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		j.dropSpare(f)
		return nil, err
	}
	return f, nil
}

// nameSpare makes the spare the segment whose first record is first. The error is a *ReserveError: a full disk may have
// no room for a longer name. Any other error: the spare has the name, and is not used.
func (j *Journal) nameSpare(f disk.File, first uint64) (disk.File, error) {
	path := segmentPath(j.dir, first)
	if err := j.options.FS.Rename(f.Name(), path); err != nil {
		j.dropSpare(f)
		return nil, &ReserveError{Bytes: j.options.SegmentSize, Err: err}
	}
	_ = f.Close() // everything is durable, and the next handle knows the new name
	f, err := j.options.FS.OpenWrite(path)
	if err != nil {
		return nil, undone(j.options.FS, path, &ReserveError{Bytes: j.options.SegmentSize, Err: err})
	}
	return f, nil
}

func (j *Journal) dropSpare(f disk.File) {
	_ = f.Close()
	_ = j.options.FS.Remove(f.Name()) // it is in nobody's way
}

// stopFilling ends the goroutine, and what it has made.
func (j *Journal) stopFilling() {
	if j.spare.wanted != nil {
		close(j.spare.stop)
		<-j.spare.ended
	}
}
