package engine

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// A badMarket is a state of the market in which commands come that are wrong in a field.
type badMarket struct {
	name  string
	given []codec.Command // after instrument 1 with tick 5 and lot 10
}

// resting has orders of all kinds: 1 to 4 in the market, 5 and 6 behind their triggers.
var resting = []codec.Command{
	rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100, StopGap: 50, Freeze: 1000, ValueMax: 1_000_000, DisclosedPct: 10}),
	limit(3, 0, 100_000), limit(3, 4, 4100),
	of(as(buy(1, 985, 50), 1, 1), 7), disclosed(of(as(buy(2, 980, 500), 2, 2), 8), 100),
	as(sell(3, 1015, 50), 3, 3), of(as(sell(4, 1020, 10), 4, 4), 7),
	as(stop(buy(5, 1050, 10), 1030), 1, 1), as(stop(atMarket(sell(6, 0, 10)), 960), 2, 2),
}

// badMarkets are one for each thing that a market may be doing.
var badMarkets = []badMarket{
	{"empty", nil},
	{"continuous", resting},
	{"killed", append(resting[:len(resting):len(resting)], codec.Command{Kind: codec.KindKill, Member: 1})},
	{"orders at the limit of the arena", append(resting[:len(resting):len(resting)], as(buy(7, 920, 10), 1, 1), as(buy(8, 920, 10), 1, 1))},
	{"pre-open", append(resting[:len(resting):len(resting)], phase(codec.PhasePreOpen, 0), as(atMarket(buy(7, 0, 10)), 5, 5))},
	{"frozen", append(resting[:len(resting):len(resting)], phase(codec.PhasePreOpen, 0), as(atMarket(buy(7, 0, 10)), 5, 5), phase(codec.PhasePreOpenLimit, 0))},
	{"closing", append(resting[:len(resting):len(resting)], phase(codec.PhaseClosing, 1000))},
	{"post-close", append(resting[:len(resting):len(resting)], phase(codec.PhasePostClose, 985))},
	{"closed", append(resting[:len(resting):len(resting)], phase(codec.PhaseClosed, 0))},
	{"halted", append(resting[:len(resting):len(resting)], phase(codec.PhaseHalted, 0))},
	{"halted as a whole", append(resting[:len(resting):len(resting)], halt(orderbook.RejectHalted))},
	{"recorded", append([]codec.Command{rules(codec.Rules{Flags: codec.RuleStopsRecorded | codec.RuleMarketToLimit})}, resting[3:]...)},
}

// badCommands are right in most of the states: for orders that rest, that wait, and that are not there, and of every kind.
func badCommands() (cmds []codec.Command) {
	for _, id := range []orderbook.OrderID{1, 2, 5, 7, 10} {
		for _, k := range []codec.Kind{codec.KindNew, codec.KindModify, codec.KindReduce, codec.KindCancel} {
			c := kind(k, buy(id, 990, 10))
			c.Member, c.Client = 0, 0
			cmds = append(cmds, c)
		}
	}
	in := codec.Instrument{Instrument: 2, Tick: 5, Lot: 10, PriceScale: 2}
	return append(cmds,
		as(atMarket(buy(11, 0, 10)), 3, 4), as(stop(buy(11, 1040, 10), 1030), 3, 4), as(disclosed(buy(11, 990, 100), 50), 3, 4),
		as(tif(sell(11, 985, 10), orderbook.IOC), 3, 4), preOpen(as(sell(11, 1000, 10), 3, 4)),
		*in.AsCommand(), phase(codec.PhaseContinuous, 0), rules(codec.Rules{PrevClose: 1000, Low: 900, High: 1100}), limit(3, 4, 4100),
		codec.Command{Kind: codec.KindMassCancel, Member: 1}, codec.Command{Kind: codec.KindKill, Member: 2, Client: 2},
		codec.Command{Kind: codec.KindUnreadable}, codec.Command{Kind: codec.KindContinue, Instrument: 1}, halt(orderbook.RejectHalted),
	)
}

// badValues are written over each field, if they fit.
var badValues = []uint64{
	0, 1, 2, 7, 0x7f, 0x80, 0xff, math.MaxInt16, math.MaxUint16, math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32,
	math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64,
}

// eachBadField calls do with the command, wrong in one field after the other.
func eachBadField(c codec.Command, do func(what string, c codec.Command)) {
	layout := reflect.TypeFor[codec.Command]()
	for f := range layout.NumField() {
		field := layout.Field(f)
		if field.Name == "Seq" || field.Name == "TimeNs" { // those are not the source's to get wrong
			continue
		}
		for _, v := range badValues {
			size := field.Type.Size()
			if v>>(8*size-1)>>1 != 0 {
				continue
			}
			b := codec.CommandBytes([]codec.Command{c})
			var word [8]byte
			binary.LittleEndian.PutUint64(word[:], v)
			copy(b[field.Offset:field.Offset+size], word[:])
			bad, _ := codec.Commands(b)
			do(fmt.Sprintf("%s %#x", field.Name, v), bad[0])
		}
	}
}

// TestBadFieldsChangeNothing: whatever is wrong with a command, in whatever the market is doing, the core takes it as it
// is, or refuses it for one reason and leaves everything as it was (E8).
func TestBadFieldsChangeNothing(t *testing.T) {
	limits := Limits{OrdersMax: 8, InstrumentsMax: 2, BatchTarget: 100, ClientsMax: 6, PositionsMax: 6, FillsMax: 50}
	for _, m := range badMarkets {
		if testing.Short() && m.name != "continuous" && m.name != "frozen" {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			refused, taken := uint64(0), 0
			for _, right := range badCommands() {
				d := newDesk(t, limits, instrumentOf(5, 10))
				for _, c := range m.given {
					d.take(c)
				}
				hash, counts := d.core.marketHash(), d.core.Counts()
				eachBadField(right, func(what string, c codec.Command) {
					trades := d.do(c)
					after := d.core.Counts()
					why := newReject(counts.Rejects, after.Rejects)
					if why == orderbook.Accepted {
						taken++
						hash, counts = d.core.marketHash(), after
						return
					}
					refused++
					if len(trades) > 0 || d.core.marketHash() != hash {
						t.Fatalf("%s: %+v is refused for %s, and something has changed", what, c, why)
					}
					counts.Rejects[why]++
					counts.Commands, counts.Continues = after.Commands, after.Continues
					if after != counts {
						t.Fatalf("%s: %+v is refused for %s, and counted as %+v, want %+v", what, c, why, after, counts)
					}
				})
				d.mustCheck()
				d.core.Close()
			}
			if refused < 1000 || taken < 100 {
				t.Errorf("%d refused, %d taken: that proves little", refused, taken)
			}
		})
	}
}
