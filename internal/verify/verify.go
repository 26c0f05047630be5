package verify

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// Violation is a broken rule: the logs do not agree.
type Violation struct {
	Rule string // V1..V9, see the package comment
	Text string
}

func (v *Violation) Error() string { return "verification failed: " + v.Rule + ": " + v.Text }

// TruncatedError says that a log of the run has no beginning any more, because a snapshot has taken its
// place. Nothing can be proven from logs alone then, and nothing is violated.
type TruncatedError struct {
	Dir   string
	First uint64 // the first record that is there
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("%s: the log was truncated and begins with record %d: only a run with all its records can be proven", e.Dir, e.First)
}

func violation(rule, format string, args ...any) error {
	return &Violation{rule, fmt.Sprintf(format, args...)}
}

// Result is what a verification found.
type Result struct {
	Batches      uint64       `json:"batches"`
	Trades       uint64       `json:"trades"`
	Chain        string       `json:"chain"` // of the last committed batch, 16 hex digits
	Commands     uint64       `json:"commands"`
	StateHash    string       `json:"state_hash"` // of the books after the whole command log
	Complete     bool         `json:"complete"`   // every participant has finished and saved its state
	Participants []RoleResult `json:"participants"`
	Excluded     []Excluded   `json:"excluded,omitempty"` // who was left out of the votes, and when
	Verified     bool         `json:"verified"`
}

// RoleResult is what the log of one participant holds.
type RoleResult struct {
	Role     string `json:"role"`
	Batches  uint64 `json:"batches"`  // committed by its log
	InDoubt  int    `json:"in_doubt"` // voted for and undecided at the end of its log
	Finished bool   `json:"finished"`
	Excluded bool   `json:"excluded,omitempty"` // no member at the end: it may lag
	Digest   string `json:"digest"`
}

// role is one participant under verification.
type role struct {
	stream  *stream
	state   participant.State
	saved   bool             // a state file exists
	fresh   participant.Role // recomputes the state
	scratch string           // where fresh writes its files
	result  RoleResult
	ended   bool
	checked bool // saved state was compared
}

// verifier is one verification in progress.
type verifier struct {
	dir    string
	run    rundir.Run
	engine *rematch
	roles  []*role
	trades uint64
	shares uint64 // traded
	last   batch3pc.Batch
	count  uint64
	tape   *tape

	members   members
	tapeEnded bool
	unseen    batch3pc.Seq // the first committed batch that the tape does not have
}

// Run verifies the run in dir. A *Violation says which rule is broken and where; any other error
// says that a file could not be read.
func Run(dir string) (res *Result, err error) {
	run, err := rundir.Read(dir)
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "tezi-verify-")
	if err != nil {
		return nil, err
	}
	v := &verifier{dir: dir, run: run}
	defer func() { err = errors.Join(err, v.close(), os.RemoveAll(scratch)) }()
	if err := v.open(scratch); err != nil {
		return nil, err
	}
	if err := v.batches(); err != nil {
		return nil, err
	}
	return v.finish()
}

func (v *verifier) open(scratch string) (err error) {
	if v.engine, err = openRematch(filepath.Join(v.dir, rundir.EngineDir), v.run.Limits); err != nil {
		return err
	}
	v.members.logged = v.engine.members
	v.tape = openTape(rundir.RoleDir(v.dir, "marketdata"))
	for _, name := range rundir.RoleNames {
		dir := rundir.RoleDir(v.dir, name)
		r := &role{scratch: filepath.Join(scratch, name), result: RoleResult{Role: name}}
		if r.stream, err = openStream(dir, name); err != nil {
			return err
		}
		v.roles = append(v.roles, r)
		r.state, err = participant.ReadState(dir)
		if r.saved = err == nil; err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err = os.MkdirAll(r.scratch, 0o755); err != nil {
			return err
		}
		if r.fresh, err = rundir.NewRole(name, r.scratch, v.run.Roles); err != nil {
			return err
		}
		if err = v.compareState(r); err != nil { // a state saved before the first batch
			return err
		}
	}
	return nil
}

// batches walks all logs in step.
func (v *verifier) batches() error {
	for {
		b, err := v.step()
		if err != nil {
			return err
		}
		if b == nil {
			return nil
		}
		if b.IsGeneration() {
			err = v.members.change(b)
		} else {
			err = v.content(b)
		}
		if err != nil {
			return err
		}
		for _, r := range v.roles {
			if !b.IsGeneration() { // which no role sees
				if vote := r.fresh.Vote(b, true); !vote.Yes {
					return violation("V5", "a fresh %s refuses committed batch %d", r.result.Role, b.Seq)
				}
				r.fresh.Apply(b)
			}
			if err := v.compareState(r); err != nil {
				return err
			}
		}
	}
}

// step takes the next committed batch from every log and checks V1. It returns nil at the end of
// the longest one.
func (v *verifier) step() (*batch3pc.Batch, error) {
	var first *batch3pc.Batch
	var from string
	for _, r := range v.roles {
		if r.ended {
			continue
		}
		b, err := r.stream.next()
		if err != nil {
			return nil, err
		}
		if b == nil {
			r.ended = true
			continue
		}
		if !b.IsGeneration() {
			r.result.Batches++
		}
		if first == nil {
			first, from = b, r.result.Role
		} else if b.Seq != first.Seq || b.Chain != first.Chain {
			return nil, violation("V1", "committed batch no. %d is %d (chain %016x) at %s and %d (chain %016x) at %s",
				v.count+1, first.Seq, uint64(first.Chain), from, b.Seq, uint64(b.Chain), r.result.Role)
		}
	}
	if first != nil {
		if !first.IsGeneration() {
			v.count++
		}
		v.last = *first
	}
	return first, nil
}

// content checks V3 and V4 for one batch and adds up what V6 needs.
func (v *verifier) content(b *batch3pc.Batch) error {
	p, err := codec.DecodePayload(b.Payload)
	if err != nil {
		return violation("V2", "batch %d: %v", b.Seq, err)
	}
	if p.FirstTrade != v.trades+1 || int(b.Count) != len(p.Trades) {
		return violation("V3", "batch %d: first trade %d of %d, want %d of %d", b.Seq, p.FirstTrade, len(p.Trades), v.trades+1, b.Count)
	}
	for i := range p.Trades {
		t := &p.Trades[i]
		v.trades++
		v.shares += uint64(t.Qty)
		if t.No != v.trades {
			return violation("V3", "batch %d: trade %d where %d is due", b.Seq, t.No, v.trades)
		}
	}
	if err := v.engine.produces(b, &p); err != nil {
		return err
	}
	return v.published(b, &p)
}

// compareState checks V5 when the fresh role has reached the state that was saved.
func (v *verifier) compareState(r *role) error {
	if !r.saved || r.checked || r.state.AppliedSeq != uint64(v.last.Seq) {
		return nil
	}
	r.checked = true
	name := r.result.Role
	if got := participant.Hex(r.fresh.Digest()); got != r.state.Digest {
		return violation("V5", "%s saved state digest %s at batch %d, recomputed %s", name, r.state.Digest, r.state.AppliedSeq, got)
	}
	if got := r.fresh.AppliedTrades(); got != r.state.AppliedTrades {
		return violation("V5", "%s saved %d applied trades, recomputed %d", name, r.state.AppliedTrades, got)
	}
	if got := participant.Hex(v.last.Chain); got != r.state.Chain {
		return violation("V5", "%s saved chain %s at batch %d, its log has %s", name, r.state.Chain, r.state.AppliedSeq, got)
	}
	if err := r.fresh.Save(r.scratch); err != nil {
		return err
	}
	dir := rundir.RoleDir(v.dir, name)
	if name == "settlement" {
		if err := conserved(dir, v.shares); err != nil {
			return err
		}
	}
	return sameFiles(r.scratch, dir, name)
}
