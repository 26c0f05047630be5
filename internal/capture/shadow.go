package capture

import (
	"fmt"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/orderbook"
)

// shadow runs a flow through an engine's core beside the NSE file that is made of it. A command says
// what somebody wants; a record of NSE says what the exchange made of it, and whoever reads the file
// knows neither the rules nor the PANs behind it. So the records are written such that a reader who
// only matches, with the phases of the day's timetable and with stop-loss orders triggered as recorded,
// comes to the same trades:
//
//	a reduce                             the modify or cancel that it amounts to
//	a stop-loss order is triggered       a second entry with its number
//	an order goes that nobody cancelled  a cancel (mass cancel, kill switch, band, self-trade)
//	an order that may not trade on       its entry with the quantity that it traded; none if it traded nothing
//	a reject that only a rule explains   nothing
//
// A flow whose stop-loss orders are triggered as recorded (codec.RuleStopsRecorded) was an NSE file once.
// All that happened is in it, and its records are written as they came, but for reduces.
//
// What no record says: with a disclosed quantity of which less is shown than is hidden, a reduce to less than that
// quantity shows all that is left. A mass cancel works on orders that nobody may cancel at the time, and the cancels in
// its place do not. GTC orders end with the file's day. And an auction whose price depends on the reference price may
// come to another, because nothing carries that.
type shadow struct {
	core   *engine.Core
	open   *engine.Builder
	owners Options
	losses *losses
	record func(*codec.Command) error // writes one record

	seq      uint64
	recorded []bool // by instrument: the flow was an NSE file; 0 is not used
	counts   engine.Counts
	waiting  map[orderKey]codec.Command // last record of each stop-loss order that waits
	gone     []gone                     // by the command at hand
	entered  []orderbook.Triggered      // likewise
}

// orderKey is what names a live order.
type orderKey struct {
	instrument uint32
	order      orderbook.OrderID
}

// gone is an order that was taken out although nobody had named it, when so many stop-loss orders had
// been triggered by the command at hand.
type gone struct {
	instrument uint32
	order      orderbook.RestingOrder
	triggered  int
}

// shadowLimits are those of a large engine: what it cannot hold, no reader can.
var shadowLimits = engine.Limits{OrdersMax: 1 << 22, InstrumentsMax: 1 << 17, BatchTarget: 1, PositionsMax: 1 << 22}

var (
	errBookFull = fmt.Errorf("more than %d orders rest at once: an NSE file cannot be made of this", shadowLimits.OrdersMax)
)

func newShadow(limits engine.Limits, o Options, l *losses, record func(*codec.Command) error) (*shadow, error) {
	core, err := engine.NewCore(limits, nil)
	if err != nil {
		return nil, err
	}
	s := &shadow{
		core: core, open: engine.NewBuilder(0, 1), owners: o, losses: l, record: record,
		recorded: make([]bool, 1), waiting: make(map[orderKey]codec.Command),
	}
	core.OnGone = func(instrument uint32, order orderbook.RestingOrder) {
		s.gone = append(s.gone, gone{instrument, order, len(s.entered) + len(s.core.Triggered())})
	}
	return s, nil
}

func (s *shadow) close() { s.core.Close() }

// write writes the records of a command.
func (s *shadow) write(c *codec.Command) error {
	switch c.Kind {
	case codec.KindDefine:
		s.recorded = append(s.recorded, false)
		s.run(c)
		return s.record(c)
	case codec.KindUnreadable:
		return s.record(c)
	case codec.KindNew, codec.KindModify, codec.KindReduce, codec.KindCancel:
		return s.order(c)
	case codec.KindRules:
		if i := c.AsRules().Instrument; int64(i) < int64(len(s.recorded)) {
			s.recorded[i] = c.AsRules().Flags&codec.RuleStopsRecorded != 0
		}
	}
	s.losses.add(lossMarket)
	s.run(c)
	if c.Kind != codec.KindPhase { // what a phase takes out, the same phase takes out when the file is read
		if err := s.cancels(c, 0, lossGone); err != nil {
			return err
		}
	}
	return s.triggers(c)
}

// order writes the records of a command about one order.
func (s *shadow) order(c *codec.Command) error {
	if c.Instrument == 0 || int64(c.Instrument) >= int64(len(s.recorded)) {
		s.losses.add(lossRuled) // every engine refuses it
		return nil
	}
	rec := *c
	was, live := s.core.Lookup(c.Instrument, c.Order)
	if c.Kind == codec.KindReduce {
		reduced(&rec, &was, live)
		s.losses.add(lossReduce)
	}
	if s.recorded[c.Instrument] {
		s.run(c)
		s.waits(&rec) // until the rules change, and the engine triggers it
		return s.record(&rec)
	}
	phase := s.core.Phase(c.Instrument)
	s.stamp(&rec)
	if rec.TIF >= orderbook.FOK {
		s.losses.add(lossValidity)
		rec.TIF = orderbook.Day
	}
	reason, did := s.run(c)
	switch {
	case reason == orderbook.RejectBookFull:
		return errBookFull
	case reason != orderbook.Accepted && !again(c, reason, &was):
		s.losses.add(lossRuled)
		return nil
	case reason == orderbook.Accepted:
		s.settle(c, &rec, &was, did, phase)
	}
	if err := s.cancels(c, 0, lossSelfTrade); err != nil { // before the record: else it would trade with them
		return err
	}
	if rec.Kind != 0 {
		if err := s.record(&rec); err != nil {
			return err
		}
	}
	return s.triggers(c)
}

// stamp marks a record of the pre-open session, and no other: the mark takes it to another time of the
// day.
func (s *shadow) stamp(rec *codec.Command) {
	rec.Flags &^= codec.FlagPreOpen
	if p := s.core.Phase(rec.Instrument); p == codec.PhasePreOpen || p == codec.PhasePreOpenLimit {
		rec.Flags |= codec.FlagPreOpen
	}
}

// again reports whether a command that was rejected may be written, because whoever reads it rejects it
// too: the reason lies in the command itself or in the orders that are live. An entry with the number
// of an order that waits would be the record of its trigger.
func again(c *codec.Command, reason orderbook.RejectReason, was *orderbook.RestingOrder) bool {
	switch reason {
	case orderbook.RejectUnknownOrder, orderbook.RejectDuplicateOrder, orderbook.RejectQuantity, orderbook.RejectPrice:
		return c.Kind != codec.KindNew || was.Trigger == 0
	}
	return false
}

// settle makes the record of a command that was accepted say what came of it. A record that is not to
// be written gets no kind.
func (s *shadow) settle(c, rec *codec.Command, was *orderbook.RestingOrder, did deed, phase codec.Phase) {
	if s.waits(rec) || c.Kind != codec.KindNew && c.Kind != codec.KindModify {
		return
	}
	now, live := s.core.Lookup(c.Instrument, c.Order)
	if live && !now.Market {
		did.rested = now.Price
	}
	market, pan, active := c.Flags&codec.FlagMarket != 0, orderbook.PAN(c.PAN), c.Flags&codec.FlagCancelActive != 0
	if c.Kind == codec.KindModify { // which changes neither
		pan, active = was.PAN, was.CancelActive
	}
	switch {
	case market && did.rested != 0:
		rec.Flags &^= codec.FlagMarket
		rec.Price = did.rested
		s.losses.add(lossRest)
		return
	case live, did.filled >= c.Qty:
		return
	case (market && !collects(phase) || c.TIF == orderbook.IOC) && c.TIF != orderbook.FOK && (pan == 0 || !active):
		return // what is left of it goes in every book
	case did.filled > 0:
		rec.Qty, rec.Disclosed = did.filled, 0 // more could be disclosed than is left
	case c.Kind == codec.KindNew:
		rec.Kind = 0
	default:
		rec.Kind = codec.KindCancel
	}
	switch {
	case pan != 0:
		s.losses.add(lossSelfTrade)
	case c.TIF != orderbook.FOK: // that is told already
		s.losses.add(lossRuled)
	}
}

// waits reports whether the order of a record waits for its trigger now, and keeps the record if so.
func (s *shadow) waits(rec *codec.Command) bool {
	at := orderKey{rec.Instrument, rec.Order}
	if now, live := s.core.Lookup(rec.Instrument, rec.Order); live && now.Trigger != 0 {
		s.waiting[at] = *rec
		return true
	}
	delete(s.waiting, at)
	return false
}

// collects reports whether orders wait for an auction in a phase, market orders too.
func collects(p codec.Phase) bool {
	return p == codec.PhasePreOpen || p == codec.PhasePreOpenLimit || p == codec.PhaseClosing || p == codec.PhaseClosingLimit
}

// cancels writes a cancel for each order that was taken out when so many stop-loss orders had been
// triggered.
func (s *shadow) cancels(c *codec.Command, triggered int, what loss) error {
	for i := range s.gone {
		g := &s.gone[i]
		if g.triggered != triggered {
			continue
		}
		delete(s.waiting, orderKey{g.instrument, g.order.ID})
		rec := codec.Command{
			Kind: codec.KindCancel, TimeNs: c.TimeNs, Instrument: g.instrument, Order: g.order.ID, Side: g.order.Side,
			Price: g.order.Price, Trigger: g.order.Trigger, Qty: g.order.Qty, Disclosed: g.order.Disclosed,
		}
		if g.order.Trigger != 0 {
			rec.Flags |= codec.FlagStopLoss
		}
		s.stamp(&rec)
		s.losses.add(what)
		if err := s.made(&rec); err != nil {
			return err
		}
	}
	return nil
}

// triggers writes the second entries of the stop-loss orders that the command at hand has triggered.
func (s *shadow) triggers(c *codec.Command) error {
	for i, t := range s.entered {
		if err := s.cancels(c, i+1, lossSelfTrade); err != nil {
			return err
		}
		at := orderKey{c.Instrument, t.ID}
		rec, known := s.waiting[at]
		if !known {
			panic("capture: a stop-loss order is triggered that did not wait")
		}
		delete(s.waiting, at)
		rec.Kind, rec.TimeNs, rec.Side, rec.Qty, rec.Seq = codec.KindNew, c.TimeNs, t.Side, t.Qty, 0
		s.losses.add(lossTrigger)
		if err := s.record(&rec); err != nil {
			return err
		}
	}
	return nil
}

// made writes a record that no command of the source stands for, with codes that claim nothing.
func (s *shadow) made(rec *codec.Command) error {
	rec.AlgoOf, rec.AccountOf = 1, 3
	rec.Member, rec.Client = codec.Owner(rec.Order, s.owners.Members, s.owners.Clients)
	return s.record(rec)
}

// deed is what the order of a command has done by the end of it.
type deed struct {
	filled orderbook.Qty   // traded, or gone after it had come to rest
	rested orderbook.Price // where it rested and traded again or went; 0: it did not
}

// run applies the command and what the engine would make to go on with it. It returns why the command
// was rejected, and what its order has done.
func (s *shadow) run(c *codec.Command) (reason orderbook.RejectReason, did deed) {
	s.gone, s.entered = s.gone[:0], s.entered[:0]
	next := *c
	for {
		s.seq++
		next.Seq = s.seq
		s.core.Apply(&next, s.open)
		s.collect(c.Order, &did)
		s.entered = append(s.entered, s.core.Triggered()...)
		if !s.core.Pending() {
			break
		}
		next = s.core.Continue()
	}
	for i := range s.gone {
		if g := &s.gone[i]; g.instrument == c.Instrument && g.order.ID == c.Order {
			did.filled += g.order.Qty
			did.rested = g.order.Price
		}
	}
	counts := s.core.Counts()
	for r := range counts.Rejects {
		if counts.Rejects[r] != s.counts.Rejects[r] {
			reason = orderbook.RejectReason(r)
		}
	}
	s.counts = counts
	return reason, did
}

// collect empties the open batch and adds what an order has done in it.
func (s *shadow) collect(id orderbook.OrderID, did *deed) {
	if s.open.Trades() > 0 {
		p := s.open.Payload()
		for i := range p.Trades {
			switch t := &p.Trades[i]; id {
			case t.Taker:
				did.filled += t.Qty
			case t.Maker:
				did.filled += t.Qty
				did.rested = t.Price
			}
		}
	}
	s.open.Reset(s.seq, s.core.NextTrade())
}

// reduced turns a reduce into a modify, or into a cancel if nothing is left.
func reduced(c *codec.Command, was *orderbook.RestingOrder, live bool) {
	by := c.Qty
	c.Kind, c.TIF, c.Disclosed, c.Trigger = codec.KindModify, was.TIF, 0, was.Trigger
	c.Flags &= codec.FlagAlgo
	if !live {
		c.Qty = max(by, 1) // rejected as an unknown order either way
		return
	}
	c.Side, c.Price = was.Side, was.Price
	if was.Trigger != 0 {
		c.Flags |= codec.FlagStopLoss
	}
	if was.Market {
		c.Flags |= codec.FlagMarket
	}
	switch {
	case by == 0 || by > was.Qty:
		c.Qty = 0 // rejected for its quantity either way
	case by == was.Qty:
		c.Kind = codec.KindCancel
	default:
		c.Qty = was.Qty - by
		if was.Disclosed < c.Qty {
			c.Disclosed = was.Disclosed
		}
	}
}
