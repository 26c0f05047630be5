package verify

import (
	"bytes"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// checkpointsBefore compares the checkpoints of r that lie before batch next with the state that the batches
// up to them give (V10). A role whose beginning is nowhere begins with its first checkpoint: what follows
// rests on that.
func (v *verifier) checkpointsBefore(r *role, next batch3pc.Seq) error {
	for s := r.stream; len(s.checkpoints) > 0 && s.checkpoints[0].At.Seq < next; s.checkpoints = s.checkpoints[1:] {
		if err := v.checkpoint(r, &s.checkpoints[0]); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) checkpoint(r *role, c *batch3pc.Image) error {
	name := r.result.Role
	if c.At.Seq == v.last.Seq && c.At.Chain != v.last.Chain {
		return violation("V10", "%s has a checkpoint of batch %d with chain %016x, it was committed with %016x", name, c.At.Seq, uint64(c.At.Chain), uint64(v.last.Chain))
	}
	if !r.live {
		if err := r.fresh.Restore(c.State); err != nil {
			return violation("V10", "%s: the checkpoint of batch %d that its log begins with: %v", name, c.At.Seq, err)
		}
		r.live, r.result.RestsOn = true, uint64(c.At.Seq)
		return nil
	}
	v.state = r.fresh.AppendSnapshot(v.state[:0])
	if !bytes.Equal(v.state, c.State) {
		return violation("V10", "%s has a checkpoint of batch %d that is not what the batches up to it give", name, c.At.Seq)
	}
	r.result.Checkpoints++
	return nil
}
