package workload

import (
	"fmt"
	"io"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/engine/rulebook"
)

// Day is a trading day, made as it is read. One goroutine uses it.
type Day struct {
	config    Config
	midnight  uint64
	core      *engine.Core
	batch     *engine.Builder
	markets   []market
	source    source
	resting   int // most orders that live at a time
	positions int // most pairs of client and instrument
	defined   uint32
	trades    []codec.Trade // of the last command
	stats     Stats
}

// source says whose command comes next.
type source interface {
	first() *market
	moved()
}

// tradesRoom is how many trades of one command fit without growth: no auction has had as many.
const tradesRoom = 1 << 13

// New prepares a day. All memory is reserved here: about 100 bytes for each order that may live, and for
// each pair of client and instrument that may meet. Errors wrap ErrConfig.
func New(c Config) (*Day, error) {
	c.fill()
	if err := c.validate(); err != nil {
		return nil, err
	}
	listings := list(&c)
	if most := listings[0].orders; most > OrdersPerMax {
		return nil, fmt.Errorf("%w: Orders %d over %d instruments gives the busiest %d, want at most %d: more instruments or fewer orders",
			ErrConfig, c.Orders, c.Instruments, most, OrdersPerMax)
	}
	targets, limits := plan(listings, c.Resting)
	d := &Day{
		config: c, midnight: c.midnight(), batch: engine.NewBuilder(0, 1), markets: make([]market, len(listings)), resting: limits,
		trades: make([]codec.Trade, 0, tradesRoom),
	}
	clients := int64(c.Members)*int64(c.Clients) + houses
	d.positions = int(min(clients*int64(c.Instruments), c.Orders))
	var err error
	d.core, err = engine.NewCore(engine.Limits{
		OrdersMax: limits, InstrumentsMax: c.Instruments, BatchTarget: 1,
		ClientsMax: int(min(clients, c.Orders)) + houses, PositionsMax: d.positions,
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	calendars := map[rulebook.Class]*calendar{}
	candidates := make([]uint32, 2*limits)
	for rank, l := range listings {
		cal := calendars[l.class]
		if cal == nil {
			cal = newCalendar(&c, l.class)
			calendars[l.class] = cal
		}
		room := 2 * restingLimit(targets[rank])
		d.markets[rank].start(l, rank, &c, cal, candidates[:0:room], targets[rank])
		candidates = candidates[room:]
	}
	if c.Layout == SymbolOrder {
		d.source = &sequence{inNameOrder(d.markets)}
	} else {
		d.source = newMerge(d.markets)
	}
	return d, nil
}

// Next makes the next command: what the exchange says to begin with, or of an instrument's phases, or a
// message of a member. Seq is left at 0 for the sequencer. It returns io.EOF at the end of the day and no other
// error.
func (d *Day) Next(c *codec.Command) error {
	d.trades = d.trades[:0]
	m := d.source.first()
	if m == nil {
		return io.EOF
	}
	*c = codec.Command{}
	switch {
	case m.noticeAt() <= m.due:
		d.notice(m, c)
	case d.intervene(m, c):
	default:
		m.message(c)
		d.sign(m, c)
		c.Ref = uint32(d.stats.Messages + 1)
	}
	c.TimeNs = nse.TimeNs(d.midnight + m.next)
	before := d.core.LiveOrders()
	d.apply(c)
	d.stats.count(c, d.trades)
	switch {
	case c.Kind == codec.KindDefine:
		m.book = d.core.Book(m.index)
	case c.Kind == codec.KindPhase:
		m.enterPhase(c.AsPhaseChange().Phase)
	case isMessage(c):
		m.advance(len(d.trades))
	}
	m.settle(c, d.core.LiveOrders()-before, d.trades)
	m.plan()
	d.source.moved()
	return nil
}

// apply has the core do a command, and all that it cannot finish at once, and gathers the trades.
func (d *Day) apply(c *codec.Command) {
	d.step(c)
	for d.core.Pending() {
		more := d.core.Continue()
		d.step(&more)
	}
}

// step has the core do one command as a batch of its own.
func (d *Day) step(c *codec.Command) {
	last := d.core.LastCommand()
	c.Seq = last + 1
	d.batch.Reset(last, d.core.NextTrade())
	d.core.Apply(c, d.batch)
	c.Seq = 0
	if d.batch.Trades() == 0 {
		return
	}
	d.trades = append(d.trades, d.batch.Payload().Trades...)
}

// Fills returns the trades that an exchange must come to for the last command, in order, also those of
// stop-loss orders that it triggers, and of the auction that a phase holds. They are numbered as by an exchange
// that has had this day and nothing else; Command counts from the command of the trade itself, and is 0. The slice
// belongs to the Day and is valid until the next call of Next.
func (d *Day) Fills() []codec.Trade { return d.trades }

// Stats returns the counts so far.
func (d *Day) Stats() Stats {
	s := d.stats
	s.complete(d.core)
	return s
}

// Config returns the configuration with its defaults filled in.
func (d *Day) Config() Config { return d.config }

// RestingMax returns how many orders can rest or wait at the same time at most: what an engine must hold to
// accept this day without running out of room.
func (d *Day) RestingMax() int { return d.resting }

// PositionsMax returns how many pairs of client and instrument can meet at most: what the accounts of an
// engine must hold (engine.Limits).
func (d *Day) PositionsMax() int { return d.positions }

// Close gives the memory back. The Day must not be used afterwards.
func (d *Day) Close() { d.core.Close() }
