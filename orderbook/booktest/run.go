package booktest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
)

// OrdersMin is how many orders the books under test must take.
const OrdersMin = 10_000

// Run tests that the books which newBook returns behave as order books. Each is empty at first and
// takes at least OrdersMin orders. All that a book does is compared with Naive, command by command.
func Run(t *testing.T, newBook func() Book) {
	twin := func(t *testing.T, wholeEvery int) *Twin {
		return NewTwin(t, newBook(), NewNaive(math.MaxInt), wholeEvery)
	}
	for _, p := range probes {
		t.Run(fmt.Sprintf("probe=%02d/%s", p.number, strings.ReplaceAll(p.name, " ", "_")), func(t *testing.T) {
			play(t, twin(t, 1), p.script)
		})
	}
	for group, examples := range map[string][]example{
		"modify": modifyExamples, "disclosed": disclosedExamples, "fok": fokExamples, "stop_loss": stopExamples,
		"self_trade": selfTradeExamples, "auction": auctionExamples, "mass_cancel": massExamples, "worked": workedExamples,
	} {
		for _, e := range examples {
			t.Run(group+"/"+strings.ReplaceAll(e.name, " ", "_"), func(t *testing.T) { play(t, twin(t, 1), e.script) })
		}
	}
	t.Run("probe=26/5000_fills_at_one_price", func(t *testing.T) { manyFills(t, twin(t, math.MaxInt)) })
	t.Run("probe=27/everything_shown_after_every_command", func(t *testing.T) {
		for _, prices := range []Prices{PricesNarrow, PricesNear, PricesWide} {
			flow := Flow{Prices: prices, IDs: 40, Room: 100}
			random := Random(prices)
			w := twin(t, 1)
			flow.Play(w, random.Commands(4000))
		}
	})
	t.Run("flow", func(t *testing.T) { flows(t, twin) })
	t.Run("refused", func(t *testing.T) { refused(t, newBook) })
	t.Run("fill_limit", func(t *testing.T) { fillLimit(t, twin(t, 1)) })
	t.Run("depth", func(t *testing.T) { depthRoom(t, newBook()) })
	t.Run("state_hash", func(t *testing.T) { stateHash(t, newBook) })
}

// play runs a script of commands and answers.
func play(t *testing.T, b Book, script string) {
	t.Helper()
	s := NewSession(b)
	for line := range strings.Lines(strings.TrimSpace(script)) {
		command, want, answered := strings.Cut(line, "=>")
		command, want = strings.TrimSpace(command), strings.TrimSpace(want)
		got, err := s.Do(command)
		if err != nil {
			t.Fatal(err)
		}
		if !answered && strings.Contains(command, "@") {
			want = "rests " + strings.SplitN(strings.Fields(command)[2], "@", 2)[0]
		}
		if got != want {
			t.Fatalf("%s\n  got  %s\n  want %s", command, got, want)
		}
	}
}

// manyFills lets one order trade with 5,000 others at one price, on either side.
func manyFills(t *testing.T, b *Twin) {
	const n = 5000
	for _, side := range [...]orderbook.Side{orderbook.Buy, orderbook.Sell} {
		for i := range n {
			b.Add(&orderbook.Order{ID: orderbook.OrderID(i + 1), Side: side, Price: 100, Qty: 2}, nil)
		}
		fills, r := b.Add(&orderbook.Order{ID: n + 1, Side: side.Opposite(), Price: 100, Qty: 2*n + 1}, make([]orderbook.Fill, 0, n))
		if len(fills) != n || r.Resting != 1 || r.Cancelled != 0 {
			t.Fatalf("%d fills, %+v, want %d and a resting order of 1", len(fills), r, n)
		}
		b.Cancel(n + 1)
		b.Whole()
	}
}

// flows runs random flows of every profile, with few and with many order numbers.
func flows(t *testing.T, twin func(*testing.T, int) *Twin) {
	for prices := range PricesCount {
		for _, ids := range []uint32{12, 150, 2000} {
			t.Run(fmt.Sprintf("prices=%d/ids=%d", prices, ids), func(t *testing.T) {
				flow := Flow{Prices: prices, IDs: ids, Room: 50}
				random := Random(uint64(ids)<<8 | uint64(prices))
				w := twin(t, 1+int(ids)/3)
				flow.Play(w, random.Commands(10_000+10*int(ids)))
				w.Whole()
			})
		}
	}
}

// fillLimit stops orders at every number of fills.
func fillLimit(t *testing.T, b *Twin) {
	const setup = `
		sell 1 10@100
		sell 2 10@100
		sell 3 10@101`
	for _, script := range []string{setup + `
		room 0
		buy 9 25@101      => cancelled 25; fill limit
		buy 9 25@99
		modify 9 25@100   => cancelled 25; fill limit
		orders            => asks 1:10@100 2:10@100 3:10@101`, setup + `
		room 1
		buy 9 25@101      => trades 1:10@100; cancelled 15; fill limit
		orders            => asks 2:10@100 3:10@101`, setup + `
		room 2
		buy 9 25@101 ioc  => trades 1:10@100 2:10@100; cancelled 5; fill limit
		orders            => asks 3:10@101`, setup + `
		room 2
		buy 9 20@101      => trades 1:10@100 2:10@100; nothing left
		orders            => asks 3:10@101`, setup + `
		room 2
		buy 9 25@100      => trades 1:10@100 2:10@100; rests 5
		orders            => bids 9:5@100; asks 3:10@101`, setup + `
		room 2
		buy 9 15@market   => trades 1:10@100 2:5@100; nothing left
		orders            => asks 2:5@100 3:10@101`,
	} {
		play(t, b, script)
		for _, id := range []orderbook.OrderID{1, 2, 3, 9} {
			b.Cancel(id)
		}
	}
	// What the slice holds already counts.
	b.Add(&orderbook.Order{ID: 1, Side: orderbook.Buy, Price: 100, Qty: 10}, nil)
	full := make([]orderbook.Fill, 2)
	fills, r := b.Add(&orderbook.Order{ID: 2, Side: orderbook.Sell, Price: 100, Qty: 10}, full)
	if len(fills) != 2 || r.Cause != orderbook.CauseFillLimit || r.Cancelled != 10 {
		t.Errorf("with full fills: %d fills, %+v", len(fills), r)
	}
	fills, r = b.Add(&orderbook.Order{ID: 2, Side: orderbook.Sell, Price: 100, Qty: 10}, full[:1])
	if len(fills) != 2 || r.Cause == orderbook.CauseFillLimit || fills[1].Maker != 1 {
		t.Errorf("with room for one more: %+v, %+v", fills, r)
	}
}

// depthRoom asks for less depth than there is.
func depthRoom(t *testing.T, b Book) {
	play(t, b, "buy 1 10@100\nbuy 2 10@99\nbuy 3 5@99\nbuy 4 10@98")
	all := []orderbook.Level{{Price: 100, Qty: 10, Orders: 1}, {Price: 99, Qty: 15, Orders: 2}, {Price: 98, Qty: 10, Orders: 1}}
	for room := range 5 {
		held := orderbook.Level{Price: 7}
		got := b.Depth(orderbook.Buy, append(make([]orderbook.Level, 0, 1+room), held))
		if want := append([]orderbook.Level{held}, all[:min(room, len(all))]...); !slices.Equal(got, want) {
			t.Errorf("room for %d levels: %v, want %v", room, got, want)
		}
	}
}

// stateHash checks that the hash tells states apart, and only states.
func stateHash(t *testing.T, newBook func() Book) {
	hashOf := func(script string) uint64 {
		b := newBook()
		play(t, b, script)
		return b.StateHash()
	}
	const base = "buy 1 10@100\nbuy 2 10@100\nsell 3 10@101\n"
	const waits = base + "buy 4 10@110 stop 105\nsell 5 10@90 dq 3 stop 95\n"
	for _, same := range []struct{ one, other string }{
		{base, "sell 3 10@101\nbuy 1 10@100\nbuy 2 10@100"},
		{base + "last 100", "buy 1 15@100\nbuy 2 10@100\nsell 9 5@100 => trades 1:5@100; nothing left\nsell 3 10@101"},
		{base, "buy 2 10@99\nbuy 1 10@100\nmodify 2 10@100\nsell 3 10@101"},
		{base, "buy 4 10@50\n" + base + "cancel 4 => cancelled 10"},
		{base, base + "auction\nclose 100 => turned 0"},
		{waits, "sell 5 10@91 dq 3 stop 95\nbuy 4 12@110 stop 105\nmodify 5 10@90 dq 3 stop 95\n" + base + "reduce 4 2 => cancelled 2; rests 10"},
		{"buy 1 10@100 dq 10", "buy 1 10@100"},
	} {
		if one, other := hashOf(same.one), hashOf(same.other); one != other {
			t.Errorf("hashes %#x and %#x, want the same after\n%s\nand after\n%s", one, other, same.one, same.other)
		}
	}
	seen := map[uint64]string{}
	for _, script := range []string{
		base, waits,
		"buy 2 10@100\nbuy 1 10@100\nsell 3 10@101",
		"buy 1 10@100\nbuy 2 11@100\nsell 3 10@101",
		"buy 1 10@100\nbuy 2 10@99\nsell 3 10@101",
		"buy 1 10@100\nbuy 2 10@100\nbuy 3 10@101",
		"buy 1 10@100\nbuy 2 10@100",
		"buy 1 10@100\nbuy 2 10@100\nsell 3 10@101 gtc",
		"buy 1 10@100\nbuy 2 10@100\nsell 3 10@101 pan 1",
		"buy 1 10@100\nbuy 2 10@100\nsell 3 10@101 active",
		"buy 1 10@100\nbuy 2 10@100\nsell 3 10@101 dq 5",
		"buy 1 10@100\nbuy 2 10@100\nsell 3 10@101 dq 4",
		base + "sell 4 1@101", base + "last 100", base + "last 101", base + "hold on", base + "auction",
		base + "auction\nsell 4 10@market", base + "auction\nbuy 4 10@market",
		base + "buy 4 10@110 stop 105", base + "buy 4 10@110 stop 106", base + "buy 4 10@111 stop 105", base + "buy 4 10@market stop 105",
	} {
		hash := hashOf(script)
		if other, same := seen[hash]; same {
			t.Errorf("hash %#x after\n%s\nand after\n%s", hash, script, other)
		}
		seen[hash] = script
	}
}
