package workload

import (
	"context"
	"errors"
	"fmt"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Flow names what a Loop is made of.
type Flow string

// The flows.
const (
	FlowReferee Flow = "referee" // Referee, one order's life after the other: 95 % of what rests is cancelled, hardly a trade
	FlowOverlap Flow = "overlap" // Referee, some 1,500 orders in their lives at any time
	FlowTrades  Flow = "trades"  // orders meant to match, on both sides of a price that walks: three trades for four commands
)

// Flows lists them.
var Flows = []Flow{FlowReferee, FlowOverlap, FlowTrades}

// LoopConfig says which loop to make. Equal configs make equal loops, byte for byte.
type LoopConfig struct {
	Flow        Flow   `json:"flow"`
	Seed        uint64 `json:"seed"`
	Commands    int    `json:"round"` // of a round, nearly; at most LoopCommandsMax
	Instruments int    `json:"instruments"`
	Members     int    `json:"members"`
	Clients     int    `json:"clients"` // of each member
}

// LoopCommandsMax bounds a round: its order numbers fit in 32 bits many times over.
const LoopCommandsMax = 1 << 24

// LoopDefault is a loop whose commands fit into a shared cache, for a market of middling size.
func LoopDefault(flow Flow) LoopConfig {
	return LoopConfig{Flow: flow, Seed: 1, Commands: 1 << 18, Instruments: 50, Members: 100, Clients: 20}
}

// Loop is a flow without an end, in bounded memory: a round of commands that leaves no order behind and is
// given again and again, each time with new order numbers. What it costs to make is paid before the clock
// of a benchmark starts: Next copies 64 bytes.
type Loop struct {
	Config LoopConfig
	Trades int // of a round

	opening []codec.Command // defines the instruments
	round   []codec.Command
	numbers orderbook.OrderID // more than any order number of a round

	at   int
	base orderbook.OrderID
	now  int64
}

// Validate reports what no loop can be made of; the error wraps ErrConfig.
func (c *LoopConfig) Validate() error {
	bad := func(field string, value any, want string) error {
		return fmt.Errorf("%w: %s is %v, want %s", ErrConfig, field, value, want)
	}
	known := false
	for _, f := range Flows {
		known = known || f == c.Flow
	}
	switch {
	case !known:
		return bad("Flow", c.Flow, fmt.Sprintf("one of %v", Flows))
	case c.Commands < 16 || c.Commands > LoopCommandsMax:
		return bad("Commands", c.Commands, fmt.Sprintf("16 to %d", LoopCommandsMax))
	case c.Instruments < 1 || c.Instruments > InstrumentsMax:
		return bad("Instruments", c.Instruments, fmt.Sprintf("1 to %d", InstrumentsMax))
	case c.Members < 1 || c.Members > MembersMax:
		return bad("Members", c.Members, fmt.Sprintf("1 to %d", MembersMax))
	case c.Clients < 1 || uint64(c.Members)*uint64(c.Clients) >= 1<<32:
		return bad("Clients", c.Clients, "at least 1, and below 2^32 over all members")
	}
	return nil
}

// NewLoop makes a loop. The largest take minutes: when ctx ends, its error is returned, and what is being made is left to itself.
func NewLoop(ctx context.Context, c LoopConfig) (*Loop, error) {
	if err := errors.Join(c.Validate(), ctx.Err()); err != nil {
		return nil, err
	}
	var l *Loop
	var err error
	made := make(chan struct{})
	go func() {
		l, err = makeLoop(c)
		close(made)
	}()
	select {
	case <-made:
		return l, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func makeLoop(c LoopConfig) (*Loop, error) {
	l := &Loop{Config: c, now: DateDefault.UnixNano()}
	for i := range c.Instruments {
		in := codec.Instrument{Instrument: uint32(i + 1), Segment: codec.SegmentCapital, Tick: 1, Lot: 1, PriceScale: 2}
		copy(in.Symbol[:], fmt.Sprintf("LOOP%d", i+1))
		copy(in.Series[:], "EQ")
		l.opening = append(l.opening, *in.AsCommand())
	}
	d, err := newDrill(l)
	if err != nil {
		return nil, err
	}
	defer d.core.Close()
	switch c.Flow {
	case FlowTrades:
		d.trades()
	default:
		d.referee()
	}
	d.cancelAll()
	l.Trades = int(d.core.Counts().Trades)
	if l.Trades == 0 {
		return nil, errors.New("workload: a loop without a trade: want more commands")
	}
	return l, nil
}

// Opening returns the commands that come before the first round, not to be changed. Their times are those of
// the beginning.
func (l *Loop) Opening() []codec.Command { return l.opening }

// Len returns how many commands a round has.
func (l *Loop) Len() int { return len(l.round) }

// Next makes the next command of the rounds. The times are those of one day, a nanosecond apart.
func (l *Loop) Next(c *codec.Command) {
	*c = l.round[l.at]
	c.Order += l.base
	l.now++
	c.TimeNs = l.now
	if l.at++; l.at == len(l.round) {
		l.at = 0
		l.base += l.numbers
	}
}

// PositionsMax bounds the pairs of client and instrument that meet.
func (c *LoopConfig) PositionsMax() int {
	return min(c.Members*c.Clients*c.Instruments, 2*c.Commands) + 1
}

// drill runs the production core on a round in the making.
type drill struct {
	loop   *Loop
	random random
	core   *engine.Core
	open   *engine.Builder
	seq    uint64
	ids    []codec.Command // entries, for cancels
}

func newDrill(l *Loop) (*drill, error) {
	c := &l.Config
	core, err := engine.NewCore(engine.Limits{
		OrdersMax: c.Commands + 1, InstrumentsMax: c.Instruments, BatchTarget: 1000,
		ClientsMax: min(c.Members*c.Clients, c.Commands) + 1, PositionsMax: c.PositionsMax(),
	}, nil)
	if err != nil {
		return nil, err
	}
	d := &drill{loop: l, random: random(mix(c.Seed)), core: core, open: engine.NewBuilder(0, 1)}
	for _, o := range l.opening {
		d.apply(o)
	}
	return d, nil
}

// apply gives a command to the core.
func (d *drill) apply(c codec.Command) {
	d.seq++
	c.Seq = d.seq
	d.core.Apply(&c, d.open)
	d.open.Reset(d.core.LastCommand(), d.core.NextTrade())
}

// add makes a command part of the round.
func (d *drill) add(c codec.Command) {
	l := d.loop
	l.round = append(l.round, c)
	l.numbers = max(l.numbers, c.Order+1)
	d.apply(c)
}

// own gives an order its owner.
func (d *drill) own(c *codec.Command) {
	cfg := &d.loop.Config
	c.Member, c.Client = codec.Owner(c.Order, uint32(cfg.Members), uint32(cfg.Clients))
	c.PAN = c.Client
}

// referee plays the public benchmark's flow, an order in a book that its number chooses.
func (d *drill) referee() {
	c := &d.loop.Config
	flow := Referee{Scenario: Normal, Seed: c.Seed, Orders: max(c.Commands*100/211, 2), Overlap: c.Flow == FlowOverlap}
	for _, m := range flow.Messages() {
		cmd := codec.Command{
			Kind: m.Kind, Order: m.ID, Instrument: 1 + m.Order%uint32(c.Instruments), Side: m.Side, TIF: m.TIF, Price: m.Price, Qty: m.Qty,
		}
		d.own(&cmd)
		if m.Kind == codec.KindNew {
			d.ids = append(d.ids, cmd)
		}
		d.add(cmd)
	}
}

// The flow of FlowTrades.
const (
	loopPrice   = 100_000 // paise, about which a price walks
	loopReach   = 8       // ticks that it goes away from there: what it leaves behind is met again
	loopSpread  = 4       // ticks: orders come up to so far behind the price, and as far beyond it
	loopQtyMax  = 100     // uniform from 1
	loopCancels = 10      // per cent of the commands, of one of the youngest orders
	loopYoung   = 4096    // among which a cancel chooses
)

// trades plays orders that are meant to match. Cancels name orders that live, so that a book does not grow.
func (d *drill) trades() {
	c := &d.loop.Config
	prices := make([]orderbook.Price, c.Instruments)
	for i := range prices {
		prices[i] = loopPrice
	}
	for number := orderbook.OrderID(1); len(d.loop.round) < c.Commands; {
		if d.random.share(loopCancels) {
			d.cancel()
			continue
		}
		i := d.random.below(uint32(c.Instruments))
		u := d.random.next()
		if u&15 == 0 {
			prices[i] = min(max(prices[i]+orderbook.Price(u>>4&2)-1, loopPrice-loopReach), loopPrice+loopReach)
		}
		side := sideOf(u >> 8)
		away := orderbook.Price(d.random.below(2*loopSpread+1)) - loopSpread
		if side == orderbook.Sell {
			away = -away
		}
		cmd := codec.Command{
			Kind: codec.KindNew, Order: number, Instrument: i + 1, Side: side, Price: prices[i] + away,
			Qty: 1 + orderbook.Qty(d.random.below(loopQtyMax)),
		}
		number++
		d.own(&cmd)
		d.ids = append(d.ids, cmd)
		d.add(cmd)
	}
}

// cancel takes one of the youngest orders out, if the one that it hits on is live.
func (d *drill) cancel() {
	if len(d.ids) == 0 {
		return
	}
	n := min(len(d.ids), loopYoung)
	o := d.ids[len(d.ids)-1-int(d.random.below(uint32(n)))]
	if _, live := d.core.Lookup(o.Instrument, o.Order); live {
		o.Kind = codec.KindCancel
		d.add(o)
	}
}

// cancelAll takes out what is left, in the order of entry.
func (d *drill) cancelAll() {
	for _, o := range d.ids {
		if _, live := d.core.Lookup(o.Instrument, o.Order); live {
			o.Kind = codec.KindCancel
			d.add(o)
		}
	}
}
