package engine

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

var anyLimits = Limits{OrdersMax: 80, InstrumentsMax: anyInstruments, BatchTarget: 100, ClientsMax: 12, PositionsMax: 22}

// anyScales are the decimal digits of the instruments' prices.
var anyScales = [anyInstruments]uint8{1, 3}

func newAnyDesk(t testing.TB, l Limits) *desk {
	d := newDesk(t, l)
	for i := range uint32(anyInstruments) {
		in := codec.Instrument{Instrument: i + 1, Tick: orderbook.Price(i + 1), Lot: 1, PriceScale: anyScales[i]}
		d.take(*in.AsCommand())
	}
	return d
}

// TestAnyDayHolds: over any flow, books and accounts stay in order, and what is reserved is what live
// orders need (E9).
func TestAnyDayHolds(t *testing.T) {
	var all Counts
	for seed := range uint64(30) {
		d, day := newAnyDesk(t, anyLimits), newAnyDay(seed)
		for i := range 2000 {
			d.do(day.command())
			if err := d.core.coherent(); err != nil {
				t.Fatalf("seed %d, command %d: %v", seed, i, err)
			}
			if i%40 == 0 {
				d.mustCheck()
			}
		}
		d.mustCheck()
		for i := range uint32(anyInstruments) {
			end := codec.PhaseChange{Instrument: i + 1, Phase: codec.PhaseContinuous}
			d.do(*end.AsCommand())
		}
		d.do(codec.Command{Kind: codec.KindMassCancel})
		d.mustCheck()
		if d.core.LiveOrders() != 0 {
			t.Fatalf("seed %d: %d orders live after a mass cancel", seed, d.core.LiveOrders())
		}
		c := d.core.Counts()
		for i := range c.Rejects {
			all.Rejects[i] += c.Rejects[i]
		}
		for i := range c.Removed {
			all.Removed[i] += c.Removed[i]
		}
		all.Triggered, all.AuctionTrades, all.Turned = all.Triggered+c.Triggered, all.AuctionTrades+c.AuctionTrades, all.Turned+c.Turned
		all.Trades += c.Trades
	}
	for r, n := range all.Rejects {
		switch reason := orderbook.RejectReason(r); reason {
		case orderbook.Accepted, orderbook.RejectRisk, orderbook.RejectUnreadable, orderbook.RejectInstrumentLimit,
			orderbook.RejectPrice, orderbook.RejectLot, orderbook.RejectDisclosedLot, orderbook.RejectCommand, orderbook.RejectDiskFull:
		default:
			if n == 0 {
				t.Errorf("the flow never meets %s", reason)
			}
		}
	}
	for r, n := range all.Removed {
		if n == 0 && Removal(r) != RemovedVeto && Removal(r) != RemovedFillLimit {
			t.Errorf("the flow never removes by %s", Removal(r))
		}
	}
	if all.Triggered == 0 || all.AuctionTrades == 0 || all.Turned == 0 {
		t.Errorf("the flow proves little: %+v", all)
	}
	t.Logf("%d trades, %d in auctions, %d triggered, rejects %v, removed %v", all.Trades, all.AuctionTrades, all.Triggered, all.Rejects, all.Removed)
}

// TestContinueChangesNothing: a core that may make few trades at a time does the same in more commands.
func TestContinueChangesNothing(t *testing.T) {
	continued := uint64(0)
	for seed := range uint64(30) {
		few := anyLimits
		few.FillsMax = 24
		one, two := newAnyDesk(t, anyLimits), newAnyDesk(t, few)
		a, b := newAnyDay(seed), newAnyDay(seed)
		for i := range 2000 {
			want, got := one.do(a.command()), two.do(b.command())
			if err := two.core.coherent(); err != nil {
				t.Fatalf("seed %d, command %d: %v", seed, i, err)
			}
			if len(got) != len(want) {
				t.Fatalf("seed %d, command %d: %d trades, want %d", seed, i, len(got), len(want))
			}
			for j := range got {
				g, w := got[j], want[j]
				if g.Command, w.Command = 0, 0; g != w {
					t.Fatalf("seed %d, command %d, trade %d:\n got %+v\nwant %+v", seed, i, j, g, w)
				}
			}
		}
		if one.core.marketHash() != two.core.marketHash() {
			t.Fatalf("seed %d: other states", seed)
		}
		if two.core.Counts().Removed[RemovedFillLimit] != 0 {
			t.Fatalf("seed %d: an order was cut short: the test proves nothing", seed)
		}
		continued += two.core.Counts().Continues
	}
	if continued == 0 {
		t.Error("no command was continued")
	}
}

// TestSnapshotGoesOn: E10, at any place, also in the middle of work.
func TestSnapshotGoesOn(t *testing.T) {
	for seed := range uint64(30) {
		l := anyLimits
		l.FillsMax = 1 + int(seed)%50
		whole, day := newAnyDesk(t, l), newAnyDay(seed)
		for range 1000 {
			whole.do(day.command())
		}
		cut := 2 + rand.New(rand.NewPCG(seed, 2)).IntN(len(whole.log)/2)
		for seed%2 == 0 && cut < len(whole.log)-1 && whole.log[cut].Kind != codec.KindContinue {
			cut++ // in the middle of work
		}
		first := newDesk(t, l)
		for _, c := range whole.log[:cut] {
			first.one(c)
			first.open.Reset(first.core.LastCommand(), first.core.NextTrade())
		}
		data := first.core.AppendState([]byte("before"))[6:]
		core, err := RestoreCore(l, nil, data)
		if err != nil {
			t.Fatal(err)
		}
		defer core.Close()
		if core.Pending() != first.core.Pending() || core.StateHash() != first.core.StateHash() || !bytes.Equal(core.AppendState(nil), data) {
			t.Fatalf("seed %d: the restored core is another one", seed)
		}
		rest := &desk{t: t, core: core, open: NewBuilder(core.LastCommand(), core.NextTrade()), seq: uint64(cut)}
		for _, c := range whole.log[cut:] {
			rest.one(c)
			rest.open.Reset(core.LastCommand(), core.NextTrade())
		}
		if core.StateHash() != whole.core.StateHash() || core.Counts() != whole.core.Counts() || core.NextTrade() != whole.core.NextTrade() {
			t.Fatalf("seed %d, cut at %d of %d: another state", seed, cut, len(whole.log))
		}
		rest.mustCheck()
	}
}

// TestSnapshotKnowsVetoes: a veto that has cancelled its orders does not do so again, and still refuses what it
// names up to its end.
func TestSnapshotKnowsVetoes(t *testing.T) {
	cmds := []codec.Command{define(1), buy(1, 100, 5), buy(2, 100, 5), sell(3, 100, 5), buy(9, 100, 5), buy(1, 100, 5), sell(4, 100, 5)}
	vetoes := []Veto{{From: 4, To: 5, Orders: []VetoOrder{{1, 1}, {1, 9}}}}
	want, whole := matchAll(t, testLimits, cmds, vetoes)
	defer whole.Close()
	for cut := range cmds {
		_, first := matchAll(t, testLimits, cmds[:cut], vetoes)
		core, err := RestoreCore(testLimits, vetoes, first.AppendState(nil))
		first.Close()
		if err != nil {
			t.Fatal(err)
		}
		open := NewBuilder(core.LastCommand(), core.NextTrade())
		for i := cut; i < len(cmds); i++ {
			c := cmds[i]
			c.Seq = uint64(i + 1)
			core.Apply(&c, open)
		}
		sameTrades(t, open.trades, want[len(want)-len(open.trades):])
		if core.StateHash() != whole.StateHash() || core.Counts() != whole.Counts() {
			t.Errorf("cut after %d commands: another state", cut)
		}
		core.Close()
	}
}

// TestReservedIsEnough: no trade is worth more than what was reserved for an order that rested, in
// continuous trading (package pretrade, condition (a)).
func TestReservedIsEnough(t *testing.T) {
	type key struct {
		instrument uint32
		id         orderbook.OrderID
	}
	checked := 0
	for seed := range uint64(15) {
		d, day := newAnyDesk(t, anyLimits), newAnyDay(seed)
		for i := range uint32(anyInstruments) {
			d.take(rules(codec.Rules{Instrument: i + 1, PrevClose: 1010, Low: 1000, High: 1030}))
		}
		for range 3000 {
			c := day.command()
			if c.Kind == codec.KindRules {
				continue
			}
			reserved := map[key]orderbook.Price{}
			instrument := uint32(0)
			for i, b := range d.core.books[1:] {
				instrument = uint32(i + 1)
				for _, side := range [...]orderbook.Side{orderbook.Buy, orderbook.Sell} {
					for o := range b.Orders(side) {
						reserved[key{instrument, o.ID}] = d.core.owners[o.Slot].reserved
					}
					for o := range b.Stops(side) {
						reserved[key{instrument, o.ID}] = d.core.owners[o.Slot].reserved
					}
				}
			}
			for _, tr := range d.do(c) {
				for _, id := range [...]orderbook.OrderID{tr.Maker, tr.Taker} {
					price, rested := reserved[key{tr.Instrument, id}]
					if !rested || c.Kind == codec.KindModify && id == c.Order || tr.Flags != 0 {
						continue
					}
					if checked++; price < tr.Price {
						t.Fatalf("seed %d: order %d trades at %d, %d is reserved: %+v", seed, id, tr.Price, price, tr)
					}
				}
			}
		}
	}
	if checked < 1000 {
		t.Errorf("only %d trades", checked)
	}
}

// TestAuctionLeavesLimitsReserved: over any flow, of what rested before the command that ended an auction nothing has more
// reserved than its limit.
func TestAuctionLeavesLimitsReserved(t *testing.T) {
	checked := 0
	for seed := range uint64(15) {
		d, day := newAnyDesk(t, anyLimits), newAnyDay(seed)
		for range 3000 {
			var collected [1 + anyInstruments][]orderbook.OrderID
			for i, b := range d.core.books[1:] {
				for _, side := range [...]orderbook.Side{orderbook.Buy, orderbook.Sell} {
					for o := range b.Orders(side) {
						if b.Collecting() {
							collected[i+1] = append(collected[i+1], o.ID)
						}
					}
				}
			}
			c := day.command()
			d.do(c)
			for i, b := range d.core.books[1:] {
				for _, id := range collected[i+1] {
					o, rests := b.Lookup(id)
					if b.Collecting() || !rests || c.Kind == codec.KindModify && id == c.Order {
						continue
					}
					if checked++; d.core.owners[o.Slot].reserved > o.Price {
						t.Fatalf("seed %d: order %d rests at %d behind an auction, %d is reserved", seed, id, o.Price, d.core.owners[o.Slot].reserved)
					}
				}
			}
		}
	}
	if checked < 1000 {
		t.Errorf("only %d orders", checked)
	}
}

// TestDamagedSnapshotRefused: every cut and every flipped bit is an error.
func TestDamagedSnapshotRefused(t *testing.T) {
	d, day := newAnyDesk(t, anyLimits), newAnyDay(3)
	for range 300 {
		d.do(day.command())
	}
	data := d.core.AppendState(nil)
	for n := 0; n < len(data); n += 1 + n/50 {
		flipped := bytes.Clone(data)
		flipped[n] ^= 1 << (n % 8)
		for _, bad := range [][]byte{data[:n], flipped} {
			if core, err := RestoreCore(anyLimits, nil, bad); !errors.Is(err, ErrSnapshot) {
				core.Close()
				t.Fatalf("damage at byte %d of %d: error %v", n, len(data), err)
			}
		}
	}
	for name, change := range map[string]func(*Limits){
		"orders":      func(l *Limits) { l.OrdersMax++ },
		"instruments": func(l *Limits) { l.InstrumentsMax++ },
		"clients":     func(l *Limits) { l.ClientsMax++ },
		"positions":   func(l *Limits) { l.PositionsMax++ },
		"fills":       func(l *Limits) { l.FillsMax = 7 },
		"margins":     func(l *Limits) { l.ClientMargin = 7 },
		"value":       func(l *Limits) { l.OrderValueMax = 7 },
	} {
		l := anyLimits
		change(&l)
		if _, err := RestoreCore(l, nil, data); !errors.Is(err, ErrSnapshot) {
			t.Errorf("other %s: error %v", name, err)
		}
	}
}

// TestSameHashOnAnyMachine: E1, whatever the number of processors.
func TestSameHashOnAnyMachine(t *testing.T) {
	run := func() uint64 {
		d, day := newAnyDesk(t, anyLimits), newAnyDay(7)
		for range 3000 {
			d.do(day.command())
		}
		return d.core.StateHash()
	}
	want := run()
	for _, procs := range []int{1, 2} {
		was := runtime.GOMAXPROCS(procs)
		got := run()
		runtime.GOMAXPROCS(was)
		if got != want {
			t.Errorf("another hash with %d processors", procs)
		}
	}
}

// TestOnGoneTellsAll: what OnGone tells and what trades and commands take away is all that goes.
func TestOnGoneTellsAll(t *testing.T) {
	d, day := newAnyDesk(t, anyLimits), newAnyDay(11)
	told := uint64(0)
	d.core.OnGone = func(instrument uint32, o orderbook.RestingOrder) {
		if _, live := d.core.Lookup(instrument, o.ID); o.Qty == 0 || !o.Side.Valid() || live && d.core.books[instrument].Find(o.ID) != o.Slot {
			t.Fatalf("order %+v is gone", o)
		}
		told++
	}
	for range 4000 {
		d.do(day.command())
	}
	r := d.core.Counts().Removed
	for _, why := range []Removal{RemovedBand, RemovedAuction, RemovedEndOfDay, RemovedMass, RemovedKill} {
		told -= r[why]
	}
	if all := r[RemovedSelfTrade]; told > all || told == 0 { // what is left are those that rested
		t.Errorf("%d orders are told of as self-trades, %d counted with those that came in", told, all)
	}
}

// FuzzApply: any 64 bytes are a command; none makes the core panic, hang or lose its invariants.
func FuzzApply(f *testing.F) {
	for seed := range uint64(4) {
		day, data := newAnyDay(seed), []byte(nil)
		for range 60 {
			c := day.command()
			data = append(data, unsafe.Slice((*byte)(unsafe.Pointer(&c)), codec.CommandSize)...)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l := anyLimits
		l.FillsMax = 50
		d := newAnyDesk(t, l)
		for range min(len(data)/codec.CommandSize, 200) {
			var c codec.Command
			copy(unsafe.Slice((*byte)(unsafe.Pointer(&c)), codec.CommandSize), data)
			data = data[codec.CommandSize:]
			d.do(c)
		}
		d.mustCheck()
	})
}

func ExampleRemoval() {
	fmt.Println(RemovedSelfTrade, RemovedEndOfDay)
	// Output: self_trade end_of_day
}

// TestMarginsFromTheTape: what the accounts have after a random day is what its trades and its live orders come to, added up by
// themselves: bought less sold, and on top of that what is reserved; a fifth of that, in whole paise, of each position.
func TestMarginsFromTheTape(t *testing.T) {
	type name struct {
		member             uint16
		client, instrument uint32
	}
	type sums struct{ net, buys, sells int64 }
	trades := uint64(0)
	for seed := range uint64(20) {
		d, day := newAnyDesk(t, anyLimits), newAnyDay(seed+100)
		positions := map[name]sums{}
		book := func(member uint16, client, instrument uint32, value int64) {
			s := positions[name{member, client, instrument}]
			s.net += value
			positions[name{member, client, instrument}] = s
		}
		for range 3000 {
			c := day.command()
			if c.Kind == codec.KindRules {
				c.AsRules().MarginBps = 0 // one rate for all
			}
			for _, tr := range d.do(c) {
				value := int64(tr.Price) * int64(tr.Qty) * (3 - 2*int64(tr.TakerSide))
				book(tr.TakerMember, tr.TakerClient, tr.Instrument, value)
				book(tr.MakerMember, tr.MakerClient, tr.Instrument, -value)
			}
		}
		d.core.eachOrder(func(instrument uint32, o orderbook.RestingOrder) {
			own := d.core.owners[o.Slot]
			n := name{own.member, own.client, instrument}
			s := positions[n]
			if o.Side == orderbook.Buy {
				s.buys += int64(own.reserved) * int64(o.Qty)
			} else {
				s.sells += int64(own.reserved) * int64(o.Qty)
			}
			positions[n] = s
		})
		members, clients := map[uint16]int64{}, map[[2]uint32]int64{}
		for n, s := range positions {
			exposure := max(s.net+s.buys, s.sells-s.net)
			if anyScales[n.instrument-1] == 1 {
				exposure *= 10
			} else {
				exposure = (exposure + 9) / 10
			}
			margin := (exposure + 4) / 5
			members[n.member] += margin
			clients[[2]uint32{uint32(n.member), n.client}] += margin
		}
		for m, want := range members {
			if used, _ := d.core.accounts.Margin(m, 0); used != want {
				t.Errorf("seed %d: member %d uses %d, its trades and orders come to %d", seed, m, used, want)
			}
		}
		for c, want := range clients {
			if used, _ := d.core.accounts.Margin(uint16(c[0]), c[1]); used != want {
				t.Errorf("seed %d: client %d of member %d uses %d, its trades and orders come to %d", seed, c[1], c[0], used, want)
			}
		}
		trades += d.core.Counts().Trades
	}
	if trades < 2000 {
		t.Errorf("only %d trades", trades)
	}
}
