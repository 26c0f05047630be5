//tezi:pure

package rounds

import (
	"errors"
	"io"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Archive is a Log that gives back the committed batches in it. A participant whose Log has none can
// only help others with what its machine holds in memory.
type Archive interface {
	// OpenDecided begins at a place from which on the batches are found that were decided behind this one; 0 is
	// the beginning of the log.
	OpenDecided(behind batch3pc.Seq) (DecidedReader, error)
	// Passed says that the log, which is flushed, ends with this batch; where that is, is easily found later.
	Passed(at batch3pc.Seq)
}

// DecidedReader reads committed batches in order: a *Decided, or one of a simulated log.
type DecidedReader interface {
	// Step reads one record and returns the batch that it completes, valid until the next call, or nil.
	// io.EOF: there is no more now.
	Step() (*batch3pc.Batch, error)
	Close() error
}

// olderMachine is a Machine that passes questions for batches on that only the log holds.
type olderMachine interface {
	Older(*batch3pc.Message, *batch3pc.Batch) batch3pc.Message
	Truncated(at batch3pc.Seq)
}

// olderRecordsMax is how many records a Round reads for others: what it costs must not be felt by
// those that vote.
const olderRecordsMax = 32

// olderAheadMax is by how many numbers a question may be ahead of what was read last, and reading goes on
// from there: another helper was asked for what lies between. Otherwise the place is looked for anew.
const olderAheadMax = 64 * batch3pc.FetchMax

// older answers questions of coordinators from the log, a few records in each Round, one question at a
// time. A newer one takes its place: who does not get an answer asks again.
type older struct {
	machine    olderMachine
	archive    Archive
	reader     DecidedReader     // nil: nobody has asked yet, or the log did not have it
	last       batch3pc.Position // the last batch that was read
	asked      batch3pc.Message
	left       int    // batches to send; 0: there is no question
	cuts       uint64 // of the log when the reader was opened
	whole      bool   // the question is answered from the beginning of the log
	unreadable func(error)
}

// ask takes the questions of a Ready.
func (o *older) ask(questions []batch3pc.Message) {
	if len(questions) == 0 || o.archive == nil {
		return
	}
	o.asked, o.left, o.whole = questions[len(questions)-1], batch3pc.FetchMax, false
	at := o.at()
	if o.last != at && (o.last.Seq >= at.Seq || at.Seq-o.last.Seq > olderAheadMax) {
		o.rewind()
	}
}

// passed notes where the log stands.
func (o *older) passed(at batch3pc.Seq) {
	if o.archive != nil {
		o.archive.Passed(at)
	}
}

// at is the position behind which the question wants to know more.
func (o *older) at() batch3pc.Position {
	return batch3pc.Position{Seq: o.asked.Seq, Chain: o.asked.Chain}
}

// rewind looks for the place anew with the next answer.
func (o *older) rewind() {
	if o.reader != nil {
		o.reader.Close() //nolint:errcheck // read only
	}
	o.reader, o.last = nil, batch3pc.Position{}
}

// answer reads some records and sends what was asked for. It reports whether it did anything. A log
// that is cut meanwhile may take what is being read away: then there is no answer. One that cannot be read
// says nothing against this node, which promised nothing but what it holds in memory; only, it cannot help
// any more with what is in the log by now.
func (o *older) answer(send func(*batch3pc.Message), k *keeper, applied func() batch3pc.Seq) (worked bool) {
	if o.left == 0 {
		return false
	}
	if err := o.read(send, k); err != nil {
		o.rewind()
		o.left = 0
		if !k.cutting && k.cuts == o.cuts {
			o.machine.Truncated(applied())
			if o.unreadable != nil {
				o.unreadable(err)
			}
		}
	}
	return true
}

func (o *older) read(send func(*batch3pc.Message), k *keeper) (err error) {
	at := o.at()
	if o.reader == nil {
		o.cuts = k.cuts
		behind := at.Seq
		if o.whole {
			behind = 0
		}
		if o.reader, err = o.archive.OpenDecided(behind); err != nil {
			return err
		}
	}
	for range olderRecordsMax {
		b, err := o.reader.Step()
		if errors.Is(err, io.EOF) {
			o.left = 0 // it is asked again if it still matters
			return nil
		}
		if err != nil {
			return err
		}
		if b == nil {
			continue
		}
		o.last = b.Position()
		if b.ParentPosition() != at && b.Parent <= at.Seq {
			continue
		}
		if b.ParentPosition() != at {
			o.missed()
			return nil
		}
		m := o.machine.Older(&o.asked, b)
		send(&m)
		at = b.Position()
		o.asked.Seq, o.asked.Chain = at.Seq, at.Chain
		if o.left--; o.left == 0 {
			break
		}
	}
	return nil
}

// missed deals with a position that reading has passed by: what follows it was torn where reading had begun,
// or it is not on what was decided here.
func (o *older) missed() {
	o.rewind()
	if o.whole {
		o.left = 0
	}
	o.whole = true
}

// close releases the log.
func (o *older) close() { o.rewind() }
