package batch3pctest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// till is an App that holds cash: a batch is a list of amounts to take out or put in, and an amount that
// would overdraw it is refused. Its faults are those that an App may have.
type till struct {
	fault    string
	cash     int64   // applied
	ahead    int64   // cash with everything that is voted for
	reserved []int64 // sum of each batch voted for, oldest first
	batches  uint64
	refused  int64
	last     []byte
	veto     []byte
}

func amounts(b *batch3pc.Batch) (all []int64) {
	for i := 0; i+8 <= len(b.Payload); i += 8 {
		all = append(all, int64(binary.LittleEndian.Uint64(b.Payload[i:])))
	}
	return all
}

func (a *till) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	sum, limit := int64(0), a.ahead
	if a.fault == "judges by what is applied" {
		limit = a.cash
	}
	a.veto = make([]byte, (b.Count+3)/4)
	refuse := a.fault == "votes by chance" && rand.IntN(10) == 0
	if refuse {
		batch3pc.SetVeto(a.veto, 0, batch3pc.VetoTaker)
	}
	for i, x := range amounts(b) {
		if limit+sum+x < 0 {
			refuse = true
			if a.fault != "vetoes nobody" {
				batch3pc.SetVeto(a.veto, i, batch3pc.VetoTaker)
			}
			continue
		}
		sum += x
	}
	if a.fault == "scribbles" {
		b.Payload[0]++
	}
	if refuse && (!decided || a.fault == "refuses what is decided") {
		a.refused++
		switch a.fault {
		case "gives no reason":
			return batch3pc.Vote{}
		case "vetoes too many":
			return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: append(a.veto, 1)}
		}
		return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: a.veto}
	}
	a.ahead += sum
	a.reserved = append(a.reserved, sum)
	if a.fault == "shows votes" {
		a.cash += sum
	}
	return batch3pc.Vote{Yes: true}
}

func (a *till) Apply(b *batch3pc.Batch) {
	if a.fault != "shows votes" {
		a.cash += a.reserved[0]
	}
	a.reserved = a.reserved[1:]
	a.batches++
	a.last = b.Payload
	if a.fault == "counts refusals" {
		a.cash += a.refused
	}
}

func (a *till) Drop(*batch3pc.Batch) {
	n := len(a.reserved) - 1
	if a.fault != "keeps reservations" {
		a.ahead -= a.reserved[n]
	}
	if a.fault == "shows votes" {
		a.cash -= a.reserved[n]
	}
	a.reserved = a.reserved[:n]
}

func (a *till) state() []byte {
	s := fmt.Appendf(nil, "%d after %d", a.cash, a.batches)
	if a.fault == "keeps payloads" {
		s = append(s, a.last...)
	}
	return s
}

func (a *till) AppendSnapshot(dst []byte) []byte {
	cash := a.cash
	if a.fault == "snapshots reservations" {
		cash = a.ahead
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(cash))
	return binary.LittleEndian.AppendUint64(dst, a.batches)
}

func (a *till) Restore(state []byte) error {
	if a.fault == "half restores" {
		a.cash++
	}
	if len(state) != 16 {
		return errors.New("till: want a snapshot of 16 bytes")
	}
	a.cash, a.batches = int64(binary.LittleEndian.Uint64(state)), binary.LittleEndian.Uint64(state[8:])
	a.ahead = a.cash
	if a.fault != "keeps reservations when restored" {
		a.reserved = nil
	}
	return nil
}

func subject(fault string) Subject {
	return Subject{
		New:   func(testing.TB) batch3pc.App { return &till{fault: fault} },
		State: func(a batch3pc.App) []byte { return a.(*till).state() },
		Payload: func(r *rand.Rand, _ []*batch3pc.Batch) (uint32, []byte) {
			n := 1 + r.IntN(6)
			var p []byte
			for range n {
				p = binary.LittleEndian.AppendUint64(p, uint64(r.Int64N(40)-12))
			}
			return uint32(n), p
		},
	}
}

func TestRunApp(t *testing.T) { RunApp(t, subject("")) }

// TestFaults: the suite finds each fault, by the check that is there for it.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ fault, check string }{
		{"votes by chance", "VoteDeterministic"},
		{"judges by what is applied", "VoteIgnoresProgress"},
		{"shows votes", "NothingBeforeApply"},
		{"gives no reason", "NothingBeforeApply"},
		{"vetoes nobody", "NothingBeforeApply"},
		{"vetoes too many", "NothingBeforeApply"},
		{"keeps reservations", "DropLeavesNoTrace"},
		{"refuses what is decided", "DecidedIsAccepted"},
		{"keeps payloads", "BatchIsLent"},
		{"scribbles", "BatchIsLent"},
		{"counts refusals", "RecoverAnyPrefix"},
		{"snapshots reservations", "Snapshot"},
		{"half restores", "Snapshot"},
		{"keeps reservations when restored", "Snapshot"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			s := subject(c.fault)
			i := slices.IndexFunc(checks, func(k check) bool { return k.name == c.check })
			for seed := range uint64(schedules) {
				if fails(&s, t, &checks[i], seed) {
					return
				}
			}
			t.Errorf("%s has found nothing", c.check)
		})
	}
}

// fails runs one check. An App that panics has failed too.
func fails(s *Subject, t testing.TB, c *check, seed uint64) (failed bool) {
	defer func() {
		if recover() != nil {
			failed = true
		}
	}()
	return c.run(s, t, seed) != nil
}
