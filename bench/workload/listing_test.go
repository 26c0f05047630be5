package workload

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/orderbook"
)

func TestSymbols(t *testing.T) {
	seen := map[string]bool{}
	for rank := range InstrumentsMax {
		s := symbolOf(rank)
		if len(s) < 1 || len(s) > 10 || s != strings.ToUpper(s) || seen[s] {
			t.Fatalf("symbol %d is %q: want a new one of 1 to 10 capitals", rank, s)
		}
		seen[s] = true
	}
	for _, s := range []string{"A&B", "TEZI-AUTO"} {
		if !seen[s] {
			t.Errorf("%s is not among the symbols", s)
		}
	}
}

func TestTicksAndCloses(t *testing.T) {
	for _, test := range []struct{ close, tick orderbook.Price }{
		{20_00, 1}, {249_99, 1}, {250_00, 5}, {999_99, 5}, {1000_00, 10}, {4999_90, 10},
		{5000_00, 50}, {9999_50, 50}, {10000_00, 100}, {19999_00, 100}, {20000_00, 500}, {90000_00, 500},
	} {
		if got := tickOf(test.close); got != test.tick {
			t.Errorf("tick at %d: %d, want %d", test.close, got, test.tick)
		}
	}
	r := random(1)
	for range 100_000 {
		base, tick := priceOf(&r)
		if base < 20_00 || base > 20_000_00 || base%tick != 0 || tick != tickOf(base) {
			t.Fatalf("previous close %d with tick %d", base, tick)
		}
	}
}

// The orders of the listings add up and fall with the rank, within what rounding does.
func TestShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{
			Orders:      rapid.Int64Range(1, 1e12).Draw(t, "orders"),
			Instruments: rapid.IntRange(1, InstrumentsMax).Draw(t, "instruments"),
		}
		sum := int64(0)
		all := list(&c)
		for i, l := range all {
			if l.orders < 0 || i > 0 && l.orders > all[i-1].orders+1 {
				t.Fatalf("rank %d gets %d orders, the one before %d", i, l.orders, all[i-1].orders)
			}
			sum += l.orders
		}
		if sum != c.Orders {
			t.Fatalf("%d orders given, want %d", sum, c.Orders)
		}
	})
}

// I3: the sum of what the books may hold stays in its bound, for any mixture of large and small.
func TestPlanStaysInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders := rapid.SliceOfN(rapid.Int64Range(0, 200_000), 1, 300).Draw(t, "orders")
		listings := make([]listing, len(orders))
		for i, n := range orders {
			listings[i].orders = n
		}
		bound := rapid.IntRange(len(orders)*restingFloor, len(orders)*5000).Draw(t, "bound")
		targets, limits := plan(listings, bound)
		sum := 0
		for _, target := range targets {
			if target < 1 || target > restingTargetMax {
				t.Fatalf("target %d", target)
			}
			sum += restingLimit(target)
		}
		if sum != limits || sum > bound {
			t.Fatalf("limits add up to %d, told %d, bound %d", sum, limits, bound)
		}
	})
}

// I4: through an NSE file and back.
func TestThroughAFile(t *testing.T) {
	for _, layout := range []Layout{TimeOrder, SymbolOrder} {
		c := Config{Seed: 8, Orders: 20_000, Instruments: 30, Layout: layout}
		var file bytes.Buffer
		w := nse.NewWriter(&file, nse.CapitalOrders)
		var want []codec.Command
		each(t, open(t, c), func(c *codec.Command) {
			if err := w.Write(c); err != nil {
				t.Fatalf("%+v: %v", c, err)
			}
			if c.Kind == codec.KindDefine {
				c.AsInstrument().Tick, c.AsInstrument().Lot = 0, 0
			}
			want = append(want, *c)
		})
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		r := nse.NewReader(&file, nse.CapitalOrders, nse.Options{})
		var got codec.Command
		for i := range want {
			if err := r.Next(&got); err != nil {
				t.Fatalf("command %d: %v", i, err)
			}
			if got.Kind == codec.KindDefine {
				got.AsInstrument().Tick, got.AsInstrument().Lot = 0, 0
			}
			if got != want[i] {
				t.Fatalf("%s order, command %d: %+v from the file, want %+v", layout, i, got, want[i])
			}
		}
		if err := r.Next(&got); !errors.Is(err, io.EOF) {
			t.Fatalf("behind the last command: %v", err)
		}
	}
}

func TestBadConfigs(t *testing.T) {
	for _, test := range []struct {
		config Config
		field  string
	}{
		{Config{Orders: -1}, "Orders"},
		{Config{Orders: OrdersPerMax + 1, Instruments: 1}, "Orders"},
		{Config{Instruments: -1}, "Instruments"},
		{Config{Instruments: InstrumentsMax + 1}, "Instruments"},
		{Config{Members: MembersMax + 1}, "Members"},
		{Config{Members: 65535, Clients: 65538}, "Members x Clients"},
		{Config{Resting: 500*restingFloor - 1}, "Resting"},
		{Config{Resting: RestingMax + 1}, "Resting"},
		{Config{Layout: 2}, "Layout"},
		{Config{Date: time.Date(1979, 12, 31, 0, 0, 0, 0, time.UTC)}, "Date"},
		{Config{Date: time.Date(2028, 5, 8, 0, 0, 0, 0, time.UTC)}, "Date"},
		{Config{Date: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, "Date"},
	} {
		_, err := New(test.config)
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "config: "+test.field+" ") {
			t.Errorf("%+v: %v, want an error about %s", test.config, err, test.field)
		}
	}
	for _, date := range []time.Time{time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2028, 5, 7, 23, 0, 0, 0, time.UTC)} {
		if _, err := New(Config{Orders: 1, Instruments: 1, Date: date}); err != nil {
			t.Errorf("%s: %v", date, err)
		}
	}
}

// The date is taken as it stands, whatever its zone.
func TestDate(t *testing.T) {
	for _, zone := range []*time.Location{time.UTC, india, time.FixedZone("", -11*3600)} {
		d := open(t, Config{Orders: 1000, Instruments: 1, Date: time.Date(2027, 2, 3, 22, 30, 0, 0, zone)})
		each(t, d, func(c *codec.Command) {
			if got := time.Unix(0, c.TimeNs).In(india).Format(time.DateOnly); got != "2027-02-03" {
				t.Fatalf("stamped %s", got)
			}
		})
	}
}
