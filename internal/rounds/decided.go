package rounds

import (
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/mutant"
)

// Decided reads the committed batches of a participant from its log, in order. Batches that were
// voted for are held back until a record says that they are committed, or dropped. In a log that had
// holes, batches behind a hole are passed over until those that they follow were fetched again.
type Decided struct {
	reader *journal.Reader
	held   []*batch3pc.Batch // voted, not known to be committed
	spare  []*batch3pc.Batch
	commit batch3pc.Seq
	hole   bool
	last   batch3pc.Position // of the batch given out before, or that the first one follows
	begun  batch3pc.Position // last, where that one is not here: the log was cut behind it; zero otherwise
	pieces func(*batch3pc.Record)
}

// NewDecided begins at the beginning of the log in dir. It takes no lock and reads beside a writer.
func NewDecided(dir string) (*Decided, error) { return newDecided(disk.Real, dir) }

func newDecided(files disk.FS, dir string) (*Decided, error) {
	r, err := journal.NewReaderOn(files, dir, journal.Position{})
	if err != nil {
		return nil, err
	}
	return &Decided{reader: r}, nil
}

// newDecidedNear begins in the newest segment of the log in dir from which on everything is found that was
// decided behind batch at: a log of days is not read to help with its last second. What a crash has torn there
// may be missing, and is found from the beginning.
func newDecidedNear(files disk.FS, dir string, at batch3pc.Seq) (*Decided, error) {
	segments, err := journal.Segments(files, dir)
	if err != nil {
		return nil, err
	}
	i := 0
	if len(segments) > 1 {
		i = sort.Search(len(segments)-1, func(i int) bool { return !holdsAll(files, dir, segments[i+1], at) })
	}
	if i == 0 {
		return newDecided(files, dir)
	}
	r, err := journal.NewReaderIn(files, dir, segments[i])
	if err != nil {
		return nil, err
	}
	return &Decided{reader: r}, nil
}

// nearRecordsMax is how many records of a segment are looked at to find out where in the stream it begins.
const nearRecordsMax = 16

// holdsAll reports whether all batches behind at that are in the log are in this segment or behind it: when its
// first batch was written, nothing behind the parent of that was in the log, and a checkpoint repeats what is.
func holdsAll(files disk.FS, dir string, segment uint64, at batch3pc.Seq) bool {
	r, err := journal.NewReaderIn(files, dir, segment)
	if err != nil {
		return false
	}
	defer r.Close() //nolint:errcheck // read only
	for range nearRecordsMax {
		rec, err := r.Next()
		if err != nil || rec.Kind == codec.RecordHole {
			return false
		}
		var record batch3pc.Record
		var b batch3pc.Batch
		if codec.DecodeRecord(rec.Kind, rec.Body, &record, &b) != nil {
			return false
		}
		switch record.Kind {
		case batch3pc.RecordBatch, batch3pc.RecordFill:
			return b.Parent <= at
		case batch3pc.RecordSnapshot:
			return record.Seq <= at
		}
	}
	return false
}

// OnSnapshot has fn called with each piece of a snapshot in the log, when all batches before it that are
// committed were given out. A piece is valid during the call.
func (d *Decided) OnSnapshot(fn func(*batch3pc.Record)) { d.pieces = fn }

// Next returns the next committed batch, valid until the following call, or io.EOF. At the end of a log
// that is being written, a later call may find more.
func (d *Decided) Next() (*batch3pc.Batch, error) {
	for {
		b, err := d.Step()
		if b != nil || err != nil {
			return b, err
		}
	}
}

// Step is Next for one record: nil if it completes no batch.
func (d *Decided) Step() (*batch3pc.Batch, error) {
	if len(d.held) == 0 || d.held[0].Seq > d.commit {
		if err := d.read(); err != nil {
			return nil, err
		}
	}
	if len(d.held) == 0 || d.held[0].Seq > d.commit && !mutant.Is(mutant.UndecidedGivenOut) {
		return nil, nil
	}
	b := d.held[0]
	d.held = append(d.held[:0], d.held[1:]...)
	d.spare = append(d.spare, b) // used again by a later read, not before the next call
	d.last = b.Position()
	return b, nil
}

// FirstRecord is the number of the first record that the log has; more than 1 if it was truncated, and
// then what is read has no beginning.
func (d *Decided) FirstRecord() uint64 { return d.reader.First() }

// Held are the batches that are voted for and undecided where reading stands, in order; they are the
// Decided's.
func (d *Decided) Held() []*batch3pc.Batch { return d.held }

// Last is the position of the batch that Next has given out last, or of a state that the log has taken over since.
func (d *Decided) Last() batch3pc.Position { return d.last }

// Close releases the file that is open.
func (d *Decided) Close() error { return d.reader.Close() }

func (d *Decided) read() error {
	rec, err := d.reader.Next()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err != nil {
		return err
	}
	if rec.Kind == codec.RecordHole {
		d.hole = true
		return nil
	}
	var r batch3pc.Record
	var b batch3pc.Batch
	if err := codec.DecodeRecord(rec.Kind, rec.Body, &r, &b); err != nil {
		return fmt.Errorf("record %d: %w", rec.LSN, err)
	}
	if d.hole && d.missing(&r, &b) {
		return nil
	}
	switch r.Kind {
	case batch3pc.RecordBatch:
		d.hold(&b)
	case batch3pc.RecordFill:
		if d.has(b.Position()) && b.Position() != d.begun {
			return nil // a checkpoint repeats what is in doubt, and may have been torn in the middle of it
		}
		d.drop(b.Parent)
		d.hold(&b)
	case batch3pc.RecordStart:
		d.drop(r.Seq)
	case batch3pc.RecordCommit:
		d.commit = max(d.commit, r.Seq)
	case batch3pc.RecordSnapshot:
		if d.pieces != nil {
			d.pieces(&r)
		}
		if r.Seq > d.commit && r.Offset+uint64(len(r.Chunk)) == r.Total {
			// The state of another participant: what was in doubt here has lost.
			d.drop(0)
			d.commit, d.last = r.Seq, batch3pc.Position{Seq: r.Seq, Chain: r.Chain}
		}
	}
	return nil
}

// missing reports whether a record behind a hole is about batches that are not here, and is passed
// over. It follows batch3pc.Participant, which reads such a log in the same way.
func (d *Decided) missing(r *batch3pc.Record, b *batch3pc.Batch) bool {
	at := batch3pc.Position{Seq: r.Seq, Chain: r.Chain}
	switch r.Kind {
	case batch3pc.RecordBatch:
		return b.ParentPosition() != d.tail()
	case batch3pc.RecordFill:
		return !d.has(b.ParentPosition())
	case batch3pc.RecordCommit:
		return !d.has(at)
	case batch3pc.RecordStart, batch3pc.RecordPreCommit:
		if !d.has(at) { // what is undecided may lie on a branch that was dropped in the hole
			d.drop(d.commit)
			return true
		}
	case batch3pc.RecordSnapshot:
		if r.Seq == d.commit && r.Offset+uint64(len(r.Chunk)) == r.Total { // a checkpoint, followed by what is in doubt
			d.drop(d.commit)
		}
	}
	return false
}

// tail is the last batch that is here.
func (d *Decided) tail() batch3pc.Position {
	if n := len(d.held); n > 0 {
		return d.held[n-1].Position()
	}
	return d.last
}

// has reports whether the batch at a position is here, or was the last one given out.
func (d *Decided) has(at batch3pc.Position) bool {
	for _, b := range d.held {
		if b.Position() == at {
			return true
		}
	}
	return d.last == at
}

// hold keeps a copy of b: the record's bytes are gone with the next read.
func (d *Decided) hold(b *batch3pc.Batch) {
	if len(d.held) == 0 && d.last == (batch3pc.Position{}) {
		d.last = b.ParentPosition() // reading has begun here
		d.begun = d.last
	}
	if b.Position() == d.begun { // a checkpoint repeats it
		d.begun = batch3pc.Position{}
	}
	c := &batch3pc.Batch{}
	if n := len(d.spare); n > 1 { // the newest spare may still be in the caller's hands
		c, d.spare = d.spare[0], append(d.spare[:0], d.spare[1:]...)
	}
	payload := append(c.Payload[:0], b.Payload...)
	*c = *b
	c.Payload = payload
	d.held = append(d.held, c)
}

// drop forgets the batches above base.
func (d *Decided) drop(base batch3pc.Seq) {
	for n := len(d.held); n > 0 && d.held[n-1].Seq > base; n-- {
		d.spare = append(d.spare, d.held[n-1])
		d.held = d.held[:n-1]
	}
}
