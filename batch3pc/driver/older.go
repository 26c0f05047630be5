//tezi:pure

package driver

import (
	"errors"
	"io"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Archive is a Log that gives back the committed batches in it. A participant whose Log has none can
// only help others with what its machine holds in memory.
type Archive interface {
	// OpenDecided begins at the beginning of the log.
	OpenDecided() (DecidedReader, error)
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
}

// olderRecordsMax is how many records a Round reads for others: what it costs must not be felt by
// those that vote.
const olderRecordsMax = 32

// older answers questions of coordinators from the log, a few records in each Round, one question at a
// time. A newer one takes its place: who does not get an answer asks again.
type older struct {
	machine olderMachine
	archive Archive
	reader  DecidedReader     // nil: nobody has asked yet, or the log did not have it
	last    batch3pc.Position // the last batch that was read
	asked   batch3pc.Message
	left    int    // batches to send; 0: there is no question
	cuts    uint64 // of the log when the reader was opened
}

// ask takes the questions of a Ready.
func (o *older) ask(questions []batch3pc.Message) {
	if len(questions) == 0 || o.archive == nil {
		return
	}
	o.asked, o.left = questions[len(questions)-1], batch3pc.FetchMax
	if at := (batch3pc.Position{Seq: o.asked.Seq, Chain: o.asked.Chain}); o.last != at && o.last.Seq >= at.Seq {
		o.rewind()
	}
}

// rewind begins anew with the next answer.
func (o *older) rewind() {
	if o.reader != nil {
		o.reader.Close() //nolint:errcheck // read only
	}
	o.reader, o.last = nil, batch3pc.Position{}
}

// answer reads some records and sends what was asked for. It reports whether it did anything. A log
// that is cut meanwhile may take what is being read away: then there is no answer.
func (o *older) answer(send func(*batch3pc.Message), k *keeper) (worked bool, err error) {
	if o.left == 0 {
		return false, nil
	}
	worked, err = o.read(send, k)
	if err != nil && (k.cutting || k.cuts != o.cuts) {
		o.rewind()
		o.left = 0
		return true, nil
	}
	return worked, err
}

func (o *older) read(send func(*batch3pc.Message), k *keeper) (worked bool, err error) {
	if o.reader == nil {
		o.cuts = k.cuts
		if o.reader, err = o.archive.OpenDecided(); err != nil {
			return false, err
		}
	}
	at := batch3pc.Position{Seq: o.asked.Seq, Chain: o.asked.Chain}
	for range olderRecordsMax {
		b, err := o.reader.Step()
		if errors.Is(err, io.EOF) {
			o.left = 0 // it is asked again if it still matters
			return true, nil
		}
		if err != nil {
			return true, err
		}
		if b == nil {
			continue
		}
		o.last = b.Position()
		if b.ParentPosition() != at && b.Parent <= at.Seq {
			continue
		}
		if b.ParentPosition() != at { // the position is not on what was decided here
			o.left = 0
			return true, nil
		}
		m := o.machine.Older(&o.asked, b)
		send(&m)
		at = b.Position()
		o.asked.Seq, o.asked.Chain = at.Seq, at.Chain
		if o.left--; o.left == 0 {
			break
		}
	}
	return true, nil
}

// close releases the log.
func (o *older) close() { o.rewind() }
