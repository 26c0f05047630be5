package rounds

import (
	"errors"
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/mutant"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Repairer is a Machine that can go on from a log with holes: it promises nothing before it has back
// what was in them.
type Repairer interface {
	Recover(*batch3pc.Record) error
	RecoverHole()
	RecoverDone() error
}

// openParticipantDisk is openDisk for a participant, which replays what lies behind the position after. A log
// that is damaged in its middle is made whole again, with a record where each hole was, and the machine is told
// of them: it fetches the batches from the others. holes are those found now, under the numbers that records had
// before; a torn tail is not among them. The error is a *batch3pc.RecoverError if what is behind the holes does
// not prove what was promised, and a *journal.DamageError if the beginning of the log is gone: such a log is as
// good as none.
func (f Files) openParticipantDisk(dir string, after journal.Position, owner *ringbuf.Bell, machine Repairer) (d *Disk, holes []*journal.Hole, err error) {
	options := f.options(after)
	replay, done := Replay(machine), after.LSN
	each := func(kind uint8, body []byte) error {
		if kind == codec.RecordHole {
			if !mutant.Is(mutant.HoleUnsaid) {
				machine.RecoverHole()
			}
			return nil
		}
		return replay(kind, body)
	}
	d, err = f.openDisk(dir, after, owner, &done, each)
	if errors.As(err, new(*journal.DamageError)) {
		if holes, err = journal.Repair(dir, options, codec.RecordHole); err != nil {
			return nil, nil, err
		}
		d, err = f.openDisk(dir, after, owner, &done, each) // what is in front of the first hole has not changed
	}
	if err != nil {
		return nil, holes, err
	}
	if err := machine.RecoverDone(); err != nil {
		return nil, holes, errors.Join(fmt.Errorf("%s: %w", dir, err), d.Close())
	}
	return d, holes, nil
}

// openDisk opens a log and calls replay with the records behind the first *done, which it counts.
func (f Files) openDisk(dir string, after journal.Position, owner *ringbuf.Bell, done *uint64, replay func(kind uint8, body []byte) error) (*Disk, error) {
	j, err := journal.Open(dir, f.options(after), func(r journal.Record) error {
		if r.LSN <= *done {
			return nil
		}
		*done = r.LSN
		if err := replay(r.Kind, r.Body); err != nil {
			return fmt.Errorf("%s: record %d: %w", dir, r.LSN, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &Disk{dir: dir, files: f, journal: j, owner: owner, bell: ringbuf.NewBell(ringbuf.WaitPark)}, nil
}
