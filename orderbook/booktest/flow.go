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
	PricesNarrow Prices = iota // 16 ticks: deep queues, much trading
	PricesNear                 // some hundred ticks, denser near the middle: a usual market
	PricesWide                 // anywhere in the domain, its ends and the borders of powers of two included
	pricesCount
)

// Flow turns bytes into commands, eight bytes each, any bytes into something. Its order numbers come
// from a pool of IDs, so that they meet live orders often and are used again when they are free.
type Flow struct {
	Prices Prices
	IDs    uint32 // size of the pool of order numbers
	Room   int    // fills a command may have; a few commands get less
	fills  []orderbook.Fill
}

// CommandSize is the number of bytes of a command.
const CommandSize = 8

// Play runs the commands in data on b.
func (f *Flow) Play(b Book, data []byte) {
	if cap(f.fills) < f.Room {
		f.fills = make([]orderbook.Fill, 0, f.Room)
	}
	for ; len(data) >= CommandSize; data = data[CommandSize:] {
		f.command(b, binary.LittleEndian.Uint64(data))
	}
}

// command runs one command:
//
//	bits  0-7   what to do           16-31  order number
//	      8-9   validity, by 4       32-47  quantity
//	     10-15  room for fills       48-63  price
func (f *Flow) command(b Book, w uint64) {
	id := orderbook.OrderID(uint32(w>>16&0xffff)%f.IDs + 1)
	side := orderbook.Buy + orderbook.Side(w>>7&1)
	qty := orderbook.Qty(w>>32&0xffff) % 300
	if qty == 299 {
		qty = math.MaxUint32
	}
	price := f.price(uint16(w >> 48))
	tif, market := orderbook.Day, false
	switch w >> 8 & 31 {
	case 0, 1, 2, 3:
		tif = orderbook.IOC
	case 4, 5:
		market = true
	case 6:
		tif, market = orderbook.IOC, true
	case 7:
		tif = orderbook.IOC + 1 // no such validity
	}
	room := f.Room
	if w>>13&7 == 0 {
		room = int(w>>32&3) % (f.Room + 1)
	}
	switch what := w & 127; {
	case what < 64:
		if what == 0 {
			side = 3 * orderbook.Side(w>>7&1) // no such side
		}
		b.Add(&orderbook.Order{ID: id, Side: side, TIF: tif, Market: market, Price: price, Qty: qty}, f.fills[:0:room])
	case what < 84:
		b.Cancel(id)
	case what < 94:
		b.Reduce(id, qty/8)
	case what < 106: // a new quantity at the price the order has
		if o, live := b.Lookup(id); live {
			price = o.Price
		}
		b.Modify(id, false, orderbook.Day, price, qty, f.fills[:0:room])
	default:
		b.Modify(id, market, tif, price, qty, f.fills[:0:room])
	}
}

func (f *Flow) price(u uint16) orderbook.Price {
	switch f.Prices {
	case PricesNarrow:
		return 1000 + orderbook.Price(u%16)
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

// Random is a small generator for tests: the same seed, the same bytes, on every machine and with every
// version of Go. (splitmix64)
type Random uint64

// Next returns 64 random bits.
func (r *Random) Next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Commands returns n random commands for Play.
func (r *Random) Commands(n int) []byte {
	data := make([]byte, 0, n*CommandSize)
	for range n {
		data = binary.LittleEndian.AppendUint64(data, r.Next())
	}
	return data
}
