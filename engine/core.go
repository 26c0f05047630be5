//tezi:pure

package engine

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// owner is who stands behind a resting order. The books know orders only; the core keeps owners
// beside them, by slot.
type owner struct {
	client uint32
	member uint16
}

// Counts are what the core has done so far. They are part of its state: a core rebuilt from the
// log has the same.
type Counts struct {
	Commands       uint64 // sequenced commands, instrument definitions not counted
	OrdersAccepted uint64 // order entries that were not rejected
	Trades         uint64
	Rejects        [orderbook.RejectReasonCount]uint64 // by reason; index 0 is not used
}

// Core is the deterministic heart: a pure function of the sequenced commands and the vetoes
// (invariant E1). It holds one book for each instrument and writes trades into the open batch.
type Core struct {
	arena     *orderbook.Arena
	books     []*orderbook.Book // by instrument index; 0 is not used
	owners    []owner           // by slot
	fills     []orderbook.Fill  // scratch of one command
	vetoes    []vetoState
	nextTrade uint64
	last      uint64 // Seq of the last command applied
	counts    Counts
}

// Limits of one core, set at start.
type Limits struct {
	OrdersMax      int `json:"orders_max"` // resting orders over all books
	InstrumentsMax int `json:"instruments_max"`
	BatchTarget    int `json:"batch_target"` // trades after which a batch is sealed; at most batchTargetMax
}

// batchTargetMax leaves room in a payload for the trades of the one command that passes the target.
const batchTargetMax = codec.TradesPerBatchMax / 4

// fillsPerCommandMax bounds the trades of one command: an open batch below its target has room for
// them. What a command could still fill beyond it is cancelled (orderbook.Result.FillLimit).
const fillsPerCommandMax = codec.TradesPerBatchMax - batchTargetMax

// What the participants can count with. A command beyond is rejected here, so that a participant
// never meets a trade that it cannot book.
const (
	instrumentsMax = 1 << 20
	priceScaleMax  = 9
	orderValueMax  = 1 << 50 // price times quantity of an order that may rest, in the price's unit
)

func (l Limits) validate() error {
	if l.OrdersMax < 1 || l.OrdersMax > 1<<28 {
		return fmt.Errorf("engine: OrdersMax %d, want 1 to %d", l.OrdersMax, 1<<28)
	}
	if l.InstrumentsMax < 1 || l.InstrumentsMax > instrumentsMax {
		return fmt.Errorf("engine: InstrumentsMax %d, want 1 to %d", l.InstrumentsMax, instrumentsMax)
	}
	if l.BatchTarget < 1 || l.BatchTarget > batchTargetMax {
		return fmt.Errorf("engine: BatchTarget %d, want 1 to %d", l.BatchTarget, batchTargetMax)
	}
	return nil
}

// NewCore returns an empty core. vetoes are those that the log holds so far, in order.
func NewCore(l Limits, vetoes []Veto) (*Core, error) {
	if err := l.validate(); err != nil {
		return nil, err
	}
	c := &Core{
		arena:     orderbook.NewArena(l.OrdersMax),
		books:     make([]*orderbook.Book, 1, l.InstrumentsMax+1),
		fills:     make([]orderbook.Fill, 0, fillsPerCommandMax),
		nextTrade: 1,
	}
	c.owners = make([]owner, c.arena.Slots())
	for _, v := range vetoes {
		c.vetoes = append(c.vetoes, vetoState{Veto: v})
	}
	return c, nil
}

// Close frees the memory of the books.
func (c *Core) Close() { c.arena.Close() }

// Counts returns a copy of the counters.
func (c *Core) Counts() Counts { return c.counts }

// LastCommand returns the Seq of the last command applied.
func (c *Core) LastCommand() uint64 { return c.last }

// NextTrade returns the number that the next trade will have.
func (c *Core) NextTrade() uint64 { return c.nextTrade }

// LiveOrders returns how many orders rest over all books.
func (c *Core) LiveOrders() int { return c.arena.Live() }

// StateHash hashes every book, the next trade number and the last command: equal logs, equal
// hashes, on every machine.
func (c *Core) StateHash() uint64 {
	var d xxhash.Digest
	d.Reset()
	word := func(v uint64) {
		_, _ = d.Write([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24), byte(v >> 32), byte(v >> 40), byte(v >> 48), byte(v >> 56)})
	}
	word(c.nextTrade)
	word(c.last)
	for _, b := range c.books[1:] {
		word(b.StateHash())
	}
	return d.Sum64()
}

// Apply applies one sequenced command and writes its trades to out. Sequence numbers are dense;
// a gap is a broken invariant (E2).
func (c *Core) Apply(cmd *codec.Command, out *Builder) {
	if cmd.Seq != c.last+1 {
		panic("engine: command sequence has a gap")
	}
	c.last = cmd.Seq
	out.last = cmd.Seq
	if len(c.vetoes) > 0 && c.vetoed(cmd) {
		c.counts.Commands++
		c.reject(orderbook.RejectRisk)
		return
	}
	if cmd.Kind == codec.KindDefine {
		c.define(cmd.AsInstrument(), out)
		return
	}
	c.counts.Commands++
	if cmd.Kind == codec.KindUnreadable {
		c.reject(orderbook.RejectUnreadable)
		return
	}
	if cmd.Instrument == 0 || int(cmd.Instrument) >= len(c.books) {
		c.reject(orderbook.RejectUnknownInstrument)
		return
	}
	book := c.books[cmd.Instrument]
	switch cmd.Kind {
	case codec.KindNew:
		c.enter(book, cmd, out)
	case codec.KindModify:
		c.modify(book, cmd, out)
	case codec.KindReduce:
		c.reject(book.Reduce(cmd.Order, cmd.Qty).Reject)
	case codec.KindCancel:
		c.reject(book.Cancel(cmd.Order).Reject)
	default:
		c.reject(orderbook.RejectCommand)
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
	case int(in.Instrument) != len(c.books), in.PriceScale > priceScaleMax:
		c.reject(orderbook.RejectCommand)
	case len(c.books) == cap(c.books):
		c.reject(orderbook.RejectInstrumentLimit)
	default:
		c.books = append(c.books, orderbook.NewBook(c.arena))
		out.instruments = append(out.instruments, *in)
	}
}

// refusedHere returns the reason why an order is not taken before its book is asked: it belongs to
// another session, needs a rule that is not switched on, or is worth more than can be booked. A
// market order has no value yet; it trades against orders that have passed this check.
func refusedHere(cmd *codec.Command) orderbook.RejectReason {
	switch {
	case int64(cmd.Price)*int64(cmd.Qty) > orderValueMax && cmd.Flags&codec.FlagMarket == 0:
		return orderbook.RejectValue
	case cmd.Flags&(codec.FlagPreOpen|codec.FlagStopLoss) == 0 && cmd.Disclosed == 0:
		return orderbook.Accepted
	case cmd.Flags&codec.FlagPreOpen != 0:
		return orderbook.RejectSession
	case cmd.Flags&codec.FlagStopLoss != 0:
		return orderbook.RejectStopLoss
	case cmd.Disclosed != cmd.Qty: // all of the order disclosed is an ordinary order
		return orderbook.RejectDisclosed
	}
	return orderbook.Accepted
}

func (c *Core) enter(book *orderbook.Book, cmd *codec.Command, out *Builder) {
	if r := refusedHere(cmd); r != orderbook.Accepted {
		c.reject(r)
		return
	}
	o := orderbook.Order{
		ID: cmd.Order, Side: cmd.Side, TIF: cmd.TIF, Market: cmd.Flags&codec.FlagMarket != 0,
		Price: cmd.Price, Qty: cmd.Qty,
	}
	fills, res := book.Add(&o, c.fills[:0])
	if res.Reject != orderbook.Accepted {
		c.reject(res.Reject)
		return
	}
	c.counts.OrdersAccepted++
	own := owner{client: cmd.Client, member: cmd.Member}
	c.trade(cmd, cmd.Side, own, fills, out)
	if res.Slot != orderbook.NoSlot {
		c.owners[res.Slot] = own
	}
}

func (c *Core) modify(book *orderbook.Book, cmd *codec.Command, out *Builder) {
	if r := refusedHere(cmd); r != orderbook.Accepted {
		c.reject(r)
		return
	}
	was, ok := book.Lookup(cmd.Order)
	if !ok {
		c.reject(orderbook.RejectUnknownOrder)
		return
	}
	own := c.owners[was.Slot]
	fills, res := book.Modify(cmd.Order, cmd.Flags&codec.FlagMarket != 0, cmd.TIF, cmd.Price, cmd.Qty, c.fills[:0])
	if res.Reject != orderbook.Accepted {
		c.reject(res.Reject)
		return
	}
	c.trade(cmd, was.Side, own, fills, out)
	if res.Slot != orderbook.NoSlot {
		c.owners[res.Slot] = own
	}
}

// trade turns the fills of one incoming order into trades. Owners of makers are read by slot: a
// maker that is gone has freed its slot, but nothing has taken it since.
func (c *Core) trade(cmd *codec.Command, side orderbook.Side, own owner, fills []orderbook.Fill, out *Builder) {
	for i := range fills {
		f := &fills[i]
		maker := c.owners[f.MakerSlot]
		out.trades = append(out.trades, codec.Trade{
			No: c.nextTrade, Taker: cmd.Order, Maker: f.Maker, TimeNs: cmd.TimeNs,
			Command: uint32(cmd.Seq - out.first), Instrument: cmd.Instrument,
			Price: f.Price, Qty: f.Qty,
			TakerClient: own.client, MakerClient: maker.client,
			TakerMember: own.member, MakerMember: maker.member,
			TakerSide: side,
		})
		c.nextTrade++
	}
	c.counts.Trades += uint64(len(fills))
}
