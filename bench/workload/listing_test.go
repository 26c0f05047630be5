package workload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/engine/rulebook"
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

// What the symbols are does not depend on the seed, and fits the rule book.
func TestListings(t *testing.T) {
	date := rulebook.DateOf(DateDefault.UnixNano())
	bands, lots := map[string]int{}, 0
	for rank := range InstrumentsMax {
		l := listingOf(rank, date)
		if l.base < 20_00 || l.base > 20_000_00 || l.base%l.tick != 0 || l.tick != rulebook.Tick(date, l.class, l.base) || l.unit()%uint32(l.lot) != 0 && l.lot > 1 {
			t.Fatalf("%+v", l)
		}
		bands[fmt.Sprintf("%s %s %d", l.series, l.class, l.band)]++
		if l.lot > 1 {
			lots++
		}
		r := l.rules(date, 7)
		if r.Instrument != 7 || r.PrevClose != l.base || r.Low >= l.base || r.High <= l.base || r.Freeze == 0 || r.DisclosedPct != 10 {
			t.Fatalf("%+v", r)
		}
	}
	if len(bands) != 4 || lots != InstrumentsMax/16 {
		t.Errorf("%v, %d in lots", bands, lots)
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

// I4: what an NSE file has of the day, through a file and back. It has no record of a reduce, of an order for
// an instrument that is not listed, or without a side; no validity but day and IOC; and no notice but the
// definitions.
func TestThroughAFile(t *testing.T) {
	for _, layout := range []Layout{TimeOrder, SymbolOrder} {
		c := Config{Seed: 8, Orders: 50_000, Instruments: 30, Layout: layout}
		var file bytes.Buffer
		w := nse.NewWriter(&file, nse.CapitalOrders)
		var want []string
		names, lost, foreign := map[uint32]string{}, 0, 0
		each(t, open(t, c), func(c *codec.Command) {
			err := w.Write(c)
			if carry := (*nse.CarryError)(nil); errors.As(err, &carry) {
				lost++
				return
			}
			if err != nil {
				t.Fatalf("%+v: %v", c, err)
			}
			if c.Kind == codec.KindDefine {
				names[c.AsInstrument().Instrument] = c.AsInstrument().Name()
				return
			}
			one := *c
			one.Member, one.Client = codec.Owner(c.Order, nse.DefaultMembers, nse.DefaultClients)
			if one.Member != c.Member || one.Client != c.Client {
				foreign++
			}
			want = append(want, carried(&one, names))
		})
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if len(want) < 48_000 || lost > 2500 || foreign == 0 || foreign > 1000 {
			t.Errorf("the file has %d messages, not %d commands, and %d under another owner", len(want), lost, foreign)
		}
		r := nse.NewReader(&file, nse.CapitalOrders, nse.Options{})
		clear(names)
		for i := 0; i < len(want); {
			var got codec.Command
			if err := r.Next(&got); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
			if got.Kind == codec.KindDefine { // the reader defines an instrument when it meets it
				names[got.AsInstrument().Instrument] = got.AsInstrument().Name()
				continue
			}
			if got := carried(&got, names); got != want[i] {
				t.Fatalf("%s order, message %d: %s from the file, want %s", layout, i, got, want[i])
			}
			i++
		}
		if err := r.Next(&codec.Command{}); !errors.Is(err, io.EOF) {
			t.Fatalf("behind the last message: %v", err)
		}
	}
}

// carried is what an NSE file carries of a message.
func carried(c *codec.Command, names map[uint32]string) string {
	one := *c
	one.Instrument, one.Ref, one.PAN = 0, 0, 0
	one.Flags &^= codec.FlagCancelActive
	return fmt.Sprintf("%s %+v", names[c.Instrument], one)
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
		{Config{Members: 65527, Clients: 65546}, "Members x Clients"},
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
		if d, err := New(Config{Orders: 1, Instruments: 1, Date: date}); err != nil {
			t.Errorf("%s: %v", date, err)
		} else {
			d.Close()
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
