//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/pretrade"
	"github.com/tezi-exchange/tezi/engine/rulebook"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Core is the deterministic heart: a pure function of the sequenced commands and the vetoes
// (invariant E1). It holds one book for each instrument and writes trades into the open batch.
type Core struct {
	limits   Limits
	arena    *orderbook.Arena
	books    []*orderbook.Book // by instrument index; 0 is not used
	markets  []market          // likewise
	flexes   []rulebook.Flex   // likewise
	owners   []owner           // by slot
	accounts *pretrade.Accounts
	vetoes   []vetoState

	nextTrade uint64
	last      uint64                 // Seq of the last command applied
	timeNs    int64                  // its time
	pending   int                    // instruments with workPending
	halted    orderbook.RejectReason // KindHalt: why no order is taken; Accepted: they are
	counts    Counts

	// OnGone, if set, is told of every order that is taken out although no command named it: by a mass
	// cancel, a kill switch, a band, the end of an auction or of the day, a veto, or as the resting side of
	// a self-trade. It must not use the core.
	OnGone func(instrument uint32, o orderbook.RestingOrder)

	// Scratch of one command.
	room      int // fills that it may still make
	fills     []orderbook.Fill
	crosses   []orderbook.Cross
	triggered []orderbook.Triggered
	levels    []orderbook.Level
	refs      []orderbook.Ref
	keys      [chunkMax]pretrade.Key

	guesses [chunkMax]pretrade.Position // by Warm: of the commands from number guessed on
	guessed uint64
}

// NewCore returns an empty core. vetoes are those that the log holds so far, in order.
func NewCore(l Limits, vetoes []Veto) (*Core, error) {
	c, err := newCore(l, vetoes)
	if err != nil {
		return nil, err
	}
	c.arena = orderbook.NewArena(l.OrdersMax)
	c.owners = make([]owner, c.arena.Slots())
	return c, nil
}

// newCore returns a core without an arena.
func newCore(l Limits, vetoes []Veto) (*Core, error) {
	if err := l.validate(); err != nil {
		return nil, err
	}
	l = l.orDefault()
	accounts, err := pretrade.New(l.accounts())
	if err != nil {
		return nil, err
	}
	c := &Core{
		limits:    l,
		books:     make([]*orderbook.Book, 1, l.InstrumentsMax+1),
		markets:   make([]market, 1, l.InstrumentsMax+1),
		flexes:    make([]rulebook.Flex, 1, l.InstrumentsMax+1),
		accounts:  accounts,
		nextTrade: 1,
		fills:     make([]orderbook.Fill, 0, l.FillsMax),
		crosses:   make([]orderbook.Cross, 0, min(l.FillsMax, crossesMax)),
		triggered: make([]orderbook.Triggered, 0, min(l.FillsMax, triggersMax)),
		levels:    make([]orderbook.Level, 0, sweepMax),
		refs:      make([]orderbook.Ref, 0, chunkMax),
	}
	for _, v := range vetoes {
		c.vetoes = append(c.vetoes, vetoState{Veto: v})
	}
	return c, nil
}

// crossesMax is how many trades of an auction are made at a time.
const crossesMax = 1 << 10

// Close frees the memory of the books and accounts.
func (c *Core) Close() {
	c.arena.Close()
	c.accounts.Close()
}

// Counts returns a copy of the counters.
func (c *Core) Counts() Counts { return c.counts }

// LastCommand returns the Seq of the last command applied.
func (c *Core) LastCommand() uint64 { return c.last }

// NextTrade returns the number that the next trade will have.
func (c *Core) NextTrade() uint64 { return c.nextTrade }

// LiveOrders returns how many orders rest or wait over all books.
func (c *Core) LiveOrders() int { return c.arena.Live() }

// Lookup returns the live order with this number in an instrument, resting or waiting.
func (c *Core) Lookup(instrument uint32, id orderbook.OrderID) (orderbook.RestingOrder, bool) {
	if !c.defined(instrument) {
		return orderbook.RestingOrder{}, false
	}
	return c.books[instrument].Lookup(id)
}

// Book returns the book of an instrument, to be read and not changed; nil if it is not defined. It is
// valid until Close.
func (c *Core) Book(instrument uint32) *orderbook.Book {
	if !c.defined(instrument) {
		return nil
	}
	return c.books[instrument]
}

// Triggered returns the stop-loss orders that the last command has let into the market, in order. The
// slice is valid until the next Apply.
func (c *Core) Triggered() []orderbook.Triggered { return c.triggered }

// Halted says why the engine has halted the market, so that no order is taken; Accepted: it has not.
func (c *Core) Halted() orderbook.RejectReason { return c.halted }

// halt is KindHalt.
func (c *Core) halt(cmd *codec.Command) {
	switch reason := orderbook.RejectReason(cmd.Ref); {
	case cmd.Flags&codec.FlagLift != 0:
		c.halted = orderbook.Accepted
	case reason == orderbook.RejectDiskFull:
		c.halted = reason
	default:
		c.halted = orderbook.RejectHalted
	}
}

// Passes reports whether cmd makes no trade and no entry in a batch, whatever the books hold: it may then be
// applied behind a batch that is full. While the market is halted that is what members, risk control and the clock of a
// session ask for; what an auction has to trade waits for the end of the halt.
func (c *Core) Passes(cmd *codec.Command) bool {
	if c.halted == orderbook.Accepted {
		return cmd.Kind == codec.KindHalt
	}
	switch cmd.Kind {
	case codec.KindHalt, codec.KindNew, codec.KindModify, codec.KindCancel, codec.KindReduce, codec.KindPhase,
		codec.KindMassCancel, codec.KindKill, codec.KindLimit, codec.KindUnreadable:
		return true
	case codec.KindRules:
		return c.pending == 0
	}
	return false
}

// Phase returns the phase of an instrument; one that is not defined is closed.
func (c *Core) Phase(instrument uint32) codec.Phase {
	if !c.defined(instrument) {
		return codec.PhaseClosed
	}
	return c.markets[instrument].phase
}

func (c *Core) defined(instrument uint32) bool {
	return instrument > 0 && int(instrument) < len(c.books)
}

// Apply applies one sequenced command and writes its trades to out. Sequence numbers are dense;
// a gap is a broken invariant (E2).
func (c *Core) Apply(cmd *codec.Command, out *Builder) {
	if cmd.Seq != c.last+1 {
		panic("engine: command sequence has a gap")
	}
	c.last, out.last = cmd.Seq, cmd.Seq
	c.timeNs = cmd.TimeNs
	c.room = c.limits.FillsMax
	c.triggered = c.triggered[:0]
	if len(c.vetoes) > 0 && c.vetoed(cmd) {
		c.counts.Commands++
		c.reject(orderbook.RejectRisk)
		return
	}
	switch {
	case cmd.Kind.Asks():
		c.counts.Commands++
	case cmd.Kind == codec.KindDefine:
		c.define(cmd.AsInstrument(), out)
		return
	case cmd.Kind == codec.KindContinue:
		c.counts.Continues++
	case cmd.Kind == codec.KindHalt:
		c.halt(cmd)
		return
	}
	if c.halted != orderbook.Accepted && (cmd.Kind == codec.KindNew || cmd.Kind == codec.KindModify) {
		c.reject(c.halted)
		return
	}
	if cmd.Kind >= codec.KindUnreadable && c.applyWide(cmd) {
		return
	}
	if !c.defined(cmd.Instrument) {
		c.reject(orderbook.RejectUnknownInstrument)
		return
	}
	m := &c.markets[cmd.Instrument]
	if m.work != 0 && !c.catchUp(m, cmd, out) {
		if cmd.Kind != codec.KindContinue {
			c.reject(orderbook.RejectSession)
		}
		return
	}
	c.applyTo(m, cmd, out)
}

// applyWide applies a command that is not for one defined instrument.
func (c *Core) applyWide(cmd *codec.Command) bool {
	switch cmd.Kind {
	case codec.KindUnreadable:
		c.reject(orderbook.RejectUnreadable)
	case codec.KindLimit:
		l := cmd.AsLimit()
		c.reject(c.accounts.SetLimit(l.Member, l.Client, l.Margin))
	case codec.KindMassCancel, codec.KindKill:
		switch {
		case cmd.Instrument != 0 && !c.defined(cmd.Instrument):
			c.reject(orderbook.RejectUnknownInstrument)
		case cmd.Kind == codec.KindKill:
			c.kill(cmd)
		case cmd.Side > orderbook.Sell:
			c.reject(orderbook.RejectSide)
		default:
			c.massCancel(cmd, cmd.Side, RemovedMass)
		}
	default:
		return false
	}
	return true
}

// applyTo applies a command to the instrument that it is for.
func (c *Core) applyTo(m *market, cmd *codec.Command, out *Builder) {
	if m.rules.ExecRange != 0 {
		c.setRange(m, cmd.TimeNs)
	}
	switch cmd.Kind {
	case codec.KindNew:
		c.enter(m, cmd, out)
	case codec.KindModify:
		c.modify(m, cmd, out)
	case codec.KindReduce, codec.KindCancel:
		c.cancel(m, cmd)
		return
	case codec.KindPhase:
		c.changePhase(m, cmd, out)
		return
	case codec.KindRules:
		c.setRules(m, cmd.AsRules())
		return
	case codec.KindContinue:
		return
	default:
		c.reject(orderbook.RejectCommand)
		return
	}
	if c.room < c.limits.FillsMax && m.can&canTrigger != 0 {
		c.trigger(m, cmd, out)
	}
}

// reject counts a refusal; Accepted is none.
func (c *Core) reject(r orderbook.RejectReason) {
	if r != orderbook.Accepted {
		c.counts.Rejects[r]++
	}
}

func (c *Core) define(in *codec.Instrument, out *Builder) {
	switch {
	case int(in.Instrument) != len(c.books), in.PriceScale > priceScaleMax, in.Tick < 0, in.Strike < 0:
		c.reject(orderbook.RejectCommand)
	case len(c.books) == cap(c.books):
		c.reject(orderbook.RejectInstrumentLimit)
	default:
		c.books = append(c.books, orderbook.NewBook(c.arena))
		c.markets = append(c.markets, newMarket(in, c.limits.OrderValueMax))
		c.flexes = append(c.flexes, rulebook.Flex{})
		c.accounts.SetScale(in.Instrument, in.PriceScale)
		out.instruments = append(out.instruments, *in)
	}
}
