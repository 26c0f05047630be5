//tezi:pure

package rounds

import (
	"errors"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/mutant"
)

// ErrLater is the answer of a Cutter that has something to do before it can cut, and does it beside
// the owner's loop.
var ErrLater = errors.New("rounds: the log is not cut yet")

// ErrKept is the answer of a Cutter that will read from the mark on after a start, and keeps what lies
// before all the same.
var ErrKept = errors.New("rounds: the log keeps its beginning")

// Cutter is a Log whose beginning can go.
type Cutter interface {
	Log
	Mark() Mark // the place behind the last record appended
	// Cut says that nothing before the mark is needed any more: the records behind it, which are
	// durable, stand for all of it. After ErrLater it is called again, with the same mark, until it
	// answers otherwise. After ErrKept nothing is gone. Any other error ends the node, as one of the log does.
	Cut(Mark) error
}

// Mark is a place in a log: behind a record, and behind no other log's record of the same number.
type Mark struct {
	LSN   uint64
	Chain uint32
}

// checkpointer is a Machine that can say all that it knows in a few records: batch3pc.Participant, if
// its App is a batch3pc.Snapshotter.
type checkpointer interface {
	Checkpoint() (batch3pc.Ready, error)
	Truncated(at batch3pc.Seq)
}

// keeper keeps the log of a participant short: it lets the machine write a checkpoint after every so
// many batches, and cuts the log in front of it when the checkpoint is durable and nobody in the group
// needs what lies before it. One checkpoint waits at a time.
type keeper struct {
	machine checkpointer
	log     Cutter
	every   uint64 // batches; 0: never
	phase   uint64

	batches uint64       // applied at the last checkpoint
	at      Mark         // where it begins
	seq     batch3pc.Seq // applied at it; 0: none waits
	end     uint64       // LSN of its last record
	cutting bool         // the Cutter is at it
	cuts    uint64
}

func newKeeper(machine Machine, log Log, every, phase uint64) keeper {
	k := keeper{every: every, phase: phase, batches: machine.Status().AppliedBatches}
	var canCheckpoint, canCut bool
	k.machine, canCheckpoint = machine.(checkpointer)
	k.log, canCut = log.(Cutter)
	if !canCheckpoint || !canCut {
		k.every = 0
	}
	return k
}

// keep is called in every round.
func (p *Participant) keep() error {
	k := &p.keeper
	if k.every == 0 {
		return nil
	}
	if k.seq != 0 {
		return p.cut()
	}
	now := p.machine.Status()
	if (now.AppliedBatches+k.phase)/k.every == (k.batches+k.phase)/k.every {
		return nil
	}
	mark := k.log.Mark()
	ready, err := k.machine.Checkpoint()
	switch err {
	case nil:
	case batch3pc.ErrRepairing:
		return nil // later
	default:
		k.every = 0 // the App has no snapshots
		return nil
	}
	if err := p.do(ready); err != nil {
		return err
	}
	k.batches, k.at, k.seq, k.end = now.AppliedBatches, mark, now.Applied, p.log.LSN()
	return nil
}

func (p *Participant) cut() error {
	k := &p.keeper
	if p.machine.Status().Truncate < k.seq && !mutant.Is(mutant.CutAboveWatermark) {
		return nil
	}
	synced, err := p.log.Synced()
	if err != nil || synced < k.end && !mutant.Is(mutant.CutBeforeDurable) {
		return err
	}
	switch err := k.log.Cut(k.at); err {
	case nil:
		k.machine.Truncated(k.seq)
		k.cuts++
	case ErrKept:
	case ErrLater:
		k.cutting = true
		return nil
	default:
		return err
	}
	k.seq, k.cutting = 0, false
	return nil
}
