package pretrade

import (
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
)

// step is one call and what it leads to, for client 11 of member 1 in instrument 1 unless it says otherwise.
type step struct {
	call   func(a *Accounts, p Position) orderbook.RejectReason
	want   orderbook.RejectReason
	net    int64
	buys   int64
	sells  int64
	client int64 // margin in use
	member int64
}

func reserve(side orderbook.Side, value int64) func(*Accounts, Position) orderbook.RejectReason {
	return func(a *Accounts, p Position) orderbook.RejectReason { return a.Reserve(p, side, value, 0) }
}

func replace(side orderbook.Side, old, new int64, bps uint16) func(*Accounts, Position) orderbook.RejectReason {
	return func(a *Accounts, p Position) orderbook.RejectReason { return a.Replace(p, side, old, new, bps) }
}

func release(side orderbook.Side, value int64) func(*Accounts, Position) orderbook.RejectReason {
	return func(a *Accounts, p Position) orderbook.RejectReason { a.Release(p, side, value); return 0 }
}

func trade(side orderbook.Side, reserved, value int64) func(*Accounts, Position) orderbook.RejectReason {
	return func(a *Accounts, p Position) orderbook.RejectReason { a.Trade(p, side, reserved, value); return 0 }
}

func limit(client uint32, margin int64) func(*Accounts, Position) orderbook.RejectReason {
	return func(a *Accounts, _ Position) orderbook.RejectReason { return a.SetLimit(1, client, margin) }
}

// other is an order of another client of the member, in another instrument.
func other(side orderbook.Side, value int64) func(*Accounts, Position) orderbook.RejectReason {
	return func(a *Accounts, _ Position) orderbook.RejectReason {
		p, _ := a.Position(1, 12, 2)
		return a.Reserve(p, side, value, 0)
	}
}

func otherReleases(side orderbook.Side, value int64) func(*Accounts, Position) orderbook.RejectReason {
	return func(a *Accounts, _ Position) orderbook.RejectReason {
		p, _ := a.Position(1, 12, 2)
		a.Release(p, side, value)
		return 0
	}
}

const (
	noMargin = orderbook.RejectMargin
	rrm      = orderbook.RejectRiskReduction
)

// The examples are computed by hand, at the default of 20 %: a value of 5 paise takes a margin of 1.
var scenarios = []struct {
	name  string
	steps []step
}{
	{"an order fills in part, and the rest is cancelled", []step{
		{reserve(buy, 250_000), 0, 0, 250_000, 0, 50_000, 50_000},              // 10 at 250.00
		{trade(buy, 100_000, 100_000), 0, 100_000, 150_000, 0, 50_000, 50_000}, // 4 of them
		{trade(buy, 25_000, 24_000), 0, 124_000, 125_000, 0, 49_800, 49_800},   // 1 at 240.00: better
		{release(buy, 125_000), 0, 124_000, 0, 0, 24_800, 24_800},              // the other 5
	}},
	{"an order that is cancelled leaves nothing", []step{
		{reserve(sell, 7), 0, 0, 0, 7, 2, 2}, // 1.4, rounded up
		{release(sell, 7), 0, 0, 0, 0, 0, 0},
	}},
	{"two-sided quotes take the margin of the greater side", []step{
		{reserve(buy, 1000), 0, 0, 1000, 0, 200, 200},
		{reserve(sell, 900), 0, 0, 1000, 900, 200, 200},
		{reserve(sell, 300), 0, 0, 1000, 1200, 240, 240},
		{trade(buy, 1000, 1000), 0, 1000, 0, 1200, 200, 200}, // long 1000, or short 200
		{trade(sell, 900, 900), 0, 100, 0, 300, 40, 40},      // long 100, or short 200
		{trade(sell, 300, 300), 0, -200, 0, 0, 40, 40},
	}},
	{"at the client's limit, and one paisa over", []step{
		{limit(11, 200), 0, 0, 0, 0, 0, 0},
		{reserve(buy, 1000), 0, 0, 1000, 0, 200, 200},
		{reserve(buy, 1), noMargin, 0, 1000, 0, 200, 200},
		{reserve(sell, 1000), 0, 0, 1000, 1000, 200, 200}, // the other side is free
		{reserve(sell, 1), noMargin, 0, 1000, 1000, 200, 200},
	}},
	{"who reduces is always taken, also over the limit (P4)", []step{
		{reserve(buy, 1000), 0, 0, 1000, 0, 200, 200},
		{trade(buy, 1000, 1000), 0, 1000, 0, 0, 200, 200},
		{limit(11, 10), 0, 1000, 0, 0, 200, 200},
		{limit(0, 10), 0, 1000, 0, 0, 200, 200},
		{reserve(buy, 1), noMargin, 1000, 0, 0, 200, 200},
		{reserve(sell, 2001), noMargin, 1000, 0, 0, 200, 200}, // beyond flat, to short 1001
		{reserve(sell, 2000), 0, 1000, 0, 2000, 200, 200},
		{trade(sell, 600, 600), 0, 400, 0, 1400, 200, 200}, // long 400, or short 1000
		{release(sell, 1400), 0, 400, 0, 0, 80, 80},
		{reserve(sell, 400), 0, 400, 0, 400, 80, 80},
		{trade(sell, 400, 400), 0, 0, 0, 0, 0, 0},
	}},
	{"the member's limit sums its clients", []step{
		{limit(0, 1000), 0, 0, 0, 0, 0, 0},
		{other(buy, 3000), 0, 0, 0, 0, 0, 600},
		{reserve(buy, 2005), noMargin, 0, 0, 0, 0, 600},
		{reserve(sell, 2000), 0, 0, 0, 2000, 400, 1000},
		{other(buy, 1), noMargin, 0, 0, 2000, 400, 1000},
	}},
	{"risk reduction from exactly 90 % on, and back below", []step{
		{limit(0, 1000), 0, 0, 0, 0, 0, 0},
		{other(sell, 5), 0, 0, 0, 0, 0, 1},
		{reserve(buy, 4490), 0, 0, 4490, 0, 898, 899},
		{reserve(buy, 5), 0, 0, 4495, 0, 899, 900}, // 899 before: not yet
		{reserve(buy, 5), rrm, 0, 4495, 0, 899, 900},
		{other(sell, 1), rrm, 0, 4495, 0, 899, 900}, // all of the member's clients
		{reserve(sell, 4495), 0, 0, 4495, 4495, 899, 900},
		{reserve(sell, 1), rrm, 0, 4495, 4495, 899, 900},
		{replace(buy, 4495, 4496, 0), rrm, 0, 4495, 4495, 899, 900},
		{reserve(buy, 506), noMargin, 0, 4495, 4495, 899, 900}, // 1002: the limit is told first
		{release(sell, 4495), 0, 0, 4495, 0, 899, 900},
		{otherReleases(sell, 5), 0, 0, 4495, 0, 899, 899}, // leaves it
		{reserve(buy, 5), 0, 0, 4500, 0, 900, 900},
		{reserve(buy, 5), rrm, 0, 4500, 0, 900, 900},
		{limit(0, 1001), 0, 0, 4500, 0, 900, 900}, // 900 is below 900.9
		{reserve(buy, 505), 0, 0, 5005, 0, 1001, 1001},
		{limit(0, 0), 0, 0, 5005, 0, 1001, 1001}, // without a limit there is no such mode
		{reserve(buy, 5), 0, 0, 5010, 0, 1002, 1002},
	}},
	{"a client's own limit has no risk-reduction mode", []step{
		{limit(11, 1000), 0, 0, 0, 0, 0, 0},
		{reserve(buy, 4999), 0, 0, 4999, 0, 1000, 1000},
		{release(buy, 499), 0, 0, 4500, 0, 900, 900},
		{reserve(buy, 5), 0, 0, 4505, 0, 901, 901},
	}},
	{"a modify is judged as a whole", []step{
		{limit(11, 1000), 0, 0, 0, 0, 0, 0},
		{reserve(buy, 4000), 0, 0, 4000, 0, 800, 800},
		{replace(buy, 4000, 5001, 0), noMargin, 0, 4000, 0, 800, 800},
		{replace(buy, 4000, 5000, 0), 0, 0, 5000, 0, 1000, 1000}, // not 800 + 1000
		{limit(11, 10), 0, 0, 5000, 0, 1000, 1000},
		{replace(buy, 5000, 4996, 0), 0, 0, 4996, 0, 1000, 1000},
		{replace(buy, 4996, 5000, 0), 0, 0, 5000, 0, 1000, 1000}, // lost in the rounding
		{replace(buy, 5000, 5001, 0), noMargin, 0, 5000, 0, 1000, 1000},
		{replace(buy, 5000, 0, 0), 0, 0, 0, 0, 0, 0},
	}},
	{"a rate reaches a position with its next order", []step{
		{reserve(buy, 1000), 0, 0, 1000, 0, 200, 200},
		{replace(buy, 1000, 1000, 4000), 0, 0, 1000, 0, 400, 400},
		{limit(11, 400), 0, 0, 1000, 0, 400, 400},
		{replace(buy, 1000, 1001, 4000), noMargin, 0, 1000, 0, 400, 400},
		{replace(buy, 1000, 900, 5000), 0, 0, 900, 0, 450, 450}, // E falls: taken, though the margin grows
		{replace(buy, 900, 2000, 2250), 0, 0, 2000, 0, 450, 450},
		{trade(buy, 2000, 1000), 0, 1000, 0, 0, 225, 225},
		{reserve(buy, 1), 0, 1000, 1, 0, 201, 201}, // E grows, the margin falls
	}},
	{"a trade worth more than was reserved is booked", []step{
		{limit(11, 200), 0, 0, 0, 0, 0, 0},
		{reserve(sell, 1000), 0, 0, 0, 1000, 200, 200},
		{trade(sell, 1000, 1500), 0, -1500, 0, 0, 300, 300},
		{reserve(sell, 1), noMargin, -1500, 0, 0, 300, 300},
		{reserve(buy, 1500), 0, -1500, 1500, 0, 300, 300},
	}},
	{"an order of no value", []step{
		{limit(11, 1), 0, 0, 0, 0, 0, 0},
		{reserve(sell, 0), 0, 0, 0, 0, 0, 0},
		{trade(sell, 0, 0), 0, 0, 0, 0, 0, 0},
	}},
}

func TestScenarios(t *testing.T) {
	for _, c := range scenarios {
		t.Run(c.name, func(t *testing.T) {
			a := create(t, 4, 4)
			p := open(t, a, 1, 11, 1)
			open(t, a, 1, 12, 2)
			for i, s := range c.steps {
				before := a.StateHash()
				if got := s.call(a, p); got != s.want {
					t.Fatalf("step %d: %v, want %v", i, got, s.want)
				}
				if s.want != orderbook.Accepted && a.StateHash() != before {
					t.Fatalf("step %d is refused and changes something (P5)", i)
				}
				got := s
				got.net, got.buys, got.sells = a.Net(p)
				got.client, _ = a.Margin(1, 11)
				got.member, _ = a.Margin(1, 0)
				if [5]int64{got.net, got.buys, got.sells, got.client, got.member} != [5]int64{s.net, s.buys, s.sells, s.client, s.member} {
					t.Fatalf("step %d: net %d, reserved %d and %d, margins %d and %d; want %d, %d and %d, %d and %d",
						i, got.net, got.buys, got.sells, got.client, got.member, s.net, s.buys, s.sells, s.client, s.member)
				}
				check(t, a)
			}
		})
	}
}
