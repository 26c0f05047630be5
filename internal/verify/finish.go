package verify

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/participant"
)

// finish checks what can only be said at the end of the logs.
func (v *verifier) finish() (*Result, error) {
	res := &Result{Batches: v.count, Trades: v.trades, FirstTrade: v.first, FromTape: v.fromTape, Chain: participant.Hex(v.last.Chain), Complete: true}
	v.members.catchUp(v.last.Seq + 1)
	for _, r := range v.roles {
		if err := errors.Join(v.checkpointsBefore(r, math.MaxUint64), v.compareState(r)); err != nil {
			return nil, err
		}
		if r.stream.decided.FirstRecord() > 1 && r.result.Checkpoints == 0 && r.result.RestsOn == 0 {
			return nil, violation("V10", "the log of %s was cut and has no state in place of what is gone", r.result.Role)
		}
		r.result.InDoubt = r.stream.inDoubt()
		r.result.Excluded = v.members.isOut(r.result.Role)
		r.result.Finished = r.saved && r.state.Finished && r.state.AppliedSeq == uint64(v.last.Seq) // else an end that was taken back
		r.result.Digest = participant.Hex(r.fresh.Digest())
		res.Complete = res.Complete && r.result.Finished
		if r.saved && !r.checked && r.state.AppliedSeq >= r.result.RestsOn {
			return nil, violation("V5", "%s saved a state at batch %d, which is not among its committed batches", r.result.Role, r.state.AppliedSeq)
		}
		if v.engine.ended && !r.result.Excluded && (!r.saved || r.state.AppliedSeq != uint64(v.last.Seq)) {
			return nil, violation("V5", "the command log says that the run is finished, and %s has no state saved at batch %d", r.result.Role, v.last.Seq)
		}
		if at := r.stream.decided.Last(); r.result.Finished && at.Seq < v.last.Seq {
			return nil, violation("V1", "%s finished with batch %d, another participant has %d", r.result.Role, at.Seq, v.last.Seq)
		}
		res.Participants = append(res.Participants, r.result)
	}
	res.Excluded = v.members.excluded
	if err := v.members.end(func(at batch3pc.Position) bool { return v.holding(at) >= v.quorum() }); err != nil {
		return nil, err
	}
	if err := v.decidedHeld(); err != nil {
		return nil, err
	}
	if err := v.unpublished(); err != nil {
		return nil, err
	}
	if err := v.engine.rest(); err != nil {
		return nil, err
	}
	v.engine.result(res)
	res.Verified = true
	return res, nil
}

// decidedHeld checks V8: what the engine logged as decided is committed or at least held, with the
// same chain, by a quorum of the participants.
func (v *verifier) decidedHeld() error {
	if n := v.holding(v.last.Position()); n < v.quorum() {
		return violation("V8", "batch %d (chain %016x) was committed, %d participants hold it, want %d", v.last.Seq, uint64(v.last.Chain), n, v.quorum())
	}
	d := v.engine.decided
	if d.Seq <= v.last.Seq {
		return nil
	}
	if n := v.holding(batch3pc.Position(d)); n < v.quorum() {
		return violation("V8", "the engine has decided batch %d (chain %016x), %d participants hold it, want %d", d.Seq, uint64(d.Chain), n, v.quorum())
	}
	return nil
}

// holding counts the participants that hold the batch or entry at a position.
func (v *verifier) holding(at batch3pc.Position) (n int) {
	for _, r := range v.roles {
		if at.Seq == 0 || r.stream.holds(at) {
			n++
		}
	}
	return n
}

// sameFiles checks that every file that fresh wrote has a twin, byte for byte, among the saved ones, and that these are
// all. The tape is compared by V7.
func sameFiles(fresh, saved, role string) error {
	extra, err := filepath.Glob(filepath.Join(saved, "*.csv"))
	if err != nil {
		return err
	}
	for _, path := range extra {
		if _, err := os.Stat(filepath.Join(fresh, filepath.Base(path))); errors.Is(err, os.ErrNotExist) {
			return violation("V5", "%s: its batches give no %s", role, filepath.Base(path))
		}
	}
	entries, err := os.ReadDir(fresh)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		want, err := os.ReadFile(filepath.Join(fresh, e.Name()))
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join(saved, e.Name()))
		if errors.Is(err, os.ErrNotExist) {
			return violation("V5", "%s: %s is missing", role, e.Name())
		}
		if err != nil {
			return err
		}
		if !bytes.Equal(want, got) {
			return violation("V5", "%s: %s differs from its recomputation in line %d", role, e.Name(), firstDifference(want, got))
		}
	}
	return nil
}

func firstDifference(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return 1 + strings.Count(string(a[:n]), "\n")
}

func (v *verifier) close() error {
	var errs []error
	if v.tape != nil {
		v.tape.stop()
	}
	if v.engine != nil {
		errs = append(errs, v.engine.close())
	}
	for _, r := range v.roles {
		errs = append(errs, r.stream.close())
		if r.fresh != nil {
			errs = append(errs, r.fresh.Close())
		}
	}
	return errors.Join(errs...)
}
