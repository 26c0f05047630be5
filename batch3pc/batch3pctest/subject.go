package batch3pctest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Subject is an App under test, and what the test has to know of its business.
type Subject struct {
	// New makes an App without any state.
	New func(t testing.TB) batch3pc.App
	// State is what others can see of an App, as bytes that are equal if and only if it looks the same.
	State func(batch3pc.App) []byte
	// Payload makes a payload of count items for the batch that follows prefix, oldest first. It should
	// be refused now and then, if there is anything that the App refuses.
	Payload func(r *rand.Rand, prefix []*batch3pc.Batch) (count uint32, payload []byte)
}

// schedules is how many random schedules each check plays; stepsMax is the length of one.
const (
	schedules = 20
	stepsMax  = 60
	windowMax = 8 // undecided batches
)

// RunApp tests an App. Each check is a subtest; a failure names the seed of its schedule.
func RunApp(t *testing.T, s Subject) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(schedules) {
				if err := c.run(&s, t, seed); err != nil {
					t.Fatalf("%s (schedule %d): %v", c.rule, seed, err)
				}
			}
		})
	}
}

// check is one demand on an App.
type check struct {
	name, rule string
	run        func(s *Subject, t testing.TB, seed uint64) error
}

var checks = []check{
	{"VoteDeterministic", "A1", voteDeterministic},
	{"VoteIgnoresProgress", "A1, A4", voteIgnoresProgress},
	{"NothingBeforeApply", "A2, A8", nothingBeforeApply},
	{"DropLeavesNoTrace", "A3", dropLeavesNoTrace},
	{"DecidedIsAccepted", "A5", decidedIsAccepted},
	{"BatchIsLent", "A6", batchIsLent},
	{"RecoverAnyPrefix", "A7", recoverAnyPrefix},
	{"Snapshot", "A9", snapshot},
}

// kind of a step of a schedule.
type kind uint8

const (
	vote  kind = iota // on a new batch
	apply             // the oldest undecided batch
	drop              // the newest undecided batch
)

// step is one call of an App, and what came of it.
type step struct {
	kind  kind
	batch *batch3pc.Batch // vote
	voted batch3pc.Vote   // vote: the answer, with a veto of its own
	state []byte          // after the step
}

// play is an App and the batches that it holds.
type play struct {
	s       *Subject
	app     batch3pc.App
	log     []*batch3pc.Batch // voted for, oldest first
	applied int
	seq     batch3pc.Seq
}

func newPlay(s *Subject, t testing.TB) *play { return &play{s: s, app: s.New(t)} }

// undecided counts the batches that are voted for and not applied.
func (p *play) undecided() int { return len(p.log) - p.applied }

// next makes a batch that follows the log.
func (p *play) next(r *rand.Rand) *batch3pc.Batch {
	p.seq++
	b := &batch3pc.Batch{Seq: p.seq, Generation: 1}
	if n := len(p.log); n > 0 {
		b.Parent, b.ParentChain = p.log[n-1].Seq, p.log[n-1].Chain
	}
	b.Count, b.Payload = p.s.Payload(r, p.log)
	b.Seal()
	return b
}

// vote asks for the vote on b, and takes it in after a yes, or if it is decided. The error is A8, or A6.
func (p *play) vote(b *batch3pc.Batch, decided bool) (batch3pc.Vote, error) {
	before := b.Position()
	v := p.app.Vote(b, decided)
	v.Veto = bytes.Clone(v.Veto)
	if b.Position() != before || !b.Intact() {
		return v, fmt.Errorf("a vote has changed batch %d", b.Seq)
	}
	if v.Yes || decided {
		p.log = append(p.log, b)
		return v, nil
	}
	return v, wellFormed(b, v)
}

// wellFormed checks a no (A8).
func wellFormed(b *batch3pc.Batch, v batch3pc.Vote) error {
	switch {
	case v.Reason != batch3pc.ReasonVeto && v.Reason != batch3pc.ReasonHash && v.Reason != batch3pc.ReasonInfra:
		return fmt.Errorf("batch %d: a no for reason %v, want Veto, Hash or Infra", b.Seq, v.Reason)
	case v.Reason != batch3pc.ReasonVeto:
		return nil
	case len(v.Veto) > (int(b.Count)+3)/4:
		return fmt.Errorf("batch %d: a veto of %d bytes for %d items, want at most %d", b.Seq, len(v.Veto), b.Count, (b.Count+3)/4)
	}
	for i := range 4 * len(v.Veto) {
		if batch3pc.VetoBits(v.Veto, i) != 0 {
			if i >= int(b.Count) {
				return fmt.Errorf("batch %d: the veto names item %d of %d", b.Seq, i, b.Count)
			}
			return nil
		}
	}
	return fmt.Errorf("batch %d: the veto names no item", b.Seq)
}

func (p *play) apply() {
	p.app.Apply(p.log[p.applied])
	p.applied++
}

func (p *play) drop() {
	n := len(p.log) - 1
	p.app.Drop(p.log[n])
	p.log = p.log[:n]
}

func (p *play) state() []byte { return bytes.Clone(p.s.State(p.app)) }

// random plays a schedule of its own and returns what happened.
func (p *play) random(r *rand.Rand) (steps []step, err error) {
	for range 1 + r.IntN(stepsMax) {
		var st step
		switch at := r.IntN(10); {
		case at < 5 && p.undecided() < windowMax:
			st.kind, st.batch = vote, p.next(r)
			if st.voted, err = p.vote(st.batch, false); err != nil {
				return nil, err
			}
		case at < 8 && p.undecided() > 0:
			st.kind = apply
			p.apply()
		case p.undecided() > 0:
			st.kind = drop
			p.drop()
		default:
			continue
		}
		st.state = p.state()
		steps = append(steps, st)
	}
	return steps, nil
}

// dice are the random numbers of a schedule.
func dice(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x7e21)) }

// sameVote compares two votes on one batch.
func sameVote(b *batch3pc.Batch, got, want batch3pc.Vote) error {
	if got.Yes != want.Yes || got.Reason != want.Reason || !bytes.Equal(got.Veto, want.Veto) {
		return fmt.Errorf("batch %d: voted %+v, and %+v before", b.Seq, got, want)
	}
	return nil
}
