package orderbook_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// fullBook is what a book for four orders is full with.
const fullBook = `
	last 100
	buy 1 10@99
	buy 2 10@98 pan 7
	sell 3 10@101
	sell 4 20@102 dq 5 pan 7
`

// TestFullBook: a book that is full takes what is sure not to rest, and what a maker has to go for.
func TestFullBook(t *testing.T) {
	for _, test := range []struct{ name, script string }{
		{"no room to rest, to wait, to rest a part", `
			buy 5 10@100       => rejected: book_full
			buy 5 10@100 gtc   => rejected: book_full
			buy 5 10@100 dq 2  => rejected: book_full
			buy 5 10@110 stop 105 => rejected: book_full
			buy 5 10@market stop 105 => rejected: book_full`},
		{"what is wrong is refused for that", `
			buy 1 10@100       => rejected: duplicate_order
			buy 5 10@100 stop 105 => rejected: trigger_limit
			buy 5 10@110 stop 100 => rejected: trigger`},
		{"what cannot rest needs no room", `
			buy 5 10@100 ioc   => cancelled 10
			buy 5 10@100 fok   => cancelled 10
			buy 5 31@102 fok   => cancelled 31
			buy 5 5@101 fok    => trades 3:5@101; nothing left
			buy 5 1@market     => trades 3:1@101; nothing left
			buy 5 5@101        => trades 3:4@101; rests 1`},
		{"the maker that is used up makes room", `
			buy 5 10@101       => trades 3:10@101; nothing left
			buy 6 5@101        => rests 5
			buy 7 5@101        => rejected: book_full`},
		{"a part of a maker is not a place, and is not needed", `
			range 0 0
			buy 5 15@102       => trades 3:10@101 4:5@102; nothing left
			buy 6 10@100
			buy 7 14@102       => trades 4:14@102; nothing left
			buy 7 2@102 dq 1   => trades 4:1@102; rests 1`},
		{"an own maker makes room", `
			sell 5 20@98 pan 7 => trades 1:10@99 2:out(10); rests 10
			orders             => asks 5:10@98 3:10@101 4:5+15@102`},
		{"who goes for an own order rests nothing", `
			sell 5 20@98 pan 7 active => trades 1:10@99; cancelled 10; self-trade
			sell 6 1@98 pan 7 active => cancelled 1; self-trade`},
		{"beyond the range nothing rests", `
			range 95 100
			buy 5 10@101       => cancelled 10; range
			buy 5 10@100       => rejected: book_full
			orders             => bids 1:10@99 2:10@98; asks 3:10@101 4:5+15@102`},
		{"a modify finds its own place", `
			modify 1 20@100
			modify 2 10@101    => trades 3:10@101; nothing left
			buy 5 1@1`},
		{"a stop-loss order has its place when it enters", `
			cancel 2           => cancelled 10
			buy 5 30@102 stop 101 dq 3
			buy 6 1@101        => trades 3:1@101; nothing left
			triggers           => buy 5 enters with 30: trades 3:9@101 4:20@102; rests 1 | none
			orders             => bids 5:1@102 1:10@99`},
		{"in an auction nobody has gone when an order comes", `
			auction
			buy 5 10@market    => rejected: book_full
			buy 5 10@102       => rejected: book_full
			sell 5 10@98 pan 7 => rejected: book_full
			modify 1 10@market
			modify 2 15@102    => cancelled 15; self-trade
			buy 5 15@102
			equilibrium 100    => 25 trade at 102; demand 25, supply 30
			uncross 102        => trades 5-3:10 5-4:5 1-4:10
			close 102          => turned 0
			orders             => asks 4:5@102`},
	} {
		t.Run(test.name, func(t *testing.T) {
			play(t, booktest.NewTwin(t, newBook(t, 4), booktest.NewNaive(4), 1), fullBook+strings.TrimSpace(test.script))
		})
	}
}

// chooseBook has an order of every kind on both sides, each also in a part, of two PANs, and some that are reached.
const chooseBook = `
	buy 21 10@120 stop 100 pan 7
	sell 22 10@80 stop 100
	sell 8 1@100
	buy 9 1@100 => trades 8:1@100; nothing left
	buy 1 10@99 pan 7
	buy 2 10@98 dq 4
	buy 3 10@98
	sell 4 10@101 dq 4 pan 7
	sell 5 10@101
	buy 11 10@120 stop 105
	buy 12 10@market stop 105 pan 7
	sell 13 10@90 stop 95 pan 7
	sell 14 10@90 stop 96 dq 5
`

// TestChosenAreCancelled: by side and by what the orders are, in any combination; the rest stays in its order.
func TestChosenAreCancelled(t *testing.T) {
	hides := func(o orderbook.RestingOrder) bool { return o.Disclosed > 0 }
	owned := func(o orderbook.RestingOrder) bool { return o.PAN == 7 }
	waits := func(o orderbook.RestingOrder) bool { return o.Trigger > 0 }
	for name, test := range map[string]struct {
		side   orderbook.Side
		choose func(orderbook.RestingOrder) bool
		want   []orderbook.OrderID
	}{
		"all":                      {0, func(orderbook.RestingOrder) bool { return true }, []orderbook.OrderID{1, 2, 3, 4, 5, 11, 12, 14, 13, 21, 22}},
		"none":                     {0, func(orderbook.RestingOrder) bool { return false }, nil},
		"buys of a PAN":            {orderbook.Buy, owned, []orderbook.OrderID{1, 12, 21}},
		"sells of a PAN":           {orderbook.Sell, owned, []orderbook.OrderID{4, 13}},
		"of a PAN":                 {0, owned, []orderbook.OrderID{1, 4, 12, 13, 21}},
		"in parts":                 {0, hides, []orderbook.OrderID{2, 4, 14}},
		"buys that wait":           {orderbook.Buy, waits, []orderbook.OrderID{11, 12, 21}},
		"waiting of a PAN":         {0, func(o orderbook.RestingOrder) bool { return waits(o) && owned(o) }, []orderbook.OrderID{12, 13, 21}},
		"sells in parts, of a PAN": {orderbook.Sell, func(o orderbook.RestingOrder) bool { return hides(o) && owned(o) }, []orderbook.OrderID{4}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t, 20)
			play(t, b, chooseBook)
			var got []orderbook.OrderID
			orders := map[orderbook.Slot]orderbook.RestingOrder{}
			for _, o := range everything(b) {
				orders[o.Slot] = o
			}
			n := b.CancelWhere(test.side, func(s orderbook.Slot) bool { return test.choose(orders[s]) },
				func(o orderbook.RestingOrder) { got = append(got, o.ID) })
			if !slices.Equal(got, test.want) || n != len(test.want) {
				t.Errorf("%d: %d, want %d", n, got, test.want)
			}
			if err := b.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// play runs a script of booktest.Session, with the answer behind "=>". Without one, an order rests whole.
func play(t *testing.T, b booktest.Book, script string) {
	t.Helper()
	s := booktest.NewSession(b)
	for line := range strings.Lines(strings.TrimSpace(script)) {
		text, want, answered := strings.Cut(line, "=>")
		got, err := s.Do(text)
		if err != nil {
			t.Fatal(err)
		}
		if words := strings.Fields(text); !answered && len(words) > 2 && strings.Contains(words[2], "@") {
			want = "rests " + strings.SplitN(words[2], "@", 2)[0]
		}
		if want = strings.TrimSpace(want); got != want {
			t.Fatalf("%s\n  got  %s\n  want %s", text, got, want)
		}
	}
}
