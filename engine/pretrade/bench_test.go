package pretrade

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
)

// party is who enters an order in a benchmark.
type party struct {
	member             uint16
	client, instrument uint32
}

// crowd returns so many pairs of client and instrument, ten instruments a client and 100 clients a
// member, in an order without a pattern.
func crowd(pairs int) []party {
	p := make([]party, pairs)
	for i := range p {
		client := uint32(i / 10)
		p[i] = party{member: uint16(client/100) + 1, client: client + 1, instrument: uint32(i%10) + 1}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(pairs, func(i, j int) { p[i], p[j] = p[j], p[i] })
	return p
}

// life is one order: it is judged and enters, then it trades or is cancelled. Over i, half of the orders
// trade, in turn on either side, so that nets stay near zero.
func life(a *Accounts, i int, who party) orderbook.RejectReason {
	p, reason := a.Position(who.member, who.client, who.instrument)
	if reason != orderbook.Accepted || a.Killed(who.member, who.client, who.instrument) {
		return orderbook.RejectAccounts
	}
	side, value := orderbook.Side(1+i>>1&1), int64(100_000+i&0xfff)
	if reason = a.Reserve(p, side, value, 2000); reason != orderbook.Accepted {
		return reason
	}
	if i&1 == 0 {
		a.Release(p, side, value)
	} else {
		a.Trade(p, side, value, value-int64(i&7))
	}
	return orderbook.Accepted
}

// BenchmarkAccounts measures what pre-trade risk costs an order over its life, with limits on every client
// and member. Each order is of another client, at random: in the large case every table is out of the
// cache.
func BenchmarkAccounts(b *testing.B) {
	for _, pairs := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprintf("pairs=%d", pairs), func(b *testing.B) {
			who := crowd(pairs)
			a := create(b, pairs, pairs)
			for _, p := range who {
				open(b, a, p.member, p.client, p.instrument)
				a.SetLimit(p.member, p.client, 1<<50)
				a.SetLimit(p.member, 0, 1<<55)
			}
			i, next := 0, 0
			for b.Loop() {
				if reason := life(a, i, who[next]); reason != orderbook.Accepted {
					b.Fatal(reason)
				}
				i++
				if next++; next == pairs {
					next = 0
					i++ // pairs is even: everybody gets another kind of order the next time
				}
			}
		})
	}
}

// BenchmarkKilled measures what the switches cost an order that none selects.
func BenchmarkKilled(b *testing.B) {
	for _, on := range []int{0, 1, 1000} {
		b.Run(fmt.Sprintf("on=%d", on), func(b *testing.B) {
			a := create(b, 1, 1)
			for i := range on {
				a.Kill(1, uint32(i+1), 0, true)
			}
			i := uint32(0)
			for b.Loop() {
				if a.Killed(2, i, 7) {
					b.Fatal("killed")
				}
				i++
			}
		})
	}
}

// Nothing is allocated after New, whatever is opened, refused, killed or restored.
func TestNoAllocation(t *testing.T) {
	a := create(t, 3000, 30_000)
	who := crowd(20_000)
	i := 0
	if n := testing.AllocsPerRun(10_000, func() {
		p := who[i%len(who)]
		life(a, i, p)
		life(a, i+1, p)
		position, _ := a.Position(p.member, p.client, p.instrument)
		a.Reserve(position, buy, 1000, 0)
		a.Replace(position, buy, 1000, 2000, 0)
		a.Reserve(position, sell, exposureMax, 0)
		a.Release(position, buy, 2000)
		a.SetLimit(p.member, p.client, 1)
		a.Reserve(position, sell, 1<<40, 0)
		a.SetLimit(p.member, p.client, 0)
		a.Kill(9999, p.client, 0, i&1 == 0)
		a.Killed(p.member, p.client, p.instrument)
		a.Margin(p.member, p.client)
		a.Net(position)
		i++
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
	check(t, a)
}
