package pretrade

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/tezi-exchange/tezi/orderbook"
)

const (
	buy  = orderbook.Buy
	sell = orderbook.Sell
)

// tester is a test, or a step of rapid.
type tester interface {
	Helper()
	Cleanup(func())
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func create(t tester, clientsMax, positionsMax int) *Accounts {
	t.Helper()
	a, err := New(Limits{ClientsMax: clientsMax, PositionsMax: positionsMax})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// open opens a position that there must be room for.
func open(t tester, a *Accounts, member uint16, client, instrument uint32) Position {
	t.Helper()
	p, reason := a.Position(member, client, instrument)
	if reason != orderbook.Accepted || p == 0 {
		t.Fatalf("position %d, %v", p, reason)
	}
	return p
}

func check(t tester, a *Accounts) {
	t.Helper()
	if err := a.Check(); err != nil {
		t.Fatal(err)
	}
}

func TestLimitsAreValidated(t *testing.T) {
	for _, c := range []struct {
		limits Limits
		ok     bool
	}{
		{Limits{ClientsMax: 1, PositionsMax: 1}, true},
		{Limits{ClientsMax: 3, PositionsMax: 5}, true},
		{Limits{ClientsMax: 0, PositionsMax: 1}, false},
		{Limits{ClientsMax: 1, PositionsMax: 0}, false},
		{Limits{ClientsMax: -1, PositionsMax: 1}, false},
		{Limits{ClientsMax: 1, PositionsMax: math.MinInt}, false},
		{Limits{ClientsMax: rowsMax + 1, PositionsMax: 1}, false},
		{Limits{ClientsMax: 1, PositionsMax: rowsMax + 1}, false},
		{Limits{ClientsMax: 1, PositionsMax: 1, ClientMargin: -1}, false},
		{Limits{ClientsMax: 1, PositionsMax: 1, MemberMargin: -1}, false},
	} {
		a, err := New(c.limits)
		if (err == nil) != c.ok || (a != nil) != c.ok {
			t.Errorf("%+v: %v, want ok %v", c.limits, err, c.ok)
		}
	}
}

// A position fills a cache line and two accounts do, so a call touches a line for each of them.
func TestRowsAreAligned(t *testing.T) {
	if n := unsafe.Sizeof(position{}); n != 64 {
		t.Errorf("a position has %d bytes", n)
	}
	if n := unsafe.Sizeof(account{}); n != 32 {
		t.Errorf("an account has %d bytes", n)
	}
	for n := 1; n < 3000; n = n*5/4 + 1 {
		a := create(t, n, n)
		open(t, a, 1, 1, 1)
		if p := uintptr(unsafe.Pointer(&a.positions[0])); p%64 != 0 {
			t.Errorf("%d positions begin at %#x", n, p)
		}
		if p := uintptr(unsafe.Pointer(&a.accounts[0])); p%32 != 0 {
			t.Errorf("%d accounts begin at %#x", n, p)
		}
	}
}

// P6: the key is all three numbers, and numbers are dense in the order of opening.
func TestPositionIsFoundAgain(t *testing.T) {
	a := create(t, 100, 1000)
	type key struct {
		member             uint16
		client, instrument uint32
	}
	keys := []key{
		{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0}, {1, 0, 1}, {0, 1, 1}, {1, 1, 1}, {1, 1, 2}, {1, 2, 1}, {2, 1, 1},
		{math.MaxUint16, math.MaxUint32, math.MaxUint32}, {256, 65536, 1 << 24}, {1, 256, 65536},
	}
	for round := range 2 {
		for i, k := range keys {
			if p := open(t, a, k.member, k.client, k.instrument); p != Position(i+1) {
				t.Fatalf("round %d: %+v is position %d, want %d", round, k, p, i+1)
			}
		}
	}
	check(t, a)
}

// P6: keys with the same tag are told apart, whichever number they differ in. Of 2^19 keys at random some
// share one; of the members of one client and instrument none does, but where the product is 0 all do.
func TestSameTag(t *testing.T) {
	for name, keyOf := range map[string]func(n uint32) naiveKey{
		"member":     func(n uint32) naiveKey { return naiveKey{uint16(n), 0x9e3779b9, 0x7f4a7c15} },
		"client":     func(n uint32) naiveKey { return naiveKey{1, n, 1} },
		"instrument": func(n uint32) naiveKey { return naiveKey{1, 1, n} },
	} {
		random, seen, found := rand.New(rand.NewPCG(3, 4)), map[uint32]naiveKey{}, 0
		for n := 0; n < 1<<19 && found < 3; n++ {
			k := keyOf(random.Uint32())
			tag := tagOf(k.member, k.client, k.instrument)
			twin, ok := seen[tag]
			if seen[tag] = k; !ok || twin == k {
				continue
			}
			found++
			a := create(t, 2, 2)
			for range 2 {
				p, q := open(t, a, twin.member, twin.client, twin.instrument), open(t, a, k.member, k.client, k.instrument)
				if p != 1 || q != 2 {
					t.Fatalf("%+v is position %d, %+v is %d", twin, p, k, q)
				}
			}
		}
		if found < 3 {
			t.Errorf("%s: only %d pairs of keys with the same tag", name, found)
		}
	}
}

// P6 for accounts: in a half full table their probes meet.
func TestAccountIsFoundAgain(t *testing.T) {
	const n = 1 << 14
	a := create(t, n, 1)
	party := func(i uint32) (uint16, uint32) { return uint16(i * 7919 >> 2), i&3 + 1 }
	for round := range int64(2) {
		for i := range uint32(n) {
			member, client := party(i)
			if reason := a.SetLimit(member, client, int64(i)+round+1); reason != orderbook.Accepted {
				t.Fatal(reason)
			}
		}
		for i := range uint32(n) {
			member, client := party(i)
			if _, limit := a.Margin(member, client); limit != int64(i)+round+1 {
				t.Fatalf("client %d of member %d has limit %d", client, member, limit)
			}
		}
	}
	check(t, a)
}

// A full table refuses what is new, opens nothing (P5) and still finds what it has.
func TestAccountsFull(t *testing.T) {
	a := create(t, 2, 3)
	open(t, a, 1, 11, 1)
	open(t, a, 1, 12, 1)
	before := a.StateHash()
	if p, reason := a.Position(1, 13, 1); p != 0 || reason != orderbook.RejectAccounts {
		t.Fatalf("a third client: position %d, %v", p, reason)
	}
	if reason := a.SetLimit(1, 13, 100); reason != orderbook.RejectAccounts {
		t.Fatalf("the limit of a third client: %v", reason)
	}
	if reason := a.SetLimit(1, 13, 0); reason != orderbook.Accepted {
		t.Fatalf("no limit for a third client: %v", reason)
	}
	if a.StateHash() != before {
		t.Fatal("a refused client left something")
	}
	open(t, a, 1, 12, 2)
	if p, reason := a.Position(1, 11, 2); p != 0 || reason != orderbook.RejectAccounts {
		t.Fatalf("a fourth position: %d, %v", p, reason)
	}
	open(t, a, 1, 11, 1)
	check(t, a)

	// A row that cannot be opened opens no account either.
	a = create(t, 9, 1)
	open(t, a, 1, 11, 1)
	a.Position(1, 12, 1)
	if len(a.accounts) != 1 {
		t.Fatalf("%d accounts", len(a.accounts))
	}
}

// TestForget: whatever came before, a client and a position whose first order is refused leave nothing, and the others are
// found as before; one that was heard of before stays, with its rate.
func TestForget(t *testing.T) {
	const clients = 3000
	a := create(t, clients, clients+1)
	for client := uint32(1); client < clients; client++ {
		before := a.StateHash()
		for _, refused := range []uint32{client, client + clients} { // one comes again, the other does not
			p := open(t, a, 1, refused, 1)
			if a.Forget(p); a.StateHash() != before {
				t.Fatalf("client %d leaves something", refused)
			}
			p = open(t, a, 1, refused, 1)
			a.Reserve(p, buy, 1000, 3000)
			if a.Undo(p, buy, 1000); a.StateHash() != before {
				t.Fatalf("the order of client %d leaves something", refused)
			}
		}
		a.Reserve(open(t, a, 1, client, 1), buy, 10, 0)
		if client%500 == 0 {
			check(t, a)
		}
	}
	check(t, a)
	if len(a.accounts) != clients-1 || len(a.positions) != clients-1 {
		t.Errorf("%d accounts, %d positions", len(a.accounts), len(a.positions))
	}
	before := a.StateHash()
	p := open(t, a, 1, 7, 2) // a known client
	if a.Forget(p); a.StateHash() != before {
		t.Error("a position of a client who has another leaves something")
	}
	known := open(t, a, 1, 7, 1)
	a.Reserve(known, sell, 500, 4000)
	if a.Undo(known, sell, 500); a.StateHash() != before {
		t.Error("a refused order leaves its margin rate")
	}
	if a.Forget(known); a.StateHash() != before {
		t.Error("a position with an order is forgotten")
	}
}

func TestSetLimit(t *testing.T) {
	a := create(t, 4, 4)
	margin := func(member uint16, client uint32, used, limit int64) {
		t.Helper()
		if u, l := a.Margin(member, client); u != used || l != limit {
			t.Fatalf("client %d of member %d uses %d of %d, want %d of %d", client, member, u, l, used, limit)
		}
	}
	if reason := a.SetLimit(1, 11, -1); reason != orderbook.RejectValue {
		t.Fatalf("a negative limit: %v", reason)
	}
	margin(1, 11, 0, 0)
	a.SetLimit(1, 11, 500) // before its first order
	a.SetLimit(1, 0, 900)
	a.SetLimit(2, 0, math.MaxInt64)
	margin(1, 11, 0, 500)
	margin(1, 0, 0, 900)
	margin(2, 11, 0, 0)
	margin(2, 0, 0, math.MaxInt64)
	if reason := a.Reserve(open(t, a, 1, 11, 1), buy, 2505, 0); reason != orderbook.RejectMargin {
		t.Fatalf("501 of 500: %v", reason)
	}
	a.SetLimit(1, 11, 0)
	if reason := a.Reserve(open(t, a, 1, 11, 1), buy, 2505, 0); reason != orderbook.Accepted {
		t.Fatalf("without a limit: %v", reason)
	}
	margin(1, 11, 501, 0)
	margin(1, 0, 501, 900)
	check(t, a)
}

// What can only be a bug of the caller stops the engine (P2).
func TestBrokenCallsPanic(t *testing.T) {
	for name, call := range map[string]func(a *Accounts, p Position){
		"reserve below 0":            func(a *Accounts, p Position) { a.Reserve(p, buy, -1, 0) },
		"reserve for nobody":         func(a *Accounts, _ Position) { a.Reserve(0, buy, 1, 0) },
		"reserve for a stranger":     func(a *Accounts, p Position) { a.Reserve(p+1, buy, 1, 0) },
		"reserve without a side":     func(a *Accounts, p Position) { a.Reserve(p, 0, 1, 0) },
		"release more than reserved": func(a *Accounts, p Position) { a.Release(p, buy, 101) },
		"release the other side":     func(a *Accounts, p Position) { a.Release(p, sell, 1) },
		"release below 0":            func(a *Accounts, p Position) { a.Release(p, buy, -1) },
		"replace more than reserved": func(a *Accounts, p Position) { a.Replace(p, buy, 101, 1, 0) },
		"replace below 0":            func(a *Accounts, p Position) { a.Replace(p, buy, -1, 1, 0) },
		"replace by less than 0":     func(a *Accounts, p Position) { a.Replace(p, buy, 1, -1, 0) },
		"trade more than reserved":   func(a *Accounts, p Position) { a.Trade(p, buy, 101, 1) },
		"trade below 0 reserved":     func(a *Accounts, p Position) { a.Trade(p, buy, -1, 1) },
		"forget behind another":      func(a *Accounts, _ Position) { p, _ := a.Position(1, 12, 1); a.Position(1, 13, 1); a.Forget(p) },
		"trade below 0":              func(a *Accounts, p Position) { a.Trade(p, buy, 100, -1) },
	} {
		t.Run(name, func(t *testing.T) {
			a := create(t, 4, 4)
			p := open(t, a, 1, 11, 1)
			a.Reserve(p, buy, 100, 0)
			defer func() {
				if recover() == nil {
					t.Fatal("no panic")
				}
			}()
			call(a, p)
		})
	}
}

// P7: what would not fit is refused, at the entry and at the modify, on either side and over positions.
func TestValuesOutOfRange(t *testing.T) {
	const half = exposureMax / 2
	a := create(t, 8, 8)
	p := open(t, a, 1, 11, 1)
	want := func(what string, got, want orderbook.RejectReason) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: %v, want %v", what, got, want)
		}
		check(t, a)
	}
	want("all that fits into 64 bits", a.Reserve(p, buy, math.MaxInt64, math.MaxUint16), orderbook.RejectValue)
	want("above half", a.Reserve(p, buy, half+1, math.MaxUint16), orderbook.RejectValue)
	want("half", a.Reserve(p, buy, half, 1), orderbook.Accepted)
	want("one more", a.Reserve(p, buy, 1, 1), orderbook.RejectValue)
	want("so much that 64 bits wrap", a.Reserve(p, buy, math.MaxInt64, 1), orderbook.RejectValue)
	want("the other side", a.Reserve(p, sell, half, 1), orderbook.Accepted)
	want("one more there", a.Replace(p, sell, half, half+1, 1), orderbook.RejectValue)
	want("far more there", a.Replace(p, sell, 1, math.MaxInt64, 1), orderbook.RejectValue)
	a.Trade(p, buy, half, exposureMax) // twice what was reserved, and still booked
	want("what reduces it", a.Reserve(p, sell, 1, 1), orderbook.Accepted)
	a.Release(p, sell, 1)
	want("a sell against it", a.Reserve(p, sell, half, math.MaxUint16), orderbook.RejectValue)
	a.Trade(p, sell, half, half)
	a.Trade(p, sell, 0, half)
	want("flat again", a.Reserve(p, buy, 1, math.MaxUint16), orderbook.Accepted)

	// Margins of 6.5 times half of exposureMax: the member has room for one.
	p = open(t, a, 2, 21, 1)
	want("first", a.Reserve(p, buy, half/2, math.MaxUint16), orderbook.Accepted)
	want("second", a.Reserve(open(t, a, 2, 22, 1), buy, half/2, math.MaxUint16), orderbook.RejectValue)
	want("of another member", a.Reserve(open(t, a, 3, 21, 1), sell, half/2, math.MaxUint16), orderbook.Accepted)
	a.Trade(p, buy, half/2, half) // above half of usedMax
	want("what lowers it", a.Reserve(p, sell, 1, math.MaxUint16-1), orderbook.Accepted)
	want("what raises it", a.Reserve(p, sell, 1, math.MaxUint16), orderbook.RejectValue)
}

// P7: a trade that the sums have no room for gives back what was reserved for it, and no more.
func TestTradeWithoutRoom(t *testing.T) {
	for name, trade := range map[string]func(a *Accounts, p Position){
		"more than can be":        func(a *Accounts, p Position) { a.Trade(p, buy, 60, exposureMax+1) },
		"after a short position":  func(a *Accounts, p Position) { a.Trade(p, sell, 0, exposureMax); a.Trade(p, buy, 60, math.MaxInt64) },
		"no room for the reserve": func(a *Accounts, p Position) { a.Trade(p, buy, 60, exposureMax) },
		"no room for the margin": func(a *Accounts, p Position) {
			a.Reserve(p, buy, 0, math.MaxUint16)
			a.Trade(p, buy, 60, exposureMax-100)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := create(t, 4, 4)
			p := open(t, a, 1, 11, 1)
			a.Reserve(p, buy, 100, 0)
			trade(a, p)
			check(t, a)
			net, openBuy, _ := a.Net(p)
			want := int64(0)
			if name == "after a short position" {
				want = -exposureMax
			}
			if net != want || openBuy != 40 {
				t.Errorf("net %d and %d open, want %d and 40", net, openBuy, want)
			}
			a.Release(p, buy, 40)
			check(t, a)
		})
	}
}

func TestMarginOf(t *testing.T) {
	for _, c := range []struct {
		exposure int64
		bps      uint16
		want     int64
	}{
		{0, 2000, 0}, {1, 2000, 1}, {5, 2000, 1}, {6, 2000, 2}, {9999, 1, 1}, {10_000, 1, 1}, {10_001, 1, 2},
		{12_345, 10_000, 12_345}, {12_345, math.MaxUint16, 80_903}, // 80,902.9575
		{exposureMax, 10_000, exposureMax}, {exposureMax, 1, 115_292_150_460_685}, // ...684.6976
	} {
		if got := marginOf(c.exposure, c.bps); got != c.want {
			t.Errorf("%d at %d: %d, want %d", c.exposure, c.bps, got, c.want)
		}
	}
}

// Those who have no limit of their own have that of the Limits; client 0, which stands for nobody, has none.
func TestDefaultLimits(t *testing.T) {
	l := Limits{ClientsMax: 10, PositionsMax: 10, ClientMargin: 100, MemberMargin: 150}
	a, err := New(l)
	if err != nil {
		t.Fatal(err)
	}
	reserve := func(member uint16, client uint32, margin int64, want orderbook.RejectReason) {
		t.Helper()
		p, _ := a.Position(member, client, 1)
		if got := a.Reserve(p, orderbook.Buy, 5*margin, MarginBpsDefault); got != want {
			t.Errorf("member %d, client %d, margin %d: %v, want %v", member, client, margin, got, want)
		}
		if want != orderbook.Accepted {
			a.Forget(p)
		}
	}
	reserve(1, 7, 101, orderbook.RejectMargin)
	reserve(1, 7, 100, orderbook.Accepted)
	reserve(1, 8, 51, orderbook.RejectMargin)
	reserve(2, 0, 134, orderbook.Accepted)
	reserve(2, 9, 1, orderbook.Accepted)
	a.SetLimit(3, 10, 0)
	a.SetLimit(3, 0, 0)
	reserve(3, 10, 1_000_000, orderbook.Accepted)
	defer a.Close()
	b, _ := New(l)
	defer b.Close()
	if err := b.Restore(a.AppendState(nil)); err != nil || b.StateHash() != a.StateHash() {
		t.Errorf("restored: %v, hash %#x, want %#x", err, b.StateHash(), a.StateHash())
	}
	other, _ := New(Limits{ClientsMax: 10, PositionsMax: 10, ClientMargin: 100})
	defer other.Close()
	if err := other.Restore(a.AppendState(nil)); !errors.Is(err, ErrState) {
		t.Errorf("restored under other limits: %v", err)
	}
}

// P7: what a position has room for, in the units of its price and in paise, is taken to the last unit.
func TestRoomAtEveryScale(t *testing.T) {
	for scale, most := range map[uint8]int64{0: exposureMax / 2 / 100, 1: exposureMax / 2 / 10, 2: exposureMax / 2, 3: exposureMax / 2, 9: exposureMax / 2} {
		a := create(t, 2, 2)
		a.SetScale(1, scale)
		for _, side := range []orderbook.Side{buy, sell} {
			p := open(t, a, uint16(side), 1, 1)
			if r := a.Reserve(p, side, most+1, 0); r != orderbook.RejectValue {
				t.Errorf("scale %d: %v, want %v", scale, r, orderbook.RejectValue)
			}
			if r := a.Reserve(p, side, most, 0); r != orderbook.Accepted {
				t.Errorf("scale %d: %v", scale, r)
			}
			a.Trade(p, side, most, 2*most) // all the room, also that for trades beyond their reserve
			check(t, a)
			if net, _, _ := a.Net(p); max(net, -net) != 2*most {
				t.Errorf("scale %d: a net of %d, want %d", scale, net, 2*most)
			}
			if r := a.Reserve(p, 3-side, 1, 0); r != orderbook.Accepted {
				t.Errorf("scale %d: what reduces is answered by %v", scale, r)
			}
			a.Trade(p, side, 0, exposureMax) // for which there is none
			check(t, a)
		}
	}
}
