package booktest

import (
	"encoding/binary"
	"math"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Prices says which prices a Flow uses.
type Prices uint8

// The price profiles.
const (
	PricesNarrow Prices = iota // 16 ticks: much trading
	PricesNear                 // some hundred ticks, denser near the middle: a usual market
	PricesWide                 // anywhere in the domain, its ends and the borders of powers of two included
	PricesTight                // 4 ticks: deep queues
	PricesCount
)

// Features are rules of the book that a Flow can do without.
type Features uint8

// The features.
const (
	Stops     Features = 1 << iota // stop-loss orders
	Auctions                       // calls to open and close an auction
	Disclosed                      // orders that show a part
	SelfTrade                      // orders with a PAN
	Ranges                         // bounds of what an order that comes in trades at
)

// Flow turns bytes into commands, CommandSize bytes each, any bytes into something. Its order numbers come
// from a pool of IDs, so that they meet live orders often and are used again when they are free.
//
// Like an engine it enters the stop-loss orders that a command has reached before the next command, but
// for a few, and it closes an auction when it has traded all it can.
type Flow struct {
	Prices  Prices
	IDs     uint32                   // size of the pool of order numbers
	Room    int                      // fills a command may have, > 0; a few commands get less
	Without Features                 // none: all rules are played
	NextID  func() orderbook.OrderID // the numbers of new orders, of a book that gives them itself; nil: from the pool

	given   []orderbook.OrderID // by NextID, the last IDs of them
	fills   []orderbook.Fill
	crosses []orderbook.Cross
}

// CommandSize is the number of bytes of a command:
//
//	byte  0     what to do            10-11  trigger price
//	      1     validity, market      12     self-trade prevention
//	      2-3   order number          13     disclosed quantity
//	      4-5   quantity              14     room for fills, how many stop-loss orders enter
//	      6-7   price                 15     side, and what is to be wrong
//	      8-9   reference price
const CommandSize = 16

// Play runs the commands in data on b.
func (f *Flow) Play(b Book, data []byte) {
	if cap(f.fills) < f.Room {
		f.fills = make([]orderbook.Fill, 0, f.Room)
		f.crosses = make([]orderbook.Cross, 0, f.Room)
	}
	for ; len(data) >= CommandSize; data = data[CommandSize:] {
		f.command(b, data[:CommandSize])
	}
}

// command runs one command, and lets stop-loss orders enter that it has reached.
func (f *Flow) command(b Book, c []byte) {
	o := f.order(c)
	room := f.Room
	if c[14]&7 == 0 {
		room = int(c[14]>>3&3) % (f.Room + 1)
	}
	fills := f.fills[:0:room]
	switch what := c[0]; {
	case what < 118:
		if f.NextID != nil {
			o.ID = f.next()
		}
		if b.Collecting() && c[14]&15 != 1 { // mostly what an auction takes
			o.Disclosed, o.Trigger, o.TIF = 0, 0, o.TIF&^(orderbook.IOC|orderbook.FOK)
		}
		b.Add(&o, fills)
	case what < 156:
		b.Cancel(o.ID)
	case what < 176:
		b.Reduce(o.ID, o.Qty/8)
	case what < 226:
		f.modify(b, c, &o, fills)
	case what < 242:
		f.auction(b, c)
	default:
		f.seldom(b, c, &o, fills)
	}
	if c[14]>>4 != 0 {
		for n := 0; n < triggersMax; n++ {
			if _, _, _, reached := b.Trigger(f.fills[:0:f.Room]); !reached {
				break
			}
		}
	}
}

// triggersMax is how many stop-loss orders enter after one command, those they set off included.
const triggersMax = 100

// seldom runs a command that is rare.
func (f *Flow) seldom(b Book, c []byte, o *orderbook.Order, fills []orderbook.Fill) {
	stops := f.Without&Stops == 0
	switch what := c[0]; {
	case what < 246 && stops:
		b.Activate(o.ID, fills)
	case what < 248 && stops:
		b.Trigger(fills)
	case what == 248 && stops:
		b.HoldStops(c[14]&0x30 == 0)
	case what == 249 && stops:
		b.SetLastPrice(max(f.price(c[8:]), 0))
	case what == 250 && c[14]&0x30 == 0:
		cancel(b, orderbook.Side(c[15]>>6)%3, func(o *orderbook.RestingOrder) bool { return o.ID&3 == o.ID>>2&3 })
	case what == 251 && f.Without&Ranges == 0:
		b.SetRange(f.bound(c[6:]), f.bound(c[8:]))
	case what == 252 && f.Without&Ranges == 0:
		b.SetRange(0, 0)
	default:
		b.HoldStops(false)
	}
}

// order reads the order of a command.
func (f *Flow) order(c []byte) orderbook.Order {
	o := orderbook.Order{
		ID:    f.id(binary.LittleEndian.Uint16(c[2:])),
		Side:  orderbook.Buy + orderbook.Side(c[15]>>7),
		Price: f.price(c[6:]),
		Qty:   orderbook.Qty(binary.LittleEndian.Uint16(c[4:])) % 300,
	}
	if o.Qty == 299 {
		o.Qty = math.MaxUint32
	}
	o.TIF = [...]orderbook.TimeInForce{
		0, 0, 0, 0, 0, 0, 0, 0, orderbook.IOC, orderbook.IOC, orderbook.FOK, orderbook.FOK, orderbook.GTC, orderbook.GTD, 0, 0,
	}[c[1]&15]
	o.Market = c[1]&0x70 == 0
	if f.Without&SelfTrade == 0 && c[12]&0xc0 == 0 {
		o.PAN, o.CancelActive = orderbook.PAN(c[12]&3), c[12]&4 == 0
	}
	if f.Without&Disclosed == 0 && c[13]&0xc0 == 0 {
		o.Disclosed = o.Qty >> (c[13] & 7)
		if c[13]&8 != 0 {
			o.Disclosed = min(o.Qty, orderbook.Qty(c[13]&7))
		}
	}
	if f.Without&Stops == 0 && c[11]&0xe0 == 0 {
		o.Trigger = f.price(c[10:])
		if c[10]&1 == 0 { // on the right side of the limit
			o.Trigger = o.Price
		}
	}
	f.spoil(c[15], &o)
	return o
}

// spoil makes an order wrong, a few of them.
func (f *Flow) spoil(by byte, o *orderbook.Order) {
	switch by & 0x7f {
	case 1:
		o.Side = orderbook.Sell + 1
	case 2:
		o.Side = 0
	case 3:
		o.Price = -o.Price
	case 4:
		o.Price = 0
	case 5:
		o.Qty = 0
	case 6:
		o.TIF = orderbook.GTD + 1
	case 7:
		o.Trigger = -o.Price
	case 8:
		o.Disclosed = o.Qty + 1
	case 9:
		o.Qty = math.MaxUint32 - o.Qty
	}
}

// modify changes an order, half of the times little.
func (f *Flow) modify(b Book, c []byte, o *orderbook.Order, fills []orderbook.Fill) {
	t := termsOf(o)
	was, live := b.Lookup(o.ID)
	if live && c[0]&1 == 0 {
		t = &orderbook.Terms{TIF: was.TIF, Market: was.Market, Price: was.Price, Trigger: was.Trigger, Qty: was.Qty, Disclosed: was.Disclosed}
		t.Disclosed = min(t.Disclosed, t.Qty)
		switch c[1] & 7 {
		case 0:
			t.Qty = o.Qty
		case 1, 2:
			t.Qty -= min(t.Qty, o.Qty/16)
		case 3:
			t.Disclosed = min(t.Qty, orderbook.Qty(c[13]))
		case 4:
			t.TIF = o.TIF
		case 5:
			t.Price = o.Price
		case 6:
			t.Trigger = o.Trigger
		}
	} else if live && c[0]&2 == 0 { // a stop-loss order stays one
		t.Trigger = 0
		if was.Trigger > 0 {
			t.Trigger = o.Price
		}
	}
	b.Modify(o.ID, t, fills)
}

// id returns the number of an order.
func (f *Flow) id(u uint16) orderbook.OrderID {
	if f.NextID == nil {
		return orderbook.OrderID(uint32(u)%f.IDs + 1)
	}
	if n := len(f.given); n > 0 && u%64 != 0 {
		return f.given[int(u)%n]
	}
	return orderbook.OrderID(uint64(u) * 0x9e3779b97f4a7c15 >> (u & 63)) // hardly one that was given
}

// next returns the number that the book gives to the next order.
func (f *Flow) next() orderbook.OrderID {
	id := f.NextID()
	if n := len(f.given); n == 0 || f.given[n-1] != id {
		if n >= int(f.IDs) {
			f.given = append(f.given[:0], f.given[1:]...)
		}
		f.given = append(f.given, id)
	}
	return id
}

// bound returns a bound of the execution range, or 0 for none. A price of 1 bounds nothing.
func (f *Flow) bound(c []byte) orderbook.Price {
	if p := f.price(c); p > 1 {
		return p
	}
	return 0
}

func (f *Flow) price(c []byte) orderbook.Price {
	u := binary.LittleEndian.Uint16(c)
	switch f.Prices {
	case PricesNarrow:
		return 1000 + orderbook.Price(u%16)
	case PricesTight:
		return 1000 + orderbook.Price(u%4)
	case PricesNear:
		distance := orderbook.Price(u>>4&15) * orderbook.Price(u>>8&15)
		return 4100 + distance - orderbook.Price(u>>12)*8 // across a border of 64 and of 4096
	}
	// A power of two, a little moved: its neighbours differ in every bit.
	near := orderbook.Price(u>>8&3) - 1
	if u&1 == 0 {
		return orderbook.Price(int64(1)<<(u>>2&31)-1) + near // 0 and negative ones too
	}
	return orderbook.Price(uint32(u) * 2654435761 >> 1)
}
