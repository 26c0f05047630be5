package workload

import (
	"fmt"
	"io"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Day is a trading day, made as it is read. One goroutine uses it.
type Day struct {
	config   Config
	midnight uint64
	arena    *orderbook.Arena
	markets  []market
	source   source
	defined  uint32
	buffer   []orderbook.Fill // empty, with room for what any message may match
	fills    []orderbook.Fill // of the last command
	stats    Stats
}

// source says whose message comes next.
type source interface {
	first() *market
	moved()
}

// New prepares a day. All memory is reserved here: about 100 bytes for each order that may rest.
// Errors wrap ErrConfig.
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
		config: c, midnight: c.midnight(),
		arena:   orderbook.NewArena(limits),
		markets: make([]market, len(listings)),
	}
	candidates := make([]uint32, 2*limits)
	deepest := 0
	for rank, l := range listings {
		room := 2 * restingLimit(targets[rank])
		d.markets[rank].start(l, rank, c.Seed, orderbook.NewBook(d.arena), candidates[:0:room], targets[rank])
		candidates = candidates[room:]
		deepest = max(deepest, room/2)
	}
	d.buffer = make([]orderbook.Fill, 0, deepest)
	if c.Layout == SymbolOrder {
		d.source = &sequence{inNameOrder(d.markets)}
	} else {
		d.source = newMerge(d.markets)
	}
	return d, nil
}

// Next makes the next command: the definition of an instrument before its first message, then the
// message. Seq is left at 0 for the sequencer. It returns io.EOF at the end of the day and no other
// error.
func (d *Day) Next(c *codec.Command) error {
	d.fills = nil
	m := d.source.first()
	if m == nil {
		return io.EOF
	}
	time := nse.TimeNs(d.midnight + m.next)
	if m.index == 0 {
		d.defined++
		m.index = d.defined
		define := m.listing.instrument(m.index, time)
		*c = *define.AsCommand()
		d.stats.Defines++
		return nil
	}
	*c = codec.Command{TimeNs: time}
	out := m.message(c, d.buffer)
	d.fills = out.fills
	d.sign(c)
	d.stats.count(c, &out)
	d.stats.Resting = d.arena.Live()
	c.Ref = uint32(d.stats.Messages)
	m.advance(len(out.fills))
	d.source.moved()
	return nil
}

// Fills returns what the last command matched, in order: the trades that an exchange must come to.
// The slice belongs to the Day and is valid until the next call of Next.
func (d *Day) Fills() []orderbook.Fill { return d.fills }

// Stats returns the counts so far.
func (d *Day) Stats() Stats { return d.stats }

// Config returns the configuration with its defaults filled in.
func (d *Day) Config() Config { return d.config }

// RestingMax returns how many orders can rest at the same time at most: what an engine must hold to
// accept this day without running out of room.
func (d *Day) RestingMax() int { return d.arena.Cap() }

// Close gives the memory back. The Day must not be used afterwards.
func (d *Day) Close() { d.arena.Close() }
