package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// Violation is a broken rule: the logs do not agree.
type Violation struct {
	Rule string // V1..V10, see the package comment
	Text string
}

func (v *Violation) Error() string { return "verification failed: " + v.Rule + ": " + v.Text }

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

	// Of logs that were cut.
	RematchedFrom uint64 `json:"rematched_from"`    // the first command that was matched again
	EngineRestsOn uint64 `json:"engine_rests_on"`   // the batch of the snapshot that the command log begins with; 0: none
	Snapshots     int    `json:"engine_snapshots"`  // of the engine that were made again, and are the same
	FromTape      uint64 `json:"batches_from_tape"` // before the logs begin, and known by the tape alone
	FirstTrade    uint64 `json:"first_trade"`       // that was there to be proven
}

// RoleResult is what the log of one participant holds.
type RoleResult struct {
	Role     string `json:"role"`
	Batches  uint64 `json:"batches"`  // committed by its log
	InDoubt  int    `json:"in_doubt"` // voted for and undecided at the end of its log
	Finished bool   `json:"finished"`
	Excluded bool   `json:"excluded,omitempty"` // no member at the end: it may lag
	Digest   string `json:"digest"`

	Repairing int `json:"repairing,omitempty"` // segments of a repair of its log that a crash has cut short: read as the next start puts them in place

	Checkpoints int    `json:"checkpoints"` // in its log that are what the batches before them give
	RestsOn     uint64 `json:"rests_on"`    // the batch of the checkpoint that its state rests on; 0: every batch was there
}

// role is one participant under verification.
type role struct {
	stream  *stream
	state   participant.State
	saved   bool             // a state file exists
	fresh   participant.Role // recomputes the state
	live    bool             // fresh has the state: from the beginning, or from a checkpoint
	scratch string           // where fresh writes its files
	result  RoleResult
	checked bool // saved state was compared
}

// verifier is one verification in progress.
type verifier struct {
	dir    string
	run    rundir.Run
	engine *rematch
	roles  []*role
	trades uint64 // number of the last one
	first  uint64 // number of the first one that is there
	shares uint64 // traded
	last   batch3pc.Batch
	count  uint64
	tape   *tape
	state  []byte // scratch

	decoded []codec.Trade // of the last batch

	progress *Progress

	members members

	fromTape uint64
	passed   batch3pc.Seq // the last batch that market data has in its log and that the tape says is not on it; 0: none
	unseen   batch3pc.Seq // the first committed batch that the tape, which has ended, does not have; 0: none
}

// Run verifies the run in dir. A *Violation says which rule is broken and where; any other error
// says that a file could not be read.
func Run(dir string) (*Result, error) { return RunWatched(dir, new(Progress)) }

// RunWatched is Run, and tells p, which must be new, how far it has come.
func RunWatched(dir string, p *Progress) (res *Result, err error) {
	run, err := rundir.Read(dir)
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "tezi-verify-")
	if err != nil {
		return nil, fmt.Errorf("verify: no directory for the states that are made again, which TMPDIR names: %w", err)
	}
	v := &verifier{dir: dir, run: run, progress: p}
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
	if v.engine, err = openRematch(rundir.NewCommandLog(v.dir, v.run.Cluster), v.run.Limits, v.progress); err != nil {
		return err
	}
	v.members.logged = v.engine.members
	v.tape = openTape(rundir.RoleDir(v.dir, "marketdata"))
	for _, name := range rundir.RoleNames {
		dir := rundir.RoleDir(v.dir, name)
		r := &role{scratch: filepath.Join(scratch, name), result: RoleResult{Role: name}}
		if r.stream, err = openStream(dir, name); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: a participant that was started by hand keeps its directory elsewhere, and it is wanted here", err)
		} else if err != nil {
			return err
		}
		v.roles = append(v.roles, r)
		if r.result.Repairing, err = journal.Repairing(disk.Real, dir); err != nil {
			return err
		}
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
	}
	return v.begin()
}

// begin finds out whether the batches are there from the first one on. If not, each state begins with a
// checkpoint.
func (v *verifier) begin() error {
	v.first = 1
	v.members.unseen = !v.begun()
	for v.members.unseen { // more than one gap if market data ended behind it, and then took a later state over
		e, err := v.tape.peek()
		if err != nil {
			return err
		}
		if e == nil || !e.Gap || e.From > v.first {
			break
		}
		v.first = max(v.first, e.To+1)
		v.tape.take()
	}
	v.trades = v.first - 1
	for _, r := range v.roles {
		r.live = v.first == 1
	}
	return nil
}

// batches walks all logs in step.
func (v *verifier) batches() error {
	for {
		b, err := v.step()
		if err != nil || b == nil {
			return err
		}
		for _, r := range v.roles { // what lies between the batch before and this one
			if err := v.checkpointsBefore(r, b.Seq); err != nil {
				return err
			}
			if err := v.compareState(r); err != nil {
				return err
			}
		}
		if b.IsGeneration() { // which no role sees
			err = v.members.change(b)
		} else {
			err = v.apply(b)
		}
		if err == nil {
			err = v.engine.agrees(b.Position(), v.begun())
		}
		if err != nil {
			return err
		}
		v.last = *b
	}
}

// apply checks a batch and gives it to the roles.
func (v *verifier) apply(b *batch3pc.Batch) error {
	v.count++
	if err := v.content(b); err != nil {
		return err
	}
	for _, r := range v.roles {
		if !r.live {
			continue
		}
		if vote := r.fresh.Vote(b, true); !vote.Yes {
			return violation("V5", "a fresh %s refuses committed batch %d", r.result.Role, b.Seq)
		}
		r.fresh.Apply(b)
	}
	return nil
}

// step takes the next committed batch from every log and checks V1. It returns nil at the end of
// the longest one. Where no log has it any more, it is taken from the tape.
func (v *verifier) step() (*batch3pc.Batch, error) {
	first, from, err := v.lowest()
	if err == nil {
		err = v.prove(first)
	}
	if err == nil {
		first, from, err = v.lowest()
	}
	if err != nil {
		return nil, err
	}
	if !v.begun() {
		if b, err := v.older(first); b != nil || err != nil {
			return b, err
		}
	}
	if first == nil {
		return nil, nil
	}
	for _, r := range v.roles {
		b := r.stream.head
		switch {
		case b == nil, b.Seq != first.Seq && !r.stream.begun:
		case b.Seq != first.Seq || b.Chain != first.Chain:
			return nil, violation("V1", "committed batch no. %d is %d (chain %016x) at %s and %d (chain %016x) at %s",
				v.count+1, first.Seq, uint64(first.Chain), from, b.Seq, uint64(b.Chain), r.result.Role)
		default:
			if !r.stream.begun {
				r.result.Batches = v.count // its first checkpoint stands for them
			}
			if !b.IsGeneration() {
				r.result.Batches++
			}
			r.stream.take()
		}
	}
	return first, nil
}

// lowest is the next batch of all logs that has the lowest number, or nil, and whose it is.
func (v *verifier) lowest() (first *batch3pc.Batch, from string, err error) {
	for _, r := range v.roles {
		b, err := r.stream.peek()
		if err != nil {
			return nil, "", err
		}
		if b != nil && (first == nil || b.Seq < first.Seq) {
			first, from = b, r.result.Role
		}
	}
	return first, from, nil
}

// prove has each log that has ended know what the others show to be decided: the parent of the next batch, and what
// is in a state.
func (v *verifier) prove(first *batch3pc.Batch) error {
	for _, r := range v.roles {
		if first != nil {
			if err := r.stream.prove(first.ParentPosition(), v.last.Seq); err != nil {
				return err
			}
		}
		for _, o := range v.roles {
			if err := r.stream.prove(o.stream.state, v.last.Seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// begun reports whether there is a log that holds what comes next.
func (v *verifier) begun() bool {
	return slices.ContainsFunc(v.roles, func(r *role) bool { return r.stream.begun })
}

// content checks V3 and V4 for one batch and adds up what V6 needs.
func (v *verifier) content(b *batch3pc.Batch) error {
	p, err := codec.DecodePayload(b.Payload, v.decoded)
	if err != nil {
		return violation("V2", "batch %d: %v", b.Seq, err)
	}
	v.decoded = p.Trades
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
	v.progress.batches.Store(v.count)
	v.progress.trades.Add(uint64(len(p.Trades)))
	return v.published(b, &p)
}

// compareState checks V5 when the fresh role has reached the state that was saved.
func (v *verifier) compareState(r *role) error {
	if !r.saved || r.checked || !r.live || r.state.AppliedSeq != uint64(v.last.Seq) {
		return nil
	}
	name := r.result.Role
	r.checked = true
	if r.state.Role != name {
		return violation("V5", "the state file of %s is that of %q", name, r.state.Role)
	}
	if v.first == 1 && r.state.AppliedBatches != v.count {
		return violation("V5", "%s saved %d applied batches at batch %d, there are %d", name, r.state.AppliedBatches, r.state.AppliedSeq, v.count)
	}
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
		if err := conserved(dir, v.shares, v.first == 1); err != nil {
			return err
		}
	}
	return sameFiles(r.scratch, dir, name)
}
