package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/rulebook"
	"github.com/tezi-exchange/tezi/orderbook"
)

// A state that somebody has made up, with right checksums, is refused if it would index, divide or give back what
// it has not.
func TestMadeUpSnapshotIsRefused(t *testing.T) {
	for name, fault := range map[string]func(c *Core){
		"no position":            func(c *Core) { firstOwner(c).position = 0 },
		"position out of range":  func(c *Core) { firstOwner(c).position = 1<<32 - 1 },
		"position behind all":    func(c *Core) { firstOwner(c).position += 1 << 20 },
		"another client":         func(c *Core) { firstOwner(c).client++ },
		"another member":         func(c *Core) { firstOwner(c).member++ },
		"another side":           func(c *Core) { firstOwner(c).side ^= 3 },
		"no side":                func(c *Core) { firstOwner(c).side = 77 },
		"reserve below 0":        func(c *Core) { firstOwner(c).reserved = -1 },
		"reserve beyond the sum": func(c *Core) { firstOwner(c).reserved++ },
		"no tick":                func(c *Core) { c.markets[1].tick = 0 },
		"no lot":                 func(c *Core) { c.markets[1].lot = 0 },
		"tick below 0":           func(c *Core) { c.markets[1].tick = -5 },
		"average":                func(c *Core) { c.markets[1].averageHi, c.markets[1].averageQty = 7, 7 },
		"phase":                  func(c *Core) { c.markets[1].phase = 200 },
		"number":                 func(c *Core) { c.markets[1].number = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			d, day := newAnyDesk(t, anyLimits), newAnyDay(3)
			for d.core.LiveOrders() == 0 {
				d.do(day.command())
			}
			sound, err := RestoreCore(anyLimits, nil, d.core.AppendState(nil))
			if err != nil {
				t.Fatal(err)
			}
			defer sound.Close()
			fault(sound)
			if c, err := RestoreCore(anyLimits, nil, sound.AppendState(nil)); !errors.Is(err, ErrSnapshot) || c != nil {
				t.Errorf("%v, want %v", err, ErrSnapshot)
			}
		})
	}
}

// Whatever word of a state is another one, with a right checksum: it is refused or restored, without a panic.
func TestMadeUpWordsDoNotPanic(t *testing.T) {
	d, day := newAnyDesk(t, anyLimits), newAnyDay(3)
	for range 300 {
		d.do(day.command())
	}
	state := d.core.AppendState(nil)
	refused, taken := 0, 0
	for at := len(snapshotMagic); at+12 <= len(state); at += 4 {
		was := binary.LittleEndian.Uint32(state[at:])
		binary.LittleEndian.PutUint32(state[at:], [...]uint32{^was, was + 1, 0}[at/4%3])
		resum(state)
		c, err := RestoreCore(anyLimits, nil, state)
		switch {
		case err == nil:
			taken++
			c.Close()
		case errors.Is(err, ErrSnapshot):
			refused++
		default:
			t.Fatalf("another word at byte %d: %v, want %v", at, err, ErrSnapshot)
		}
		binary.LittleEndian.PutUint32(state[at:], was)
	}
	if refused == 0 || taken == 0 {
		t.Errorf("%d refused, %d taken, want some of each", refused, taken)
	}
}

// resum makes the checksum at the end right.
func resum(state []byte) {
	n := len(state) - 8
	binary.LittleEndian.PutUint64(state[n:], xxhash.Sum64(state[:n]))
}

// A state whose parts do not fit together is refused, whoever has made up the checksum: each fault, in a state that is
// sound without it.
func TestIncoherentSnapshotIsRefused(t *testing.T) {
	trading := []codec.Command{define(1), rules(codec.Rules{PrevClose: 100, Low: 50, High: 150}), buy(1, 100, 10), sell(2, 100, 4), phase(codec.PhaseAverage, 0), sell(3, 100, 2)}
	collecting := append(slices.Clone(trading), phase(codec.PhasePreOpen, 0), buy(4, 101, 5))
	ended := append(slices.Clone(trading), phase(codec.PhaseEndOfDay, 0))
	for name, tc := range map[string]struct {
		flow  []codec.Command
		fault func(c *Core, m *market)
	}{
		"halted for no reason of a halt": {trading, func(c *Core, _ *market) { c.halted = orderbook.RejectTick }},
		"trades that nobody counted":     {trading, func(c *Core, _ *market) { c.nextTrade++ }},
		"more trades in auctions":        {trading, func(c *Core, _ *market) { c.counts.AuctionTrades = 9 }},
		"more commands than there were":  {trading, func(c *Core, _ *market) { c.counts.Commands = 99 }},
		"more orders than commands":      {trading, func(c *Core, _ *market) { c.counts.OrdersAccepted = 99 }},
		"more continued":                 {trading, func(c *Core, _ *market) { c.counts.Continues = 99 }},
		"last command before the first":  {trading, func(c *Core, _ *market) { c.last = 0 }},

		"phase that takes other orders": {trading, func(_ *Core, m *market) { m.can = phaseCan[codec.PhaseClosed] }},
		"another phase":                 {trading, func(_ *Core, m *market) { m.phase = codec.PhaseContinuous }},
		"call auction that collects none": {trading, func(_ *Core, m *market) {
			m.phase, m.can, m.watch = codec.PhasePreOpen, phaseCan[codec.PhasePreOpen], 0
		}},
		"orders collected while trading": {trading, func(c *Core, _ *market) { c.books[1].OpenAuction() }},
		"trading while orders are collected": {collecting, func(_ *Core, m *market) {
			m.phase, m.can, m.reference = codec.PhaseContinuous, phaseCan[codec.PhaseContinuous], 0
		}},
		"auction that is not open":       {trading, func(c *Core, m *market) { c.setWork(m, workAuction) }},
		"auction held in its entry":      {collecting, func(c *Core, m *market) { c.setWork(m, workAuction) }},
		"auction of the other end":       {collecting, func(_ *Core, m *market) { m.auction |= auctionClosing }},
		"closing auction in trading":     {trading, func(_ *Core, m *market) { m.auction |= auctionClosing }},
		"auction of an unknown kind":     {trading, func(_ *Core, m *market) { m.auction |= 1 << 7 }},
		"stop-loss orders in an auction": {collecting, func(c *Core, m *market) { c.setWork(m, workStops) }},
		"work of an unknown kind":        {trading, func(_ *Core, m *market) { m.work |= 1 << 7 }},
		"price without an auction":       {collecting, func(_ *Core, m *market) { m.price = 100 }},
		"reference while trading":        {trading, func(_ *Core, m *market) { m.reference = 100 }},

		"price below 0":              {trading, func(_ *Core, m *market) { m.given = -1 }},
		"minute below 0":             {trading, func(_ *Core, m *market) { m.minute = -1 }},
		"a minute before the first":  {trading, func(_ *Core, m *market) { m.inMinute, m.lastMinute = 0, 7 }},
		"close after the day":        {ended, func(_ *Core, m *market) { m.close = 100 }},
		"average above all prices":   {trading, func(_ *Core, m *market) { m.averageLo, m.averageQty = 1<<40, 7 }},
		"average above 2^64":         {trading, func(_ *Core, m *market) { m.averageHi, m.averageQty = 7, 7 }},
		"average below all prices":   {trading, func(_ *Core, m *market) { m.averageLo, m.averageQty = 6, 7 }},
		"average of nothing":         {trading, func(_ *Core, m *market) { m.averageLo, m.averageQty = 7, 0 }},
		"average that nobody counts": {trading, func(_ *Core, m *market) { m.watch = 0 }},
		"watched by an unknown rule": {trading, func(_ *Core, m *market) { m.watch |= 1 << 7 }},

		"band that rules do not give": {trading, func(_ *Core, m *market) { m.high++ }},
		"rules of another instrument": {trading, func(_ *Core, m *market) { m.rules.Instrument++ }},
		"rules that nobody could set": {trading, func(_ *Core, m *market) { m.rules.StopGap = -1 }},
		"band upside down":            {trading, func(_ *Core, m *market) { m.rules.Low, m.low = 151, 151 }},
		"value beyond the rules":      {trading, func(_ *Core, m *market) { m.valueMax++ }},
		"freeze beyond the rules":     {trading, func(_ *Core, m *market) { m.freeze-- }},
		"another ceiling":             {trading, func(_ *Core, m *market) { m.ceiling--; m.bound() }},
		"range that the book has not": {trading, func(_ *Core, m *market) { m.within[1]++ }},
		"range of the book":           {trading, func(c *Core, _ *market) { c.books[1].SetRange(60, 150) }},
		"stop-loss orders held":       {trading, func(c *Core, _ *market) { c.books[1].HoldStops(true) }},

		"cooling-off that nobody ends": {trading, func(c *Core, _ *market) { c.flexes[1] = rulebook.Flex{Midnight: 1, Until: 9, Toward: orderbook.Buy} }},
		"band that moves nowhere":      {trading, func(c *Core, m *market) { c.flexes[1], m.work = rulebook.Flex{Midnight: 1, Until: 9}, workBand }},
		"band that moves sideways":     {trading, func(c *Core, _ *market) { c.flexes[1].Toward = 3 }},

		"scale beyond all":          {trading, func(_ *Core, m *market) { m.scale = priceScaleMax + 1 }},
		"byte behind the scale":     {trading, func(_ *Core, m *market) { m.zero = 1 }},
		"bytes behind the ceiling":  {trading, func(_ *Core, m *market) { m.zeros[15] = 1 }},
		"first byte behind rules":   {trading, func(_ *Core, m *market) { spare(&m.rules)[0] = 1 }},
		"last byte behind rules":    {trading, func(_ *Core, m *market) { spare(&m.rules)[6] = 1 }},
		"bytes in a band's tallies": {trading, func(c *Core, _ *market) { c.flexes[1].Zero[2] = 1 }},
		"byte behind an owner":      {trading, func(c *Core, _ *market) { (*[ownerSize]byte)(unsafe.Pointer(firstOwner(c)))[ownerSize-1] = 1 }},

		"reserve that no order needs":     {trading, func(c *Core, _ *market) { c.accounts.Reserve(1, orderbook.Sell, 1000, 0) }},
		"position in no instrument":       {trading, func(c *Core, _ *market) { c.accounts.Position(1, 1, 7) }},
		"order of a position elsewhere":   {append(slices.Clone(trading), define(2)), func(c *Core, _ *market) { moveOrder(c, 2) }},
		"order in spite of a kill switch": {trading, func(c *Core, _ *market) { c.accounts.Kill(1, 0, 0, true) }},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, testLimits, tc.flow...)
			sound, err := RestoreCore(testLimits, nil, d.core.AppendState(nil))
			if err != nil {
				t.Fatal(err)
			}
			defer sound.Close()
			tc.fault(sound, &sound.markets[1])
			c, err := RestoreCore(testLimits, nil, sound.AppendState(nil))
			if !errors.Is(err, ErrSnapshot) || c != nil {
				t.Errorf("%v, want %v", err, ErrSnapshot)
			}
		})
	}
}

// firstOwner is the owner of the first order.
func firstOwner(c *Core) (own *owner) {
	c.eachOrder(func(_ uint32, o orderbook.RestingOrder) {
		if own == nil {
			own = &c.owners[o.Slot]
		}
	})
	return own
}

// TestSpareBytesOfRules: what a command says where rules say nothing gets into no state.
func TestSpareBytesOfRules(t *testing.T) {
	r := codec.Rules{PrevClose: 100}
	want := newDesk(t, testLimits, define(1), rules(r)).core.AppendState(nil)
	clear(spare(&r))
	copy(spare(&r), "padding")
	got := newDesk(t, testLimits, define(1), rules(r)).core.AppendState(nil)
	if !bytes.Equal(got, want) {
		t.Error("another state")
	}
}

// moveOrder lets the first order be reserved for in another instrument.
func moveOrder(c *Core, instrument uint32) {
	var own *owner
	var worth int64
	c.eachOrder(func(_ uint32, o orderbook.RestingOrder) {
		if own == nil {
			own = &c.owners[o.Slot]
			worth = own.worth(o.Qty)
		}
	})
	c.accounts.Release(own.position, own.side, worth)
	own.position, _ = c.accounts.Position(own.member, own.client, instrument)
	c.accounts.Reserve(own.position, own.side, worth, 0)
}
