package rulebook

import (
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// flexRules100 are the rules of a stock with derivatives that closed at 100.00.
var flexRules100 = &codec.Rules{PrevClose: 100_00, Low: 90_00, High: 110_00, Flags: codec.RuleBandFlexes}

// crowd makes n trades at price, one a millisecond from timeNs on, by so many clients and members on
// each side, and returns the time of the last.
func crowd(f *Flex, timeNs int64, price orderbook.Price, n, clients, members int) int64 {
	for i := range n {
		client, member := uint32(i%clients), uint16(i%members)
		f.Trade(timeNs, flexRules100, price, 100+client, 200+client, 10+member, 20+member)
		timeNs += int64(time.Millisecond)
	}
	return timeNs - int64(time.Millisecond)
}

func onDay(d Date, hour, minute int64) int64 { return d.Midnight() + clock(hour, minute) }

func TestFlexConditions(t *testing.T) {
	for _, c := range []struct {
		name                string
		day                 Date
		price               orderbook.Price
		n, clients, members int
		begins              bool
	}{
		{"at 9.90 %", 20241118, 109_90, 50, 10, 3, true},
		{"at the edge", 20241118, 110_00, 50, 10, 3, true},
		{"below 9.90 %", 20241118, 109_89, 500, 10, 3, false},
		{"downwards", 20241118, 90_10, 50, 10, 3, true},
		{"not far enough down", 20241118, 90_11, 500, 10, 3, false},
		{"49 trades", 20241118, 110_00, 49, 10, 3, false},
		{"9 clients", 20241118, 110_00, 500, 9, 3, false},
		{"2 members", 20241118, 110_00, 500, 10, 2, false},
		{"first day of 50 trades", 20240603, 110_00, 49, 10, 3, false},
		{"first day of 3 members", 20240603, 110_00, 500, 10, 2, false},
		{"before: 25 trades, 5 clients, 1 member", 20240602, 110_00, 25, 5, 1, true},
		{"before: 24 trades", 20240602, 110_00, 24, 5, 1, false},
		{"before: 4 clients", 20240602, 110_00, 500, 4, 1, false},
	} {
		var f Flex
		last := crowd(&f, onDay(c.day, 11, 0), c.price, c.n, c.clients, c.members)
		if begins := f.Until != 0; begins != c.begins {
			t.Errorf("%s: a cooling-off period: %v, want %v", c.name, begins, c.begins)
		}
		if c.begins && f.Until != last+minutes(15) {
			t.Errorf("%s: it ends %v behind the last trade", c.name, time.Duration(f.Until-last))
		}
	}
}

// TestFlexCountsClientsByMember: one number at several members is as many clients, and at one member one client.
func TestFlexCountsClientsByMember(t *testing.T) {
	for _, c := range []struct {
		clients, members uint32 // with the same numbers at each member
		begins           bool
	}{
		{1, 10, true}, {1, 9, false}, {4, 3, true}, {3, 3, false}, {10, 1, false},
	} {
		var f Flex
		for i := range uint32(500) {
			client, member := 1+i%c.clients, uint16(1+i/c.clients%c.members)
			f.Trade(onDay(20260907, 11, 0), flexRules100, 110_00, client, client, member, member)
		}
		if begins := f.Until != 0; begins != c.begins {
			t.Errorf("%d clients at each of %d members: a cooling-off period: %v, want %v", c.clients, c.members, begins, c.begins)
		}
	}
}

// TestFlexSides wants the clients and the members of each side: ten who buy from the same one are not
// enough.
func TestFlexSides(t *testing.T) {
	for name, change := range map[string]func(bc, sc *uint32, bm, sm *uint16){
		"one buyer":          func(bc, _ *uint32, _, _ *uint16) { *bc = 1 },
		"one seller":         func(_, sc *uint32, _, _ *uint16) { *sc = 1 },
		"one buying member":  func(_, _ *uint32, bm, _ *uint16) { *bm = 1 },
		"one selling member": func(_, _ *uint32, _, sm *uint16) { *sm = 1 },
		"unknown buyers":     func(bc, _ *uint32, _, _ *uint16) { *bc = 0 },
		"unknown members":    func(_, _ *uint32, _, sm *uint16) { *sm = 0 },
	} {
		var f Flex
		for i := range 500 {
			bc, sc, bm, sm := uint32(1+i%50), uint32(100+i%50), uint16(1+i%7), uint16(11+i%7)
			change(&bc, &sc, &bm, &sm)
			f.Trade(onDay(20260907, 11, 0), flexRules100, 110_00, bc, sc, bm, sm)
		}
		if f.Until != 0 {
			t.Errorf("%s: the band flexes", name)
		}
	}
}

// TestFlexSlides is the example of NSE/FAOP/64995: 90-110 becomes 95-115, and before that day 90-115.
func TestFlexSlides(t *testing.T) {
	for _, c := range []struct {
		day       Date
		price     orderbook.Price
		low, high orderbook.Price
	}{
		{20241118, 110_00, 95_00, 115_00},
		{20241118, 90_00, 85_00, 105_00},
		{20241117, 110_00, 90_00, 115_00},
		{20241117, 90_00, 85_00, 110_00},
	} {
		var f Flex
		last := crowd(&f, onDay(c.day, 11, 0), c.price, 50, 10, 3)
		if _, _, due := f.Due(last+minutes(15)-1, flexRules100); due {
			t.Errorf("%d: due before the end of the cooling-off period", c.day)
		}
		low, high, due := f.Due(last+minutes(15), flexRules100)
		if !due || low != c.low || high != c.high {
			t.Errorf("%d at %d: band %d to %d, %v, want %d to %d", c.day, c.price, low, high, due, c.low, c.high)
		}
		if _, _, again := f.Due(last+minutes(15), flexRules100); again {
			t.Errorf("%d: due twice", c.day)
		}
	}
}

// TestFlexSchedule goes up all day: how far and after how long, on both sides of 19 Aug 2024.
func TestFlexSchedule(t *testing.T) {
	type flex struct {
		price   orderbook.Price // at which it begins: 0.10 points from the edge
		minutes int64
		high    orderbook.Price
	}
	for _, c := range []struct {
		day   Date
		flows []flex
	}{
		{20240819, []flex{
			{109_90, 15, 115_00}, {114_90, 15, 120_00}, {119_90, 30, 123_00}, {122_90, 30, 126_00},
			{125_90, 60, 128_00}, {127_90, 60, 130_00},
		}},
		{20240818, []flex{
			{109_90, 15, 115_00}, {114_90, 15, 120_00}, {119_90, 15, 125_00}, {124_90, 15, 130_00},
		}},
	} {
		var f Flex
		now := onDay(c.day, 9, 15)
		for i, want := range c.flows {
			if crowd(&f, now, want.price-1, 60, 10, 3); f.Until != 0 {
				t.Fatalf("%d, flex %d: begins at %d", c.day, i, want.price-1)
			}
			now = crowd(&f, now, want.price, 50, 10, 3)
			if f.Until != now+minutes(want.minutes) {
				t.Fatalf("%d, flex %d: cools off for %v", c.day, i, time.Duration(f.Until-now))
			}
			now = f.Until
			if _, high, due := f.Due(now, flexRules100); !due || high != want.high {
				t.Fatalf("%d, flex %d: high %d, %v, want %d", c.day, i, high, due, want.high)
			}
		}
	}
}

func TestFlexLastHalfHour(t *testing.T) {
	var f Flex
	crowd(&f, onDay(20260802, 15, 0)-int64(50*time.Millisecond), 110_00, 50, 10, 3)
	if got := f.Until - onDay(20260802, 15, 0); got < minutes(14) {
		t.Errorf("met before 15:00, it ends %v behind", time.Duration(got))
	}
	f = Flex{}
	last := crowd(&f, onDay(20260802, 15, 0)-int64(49*time.Millisecond), 110_00, 50, 10, 3)
	if got := f.Until - onDay(20260802, 15, 0); got != minutes(5) {
		t.Errorf("met from 15:00 on, it takes %v", time.Duration(got))
	}
	f.Flexes = 2
	f.Until = 0
	if last = crowd(&f, last, 110_00, 1, 1, 1); f.Until != last+minutes(30) {
		t.Errorf("a step of 30 minutes takes %v in the last half hour", time.Duration(f.Until-last))
	}
}

// TestFlexEnds: since the closing auction nothing flexes from 15:15 on.
func TestFlexEnds(t *testing.T) {
	for _, c := range []struct {
		day  Date
		ends bool
	}{{20260802, false}, {20260803, true}} {
		var f Flex
		crowd(&f, onDay(c.day, 15, 15), 110_00, 50, 10, 3)
		if began := f.Until != 0; began == c.ends {
			t.Errorf("%d: begins at 15:15: %v", c.day, began)
		}
		f = Flex{}
		crowd(&f, onDay(c.day, 15, 11), 110_00, 50, 10, 3)
		if _, _, due := f.Due(onDay(c.day, 15, 17), flexRules100); due == c.ends {
			t.Errorf("%d: due at 15:16: %v", c.day, due)
		}
	}
}

// TestFlexIsDueWhenNobodyAsks: a cooling-off period that was over before bands flexed no more moves the band, whenever somebody
// asks: with the first command of 15:15 it once was too late.
func TestFlexIsDueWhenNobodyAsks(t *testing.T) {
	for _, c := range []struct {
		from time.Duration // 15:00 and
		due  bool
	}{{9*time.Minute + 59*time.Second, true}, {10 * time.Minute, false}} {
		var f Flex
		crowd(&f, onDay(20260907, 15, 0)+int64(c.from)-int64(49*time.Millisecond), 110_00, 50, 10, 3)
		low, high, due := f.Due(onDay(20260907, 15, 15), flexRules100)
		if due != c.due || due && (low != 95_00 || high != 115_00) {
			t.Errorf("met at 15:00 + %v: at 15:15 it is due: %v, from %d to %d", c.from, due, low, high)
		}
	}
}

// TestFlexCoolingOff: what trades while the band cools off does not count for the next flex, and what
// was near the other edge before it slid does not count either.
func TestFlexCoolingOff(t *testing.T) {
	var f Flex
	now := onDay(20260907, 10, 0)
	now = crowd(&f, now, 90_00, 49, 10, 3)
	now = crowd(&f, now+1, 110_00, 50, 10, 3)
	until := f.Until
	crowd(&f, now+1, 110_00, 50, 10, 3)
	crowd(&f, now+1, 90_00, 50, 10, 3)
	if f.Until != until || f.Toward != orderbook.Buy {
		t.Fatal("trades in the cooling-off period change it")
	}
	if low, _, due := f.Due(until, flexRules100); !due || low != 95_00 {
		t.Fatalf("low %d, %v", low, due)
	}
	if f.Up != (Tally{}) || f.Down != (Tally{}) {
		t.Error("old trades count at the new edges")
	}
	if crowd(&f, until, 95_10, 50, 10, 3); f.Until == 0 || f.Toward != orderbook.Sell {
		t.Fatal("the band does not turn back from its new lower edge")
	}
	if low, high, _ := f.Due(f.Until, flexRules100); low != 90_00 || high != 110_00 {
		t.Errorf("back again it is %d to %d", low, high)
	}
}

// TestFlexOldOtherEdge: while bands did not slide, the other edge stood, and so did its count.
func TestFlexOldOtherEdge(t *testing.T) {
	var f Flex
	now := crowd(&f, onDay(20240819, 10, 0), 90_00, 49, 10, 3)
	crowd(&f, now+1, 110_00, 50, 10, 3)
	f.Due(f.Until, flexRules100)
	if f.Down.Trades != 49 || f.Up != (Tally{}) {
		t.Errorf("%d trades down, %d up", f.Down.Trades, f.Up.Trades)
	}
}

func TestFlexNewDay(t *testing.T) {
	var f Flex
	crowd(&f, onDay(20260907, 10, 0), 110_00, 50, 10, 3)
	if _, _, due := f.Due(onDay(20260908, 9, 15), flexRules100); due {
		t.Error("yesterday's band is due")
	}
	if f != (Flex{Midnight: Date(20260908).Midnight()}) {
		t.Error("the day does not begin afresh")
	}
	crowd(&f, onDay(20260907, 10, 0), 110_00, 1, 1, 1)
	if f.Midnight != Date(20260907).Midnight() || f.Up.Trades != 1 {
		t.Error("a time before the day does not begin its own")
	}
}

func TestFlexOnlyByTheRules(t *testing.T) {
	for _, r := range []codec.Rules{{PrevClose: 100_00}, {Flags: codec.RuleBandFlexes}} {
		var f Flex
		f.Trade(onDay(20260907, 10, 0), &r, 110_00, 1, 2, 3, 4)
		if f != (Flex{}) {
			t.Error("a trade counts that no rule counts")
		}
		f = Flex{Midnight: Date(20260907).Midnight(), Until: onDay(20260907, 10, 15), Toward: orderbook.Buy}
		if _, _, due := f.Due(f.Until, &r); due || f.Until != 0 {
			t.Error("a band flexes that no rule flexes")
		}
	}
}
