package engine

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// sums adds up what a budget and a recorder are told of the same trades.
type sums struct {
	parts   [PartCount]int64
	trades  [PartCount]int
	applied [3]int
	late    [3]int64
	whole   int64
	orders  int
	least   int64
}

func (s *sums) Record(stage Stage, ns int64) {
	if stage == StageOrderToCommit {
		s.whole += ns
		s.orders++
	}
}

func (s *sums) Spend(p Part, ns int64, trades int) {
	s.parts[p] += ns * int64(trades)
	s.trades[p] += trades
	s.least = min(s.least, ns)
}

func (s *sums) Applied(i int, ns int64, trades int) {
	s.applied[i] += trades
	s.late[i] = max(s.late[i], ns)
	s.least = min(s.least, ns)
}

// The parts of the budget of all trades add up to the way from order to commit, to the nanosecond; each part has each
// trade once, and so does each participant. Trades that were matched again after a veto are in neither.
func TestBudgetAddsUp(t *testing.T) {
	for _, vetoes := range []bool{false, true} {
		b := newTestBox(t, func(b *testBox) {
			if vetoes {
				b.cfg.VetoesMax = 1 << 30
				b.peers[0].app.veto = func(tr *codec.Trade) uint8 {
					if tr.TakerClient == 7 && tr.No < 3000 { // later ones are matched once, however slowly the vetoes come
						return batch3pc.VetoTaker
					}
					return 0
				}
			}
		})
		s := new(sums)
		b.engine.ports.Recorder, b.engine.ports.Budget = s, s
		if _, err := b.run(t, randomFlow(12, 20_000)); err != nil {
			t.Fatal(err)
		}
		if vetoes == (s.orders == len(b.trades)) || s.orders == 0 || vetoes != (len(b.log.vetoes()) > 0) {
			t.Fatalf("vetoes %t, %d of them: %d of %d trades are measured", vetoes, len(b.log.vetoes()), s.orders, len(b.trades))
		}
		sum := int64(0)
		for p, ns := range s.parts {
			sum += ns
			if s.trades[p] != s.orders {
				t.Errorf("part %d has %d trades, want %d", p, s.trades[p], s.orders)
			}
		}
		if sum != s.whole || s.least < 0 {
			t.Errorf("the parts are %d ns, the whole is %d; the least %d", sum, s.whole, s.least)
		}
		for i := range s.applied {
			if s.applied[i] != s.orders || s.late[i] == 0 {
				t.Errorf("participant %d has applied %d trades, want %d, the last after %d ns", i, s.applied[i], s.orders, s.late[i])
			}
		}
	}
}
