package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/engine/rulebook"
	"github.com/tezi-exchange/tezi/orderbook"
)

// outcome is what the engine makes of a flow: everything but times and commands.
type outcome struct {
	trades  []string
	books   []string // the live orders that the flow has named
	rejects string
	orders  uint64
}

// match runs a flow through the engine's core. number undoes what a conversion did to order numbers.
func match(t interface{ Fatal(...any) }, commands []codec.Command, number func(orderbook.OrderID) orderbook.OrderID) outcome {
	limits := smallLimits
	limits.OrdersMax, limits.ClientsMax, limits.PositionsMax = 1<<16, 1<<12, 1<<12
	core, err := engine.NewCore(limits, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	var out outcome
	batch := engine.NewBuilder(0, 1)
	var payload []byte
	var seq uint64
	apply := func(c codec.Command) {
		seq++
		c.Seq = seq
		core.Apply(&c, batch)
		payload = batch.AppendPayload(payload[:0])
		p, err := codec.DecodePayload(payload, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range p.Trades {
			out.trades = append(out.trades, fmt.Sprintf("%d %d>%d %d@%d", tr.Instrument, number(tr.Taker), number(tr.Maker), tr.Qty, tr.Price))
		}
		batch.Reset(c.Seq, core.NextTrade())
	}
	seen := map[orderKey]bool{}
	var order []orderKey
	for _, c := range commands {
		apply(c)
		for core.Pending() {
			apply(core.Continue())
		}
		if k := (orderKey{c.Instrument, c.Order}); ofOrder(c.Kind) && !seen[k] {
			seen[k] = true
			order = append(order, k)
		}
	}
	for _, k := range order {
		if o, live := core.Lookup(k.instrument, k.order); live {
			out.books = append(out.books, fmt.Sprintf("%d %d %v %v %d of %d@%d, trigger %d", k.instrument, number(o.ID), o.Side, o.Market, o.Shown, o.Qty, o.Price, o.Trigger))
		}
	}
	out.rejects, out.orders = fmt.Sprint(core.Counts().Rejects), core.Counts().OrdersAccepted
	return out
}

func same(id orderbook.OrderID) orderbook.OrderID { return id }

// drawFlow draws commands on few orders and prices, so that they meet: reduces of unknown orders, by
// all and by too much, stop-loss orders that set each other off, self-trades and orders that no record
// can say among them. Orders 5 and 6 show a part of themselves and are not reduced: the one thing that
// a record cannot say.
func drawFlow(t *rapid.T) []codec.Command {
	defined := map[string]uint32{}
	var out []codec.Command
	for range rapid.IntRange(1, 60).Draw(t, "n") {
		name := rapid.SampledFrom([]string{"A", "B"}).Draw(t, "symbol")
		id, known := defined[name]
		if !known {
			id = uint32(len(defined) + 1)
			defined[name] = id
			in := codec.Instrument{Instrument: id, Lot: 1, Symbol: [10]byte{name[0]}, Series: [2]byte{'E', 'Q'}, Segment: codec.SegmentCapital, PriceScale: 2}
			rules := codec.Rules{Instrument: id, Low: 95, High: 105, Freeze: 8, Flags: codec.RuleFillOrKill | codec.RuleGoodTill}
			if rapid.Bool().Draw(t, "rest") {
				rules.Flags |= codec.RuleMarketToLimit
			}
			out = append(out, *in.AsCommand(), *rules.AsCommand())
		}
		out = append(out, drawCommand(t, id))
	}
	return out
}

func drawCommand(t *rapid.T, instrument uint32) codec.Command {
	c := codec.Command{
		TimeNs: nse.TimeNs(1 << 40), Instrument: instrument, Order: orderbook.OrderID(rapid.Uint64Range(1, 6).Draw(t, "order")),
		Kind:  rapid.SampledFrom([]codec.Kind{codec.KindNew, codec.KindNew, codec.KindModify, codec.KindCancel, codec.KindReduce, codec.KindMassCancel}).Draw(t, "kind"),
		Side:  orderbook.Side(rapid.IntRange(1, 2).Draw(t, "side")),
		TIF:   rapid.SampledFrom([]orderbook.TimeInForce{orderbook.Day, orderbook.Day, orderbook.IOC, orderbook.FOK, orderbook.GTC}).Draw(t, "tif"),
		Price: orderbook.Price(rapid.Int32Range(98, 102).Draw(t, "price")), Qty: orderbook.Qty(rapid.Uint32Range(0, 9).Draw(t, "qty")),
		Flags: rapid.SampledFrom([]codec.Flags{0, 0, 0, 0, codec.FlagMarket, codec.FlagStopLoss, codec.FlagPreOpen, codec.FlagCancelActive}).Draw(t, "flags"),
		PAN:   rapid.SampledFrom([]uint32{0, 0, 7}).Draw(t, "pan"),
	}
	c.Member, c.Client = codec.Owner(c.Order, nse.DefaultMembers, nse.DefaultClients)
	switch {
	case c.Kind == codec.KindMassCancel:
		return codec.Command{TimeNs: c.TimeNs, Kind: c.Kind, Instrument: instrument, Side: c.Side, Member: c.Member}
	case c.Order > 4 && c.Kind == codec.KindReduce:
		c.Kind = codec.KindCancel
	case c.Order > 4:
		c.Disclosed = rapid.SampledFrom([]orderbook.Qty{0, c.Qty, 1, 9}).Draw(t, "disclosed")
	case c.Kind == codec.KindReduce:
		c.Qty = max(c.Qty, 1) // by nothing: TestReduceByNothing
	}
	if c.Flags&codec.FlagStopLoss != 0 {
		c.Trigger = orderbook.Price(rapid.Int32Range(98, 102).Draw(t, "trigger"))
	}
	return c
}

var smallLimits = engine.Limits{OrdersMax: 1 << 10, InstrumentsMax: 16, BatchTarget: 1000, ClientsMax: 1 << 10, PositionsMax: 1 << 10}

// asRecorded writes a flow as an NSE file and reads it again.
func asRecorded(t interface{ Fatal(...any) }, flow []codec.Command, how Sessions) []codec.Command {
	var text bytes.Buffer
	sink := &nseSink{out: nse.NewWriter(&text, nse.CapitalOrders), options: Options{}.withDefaults(), losses: new(losses)}
	var err error
	if sink.shadow, err = newShadow(smallLimits, sink.options, sink.losses, sink.record); err != nil {
		t.Fatal(err)
	}
	defer sink.release()
	for i := range flow {
		err = errors.Join(err, sink.write(&flow[i]))
	}
	if err = errors.Join(err, sink.close()); err != nil {
		t.Fatal(err)
	}
	var in source = nse.NewReader(&text, nse.CapitalOrders, nse.Options{})
	if how != SessionsOff {
		in = newSessions(in, how == SessionsAuto)
	}
	var out []codec.Command
	for {
		var c codec.Command
		switch err := in.Next(&c); err {
		case nil:
			out = append(out, c)
		case io.EOF:
			return out
		default:
			t.Fatal(err)
		}
	}
}

// sameTrades fails unless a flow and the NSE file made of it give the same trades and books.
func sameTrades(t interface{ Fatal(...any) }, flow []codec.Command, how Sessions) {
	got := asRecorded(t, flow, how)
	for _, c := range got {
		if ofOrder(c.Kind) && c.Kind == codec.KindReduce {
			t.Fatal("a reduce in an NSE file")
		}
	}
	want, have := match(t, flow, same), match(t, got, same)
	for _, x := range [...]struct {
		what       string
		want, have []string
	}{{"trades", summed(want.trades), summed(have.trades)}, {"books", want.books, have.books}} {
		if w, h := named(x.want, flow), named(x.have, got); !slices.Equal(w, h) {
			t.Fatal("the NSE file gives " + x.what + "\n" + strings.Join(h, "\n") + "\nwant\n" + strings.Join(w, "\n") + "\nof\n" + dump(flow) + "\nas\n" + dump(got))
		}
	}
}

// summed adds up the trades of the same two orders at the same price. The file has the cancel of a self-trade in
// front of the order that met it, so two parts of a disclosed order that the cancel stood between follow
// one another, and what were two trades is one.
func summed(trades []string) (sums []string) {
	total := map[string]int{}
	for _, trade := range trades {
		orders, rest, _ := strings.Cut(strings.TrimSpace(trade), " ")
		who, at, _ := strings.Cut(rest, " ")
		qty, price, _ := strings.Cut(at, "@")
		n, _ := strconv.Atoi(qty)
		key := orders + " " + who + " %d@" + price
		if total[key] == 0 {
			sums = append(sums, key)
		}
		total[key] += n
	}
	for i, key := range sums {
		sums[i] = fmt.Sprintf(key, total[key])
	}
	return sums
}

func dump(flow []codec.Command) string {
	var b strings.Builder
	for i := range flow {
		if c := &flow[i]; ofOrder(c.Kind) {
			fmt.Fprintf(&b, "%d kind %d order %d %v %d@%d trigger %d disclosed %d tif %d flags %d pan %d\n", c.Instrument, c.Kind, c.Order, c.Side, c.Qty, c.Price, c.Trigger, c.Disclosed, c.TIF, c.Flags, c.PAN)
		} else {
			fmt.Fprintf(&b, "%d kind %d\n", c.Instrument, c.Kind)
		}
	}
	return b.String()
}

// F5: a flow and the NSE file made of it give the same trades and the same books, whatever rules, PANs and
// kinds of order the flow has that the file cannot say.
func TestSameTrades(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { sameTrades(t, drawFlow(t), SessionsStops) })
}

// The records of small flows, as one would write them by hand.
func TestShadow(t *testing.T) {
	const head = "seq,ts_ns,cmd,order_id,side,price,qty,symbol,member,client,trigger,disclosed,flags,pan,tif,details\n"
	const rules = "0,rules,,,,,A-EQ,,,,,,,,low=9000;high=11000;fill_or_kill;good_till\n"
	order := func(cmd, id, side, price, qty, rest string) string {
		return "0," + cmd + "," + id + "," + side + "," + price + "," + qty + ",A-EQ,1,1," + rest + "\n"
	}
	for _, tc := range []struct {
		name, flow string
		want       string // activity, number, side, quantity@limit of each record
		notes      []loss
	}{
		{"a stop-loss order is triggered (reference, 3.4)",
			order("N", "9", "B", "10000", "1", "0,0,,0,,") + order("N", "8", "S", "10000", "1", "0,0,,0,,") + // the last price is 100
				order("N", "1", "S", "9800", "50", "9900,0,S,0,,") + order("N", "2", "S", "9900", "50", "9950,0,S,0,,") +
				order("N", "3", "B", "9900", "10", "0,0,,0,,") + order("N", "4", "B", "9850", "200", "0,0,,0,,") + order("A", "5", "S", "0", "10", "0,0,,0,,"),
			"1:9B1@10000 1:8S1@10000 1:1S50@9800 1:2S50@9900 1:3B10@9900 1:4B200@9850 1:5S10@0 1:2S50@9900 1:1S50@9800", []loss{lossTrigger}},
		{"a triggered order that was modified and reduced",
			order("N", "1", "S", "9800", "50", "9900,0,S,0,,") + order("M", "1", "S", "9850", "40", "9900,0,S,0,,") + order("R", "1", "S", "0", "10", "0,0,,0,,") +
				order("N", "3", "B", "9900", "10", "0,0,,0,,") + order("A", "5", "S", "0", "10", "0,0,,0,,"),
			"1:1S50@9800 4:1S40@9850 4:1S30@9850 1:3B10@9900 1:5S10@0 1:1S30@9850", []loss{lossReduce, lossTrigger}},
		{"self-trade prevention takes out the resting order",
			order("N", "1", "S", "10000", "50", "0,0,,7,,") + order("N", "2", "S", "10000", "50", "0,0,,8,,") + order("N", "3", "B", "10000", "60", "0,0,,7,,"),
			"1:1S50@10000 1:2S50@10000 3:1S50@10000 1:3B60@10000", []loss{lossSelfTrade, lossPAN}},
		{"or the incoming one",
			order("N", "1", "S", "10000", "20", "0,0,,8,,") + order("N", "2", "S", "10000", "50", "0,0,,7,,") + order("N", "3", "B", "10000", "60", "0,0,C,7,,") + order("N", "4", "B", "10000", "60", "0,0,C,7,,"),
			"1:1S20@10000 1:2S50@10000 1:3B20@10000", []loss{lossSelfTrade, lossPAN}},
		{"a modify keeps the PAN and the choice of its order",
			order("N", "1", "S", "10000", "50", "0,0,,7,,") + order("N", "3", "B", "9900", "50", "0,0,C,7,,") + order("M", "3", "B", "10000", "50", "0,0,I,0,,"),
			"1:1S50@10000 1:3B50@9900 3:3B50@10000", []loss{lossSelfTrade, lossPAN}},
		{"a self-trade of the triggered order comes behind the trade that triggered it",
			order("N", "1", "S", "10000", "20", "0,0,,7,,") + order("N", "2", "B", "10000", "9", "10000,0,S,7,,") + order("N", "3", "B", "10000", "5", "0,0,,0,,"),
			"1:1S20@10000 1:2B9@10000 1:3B5@10000 3:1S15@10000 1:2B9@10000", []loss{lossSelfTrade, lossTrigger, lossPAN}},
		{"in an auction a market order is stopped too",
			"0,phase,,,,,A-EQ,,,,,,,,phase=pre_open\n" + order("N", "1", "S", "10000", "50", "0,0,,7,,") + order("N", "2", "B", "0", "50", "0,0,,7,,"),
			"1:1S50@10000P", []loss{lossSelfTrade, lossPAN}},
		{"a part stays a part, and the pre-open session is none later",
			order("N", "1", "S", "10000", "50", "0,10,,0,,") + order("R", "1", "S", "0", "20", "0,0,,0,,") + order("D", "1", "S", "0", "0", "0,0,P,0,,"),
			"1:1S50@10000/10 4:1S30@10000/10 3:1S0@0", []loss{lossReduce}},
		{"fill or kill",
			order("N", "1", "S", "10000", "20", "0,0,,0,,") + order("N", "2", "B", "10000", "21", "0,0,,0,FOK,") + order("N", "3", "B", "10000", "20", "0,0,,0,FOK,"),
			"1:1S20@10000 1:3B20@10000", []loss{lossValidity}},
		{"a rule rejects", order("N", "1", "S", "12000", "20", "0,0,,0,,") + order("D", "1", "S", "0", "0", "0,0,,0,,"), "3:1S0@0", []loss{lossRuled}},
		{"a band moves, a mass cancel and a kill switch",
			order("N", "1", "S", "10000", "20", "0,0,,0,,") + order("N", "2", "B", "9100", "20", "0,0,,0,,") + "0,rules,,,,,A-EQ,,,,,,,,low=9200\n" +
				order("N", "3", "B", "9500", "5", "0,0,,0,,") + "0,mass_cancel,,S,,,A-EQ,1,,,,,,,\n" + "0,kill,,,,,A-EQ,,,,,,,,\n" + order("N", "4", "B", "9500", "5", "0,0,,0,,"),
			"1:1S20@10000 1:2B20@9100 3:2B20@9100 1:3B5@9500 3:1S20@10000 3:3B5@9500", []loss{lossGone, lossRuled}},
		{"a flow that was recorded stays as it is", "0,rules,,,,,A-EQ,,,,,,,,high=11000;stops_recorded\n" +
			order("N", "1", "S", "12000", "20", "0,0,,0,,") + order("N", "1", "S", "9000", "20", "9500,0,S,0,,") + order("N", "1", "S", "9000", "20", "9500,0,S,0,,"),
			"1:1S20@12000 1:1S20@9000 1:1S20@9000", nil},
		{"a flow is recorded only until its rules say otherwise", "0,rules,,,,,A-EQ,,,,,,,,high=11000;stops_recorded\n" +
			order("N", "1", "S", "9900", "50", "9950,0,S,0,,") + "0,rules,,,,,A-EQ,,,,,,,,high=11000\n" + order("N", "2", "B", "9900", "20", "0,0,,0,,") + order("N", "3", "S", "9900", "10", "0,0,,0,,"),
			"1:1S50@9900 1:2B20@9900 1:3S10@9900 1:1S50@9900", []loss{lossTrigger}},
	} {
		text := head
		for i, line := range strings.Split(strings.TrimSuffix(rules+tc.flow, "\n"), "\n") {
			text += fmt.Sprintf("%d,180000000000000000%s\n", i+1, line)
		}
		out, s := chain(t, put(t, "in.csv", text), raw, "x.DAT")
		var got []string
		for _, c := range readAll(out, raw).commands {
			if c.Kind != codec.KindDefine {
				more := ""
				if c.Disclosed != 0 {
					more = fmt.Sprintf("/%d", c.Disclosed)
				}
				if c.Flags&codec.FlagPreOpen != 0 {
					more += "P"
				}
				got = append(got, fmt.Sprintf("%d:%d%c%d@%d", map[codec.Kind]nse.Activity{codec.KindNew: nse.Entry, codec.KindCancel: nse.Cancel, codec.KindModify: nse.Modify}[c.Kind],
					c.Order, " BS"[c.Side], c.Qty, c.Price)+more)
			}
		}
		if g := strings.Join(got, " "); g != tc.want {
			t.Errorf("%s:\n%s, want\n%s", tc.name, g, tc.want)
		}
		told := fmt.Sprint(s.Notes)
		for _, what := range []loss{lossReduce, lossGone, lossSelfTrade, lossTrigger, lossRuled, lossRest, lossPAN, lossValidity} {
			if strings.Contains(told, lossTexts[what]) != slices.Contains(tc.notes, what) {
				t.Errorf("%s: notes %v", tc.name, s.Notes)
			}
		}
	}
}

// A day with its auctions: the phases are not in the file, and come again from the timetable.
func TestSameTradesOfADay(t *testing.T) {
	clocks := []time.Duration{
		9*time.Hour + time.Minute, 9*time.Hour + 6*time.Minute, 9*time.Hour + 11*time.Minute, 9*time.Hour + 13*time.Minute,
		10 * time.Hour, 15*time.Hour + 10*time.Minute, 15*time.Hour + 35*time.Minute, 15*time.Hour + 55*time.Minute,
	}
	frozen := []time.Duration{clocks[1], clocks[2], clocks[3], clocks[6]}
	rapid.Check(t, func(t *rapid.T) {
		midnight := rapid.SampledFrom([]rulebook.Date{20260701, 20260908}).Draw(t, "date").Midnight()
		in := codec.Instrument{Instrument: 1, TimeNs: midnight, Lot: 1, Symbol: [10]byte{'A'}, Series: [2]byte{'E', 'Q'}, Segment: codec.SegmentCapital, PriceScale: 2}
		rules := codec.Rules{Instrument: 1, Low: 95, High: 105} // GTC is rejected: no file ends with orders that live on
		flow := []codec.Command{*in.AsCommand(), *rules.AsCommand()}
		events := rulebook.Timetable(rulebook.DateOf(midnight), rulebook.ClassOf(&in))
		until := func(ns int64) {
			for len(events) > 0 && midnight+events[0].At <= ns {
				p := codec.PhaseChange{TimeNs: midnight + events[0].At, Instrument: 1, Phase: events[0].Phase, Auction: events[0].Auction}
				flow = append(flow, *p.AsCommand())
				events = events[1:]
			}
		}
		for _, clock := range clocks {
			jiffies, _ := nse.Jiffies(midnight + int64(clock))
			for range rapid.IntRange(0, 12).Draw(t, "n") {
				c := drawCommand(t, 1)
				c.TimeNs = nse.TimeNs(jiffies)
				until(c.TimeNs)
				if c.Kind == codec.KindMassCancel && slices.Contains(frozen, clock) {
					continue // it would work, and the cancels in its place do not
				}
				flow = append(flow, c)
			}
		}
		if len(flow) == 2 {
			return // a day without a record has no phases
		}
		until(midnight + int64(24*time.Hour))
		sameTrades(t, flow, SessionsAuto)
	})
}

// instrumentNames lists the names of the instruments by number.
func instrumentNames(commands []codec.Command) []string {
	names := []string{""}
	for i := range commands {
		if c := &commands[i]; c.Kind == codec.KindDefine {
			names = append(names, c.AsInstrument().Name())
		}
	}
	return names
}

// named puts names for the numbers of instruments in front of lines: an NSE file numbers them anew, in
// the order in which it uses them.
func named(lines []string, commands []codec.Command) []string {
	names := instrumentNames(commands)
	out := make([]string, len(lines))
	for i, line := range lines {
		number, rest, _ := strings.Cut(line, " ")
		out[i] = names[number[0]-'0'] + " " + rest
	}
	slices.Sort(out)
	return out
}

// A reduce by nothing is rejected for its quantity, and so is the modify; of an order that does not
// rest there is no modify that is, and it is rejected as unknown instead.
func TestReduceByNothing(t *testing.T) {
	const header = "seq,ts_ns,cmd,order_id,side,price,qty\n"
	for text, want := range map[string]orderbook.RejectReason{
		"1,1800000000000000000,N,1,B,5,5\n2,1800000000000000000,R,1,B,5,0\n": orderbook.RejectQuantity,
		"2,1800000000000000000,R,1,B,5,0\n":                                  orderbook.RejectUnknownOrder,
	} {
		out, _ := chain(t, put(t, "in", header+text), Options{}, "x.DAT")
		var rejects [orderbook.RejectReasonCount]uint64
		rejects[want] = 1
		if got := match(t, readAll(out, raw).commands, same).rejects; got != fmt.Sprint(rejects) {
			t.Errorf("%s: rejects %s, want one for %s", text, got, want)
		}
	}
}
