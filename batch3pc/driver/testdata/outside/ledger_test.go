// Package outside is of another module: it sees of tezi what any program sees.
package outside

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/batch3pctest"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// ledger keeps the payloads that are not empty.
type ledger struct {
	mu    sync.Mutex
	lines []string
}

var _ batch3pc.App = (*ledger)(nil)

func (l *ledger) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	if len(b.Payload) > 0 || decided {
		return batch3pc.Vote{Yes: true}
	}
	veto := make([]byte, (b.Count+3)/4)
	batch3pc.SetVeto(veto, 0, batch3pc.VetoTaker)
	return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: veto}
}

func (l *ledger) Apply(b *batch3pc.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(b.Payload))
}

func (l *ledger) Drop(*batch3pc.Batch) {}

func (l *ledger) state() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%q", l.lines)
}

func TestConforms(t *testing.T) {
	batch3pctest.RunApp(t, batch3pctest.Subject{
		New:   func(testing.TB) batch3pc.App { return &ledger{} },
		State: func(a batch3pc.App) []byte { return []byte(a.(*ledger).state()) },
		Payload: func(r *rand.Rand, _ []*batch3pc.Batch) (count uint32, payload []byte) {
			return 1, make([]byte, r.IntN(4))
		},
	})
}

func TestCommit(t *testing.T) {
	group := driver.Group{Cluster: 1, Participants: []batch3pc.NodeID{1, 2, 3}, Coordinators: []batch3pc.NodeID{10}}
	addrs := map[batch3pc.NodeID]string{}
	var ledgers []*ledger
	var nodes []*driver.ParticipantNode
	for _, id := range group.Participants {
		app := &ledger{}
		p, err := driver.ListenParticipant("127.0.0.1:0", driver.ParticipantOptions{Group: group, Self: id, Dir: t.TempDir(), App: app, Wait: ringbuf.WaitPark})
		if err != nil {
			t.Fatal(err)
		}
		addrs[id], ledgers, nodes = p.Addr(), append(ledgers, app), append(nodes, p)
	}
	var told []driver.Outcome
	c, err := driver.DialCoordinator(addrs, driver.CoordinatorOptions{
		Group: group, Self: 10, Dir: t.TempDir(), Outcome: func(o *driver.Outcome) { told = append(told, *o) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if err := c.Commit(ctx, 1, []byte("a payment")); err != nil {
		t.Fatal(err)
	}
	var refused *driver.RefusedError
	if err := c.Commit(ctx, 1, nil); !errors.As(err, &refused) || batch3pc.VetoBits(refused.Veto, 0) != batch3pc.VetoTaker {
		t.Fatalf("an empty batch: %v, want that it is refused", err)
	}
	if err := c.Commit(ctx, 1, []byte("another one")); err != nil {
		t.Fatal(err)
	}
	if len(told) != 3 || told[0].Err != nil || told[1].Err != error(refused) || told[2].Err != nil {
		t.Fatalf("told %v", told)
	}
	for i, p := range nodes {
		for p.Status().Applied < told[2].Position.Seq {
			runtime.Gosched()
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if got := ledgers[i].state(); got != `["a payment" "another one"]` {
			t.Errorf("participant %d has %s", i+1, got)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
