//go:build cgo

package main

import (
	"fmt"
	"math"
	"runtime/debug"

	"github.com/tezi-exchange/tezi/orderbook"
)

// ordersMax is how many orders may rest. The referee's books hold some ten thousand, and what is beyond them is
// never touched.
const ordersMax = 1 << 20

// rehearsed is how many orders rehearse enters: more than a flow leaves in the book.
const rehearsed = 1 << 16

// order is a message without its kind: new_order_t and modify_t of the interface, and of cancel_t the first
// two fields.
type order struct {
	id, sequence uint64
	price        int64  // ticks
	qty          uint32 //
	side         uint8  // 0: buy, 1: sell
	ioc          uint8
	_            [2]byte
}

// message is me_msg_t of the interface.
type message struct {
	kind uint8
	_    [7]byte
	order
}

// The kinds of message.
const (
	kindNew = iota
	kindCancel
	kindModify
)

// engine is one book under the rules of the interface.
type engine struct {
	arena *orderbook.Arena
	book  *orderbook.Book
	fills []orderbook.Fill // room for a fill of every order there may be
	place []place          // of the resting orders, by slot
	out   reports
}

// place is what the acknowledgement of a cancel repeats: price << 1 | side.
type place uint32

func (e *engine) open() {
	debug.SetGCPercent(-1) // no garbage is made from here on
	e.arena = orderbook.NewArena(ordersMax)
	e.book = orderbook.NewBook(e.arena)
	e.fills = make([]orderbook.Fill, 0, ordersMax)
	e.place = make([]place, e.arena.Slots())
	e.rehearse()
}

// rehearse enters orders and cancels them, and leaves the book empty, with its memory touched: on a virtual machine the
// first use of the pages took a sixth of the time of a whole scenario. A venue has that behind it before the day begins.
func (e *engine) rehearse() {
	for i := range rehearsed {
		o := orderbook.Order{ID: orderbook.OrderID(i + 1), Side: sideOf(uint8(i)), Price: orderbook.Price(i + 1), Qty: 1}
		if o.Side == orderbook.Sell {
			o.Price += rehearsed
		}
		_, result := e.book.Add(&o, e.fills)
		e.place[result.Slot] = 0
	}
	for i := range rehearsed {
		e.book.Cancel(orderbook.OrderID(i + 1))
	}
}

func (e *engine) batch(messages []message) {
	for i := range messages {
		m := &messages[i]
		switch m.kind {
		case kindNew:
			e.enter(&m.order)
		case kindCancel:
			e.cancel(m.id, m.sequence)
		case kindModify:
			e.modify(&m.order)
		default:
			panic(fmt.Sprintf("referee: a message of kind %d", m.kind))
		}
	}
	e.out.publish()
}

// enter reports nothing of an order that the book refuses: the interface has no such report, and leaves
// open what becomes of one.
func (e *engine) enter(m *order) {
	id, side, tif := orderbook.OrderID(m.id), sideOf(m.side), orderbook.TimeInForce(m.ioc)
	price, qty := priceOf(m.price), orderbook.Qty(m.qty)
	result, done := e.book.AddPassive(id, side, tif, price, qty, 0)
	if done {
		e.out.next().set(orderAck, m.side, m.sequence, m.id, 0, int32(price), m.qty)
	} else {
		var o orderbook.Order // field by field, as report.set
		o.ID, o.Side, o.TIF, o.Price, o.Qty = id, side, tif, price, qty
		var fills []orderbook.Fill
		fills, result = e.book.Add(&o, e.fills)
		if result.Reject != orderbook.Accepted {
			return
		}
		e.traded(orderAck, m, fills)
	}
	e.rest(m, result)
	if result.Cancelled > 0 {
		e.out.next().set(cancelAck, m.side, m.sequence, m.id, 0, int32(price), 0)
	}
}

func (e *engine) modify(m *order) {
	var terms orderbook.Terms
	terms.Price, terms.Qty = priceOf(m.price), orderbook.Qty(m.qty)
	fills, result := e.book.Modify(orderbook.OrderID(m.id), &terms, e.fills)
	if result.Reject != orderbook.Accepted {
		e.out.next().set(modifyReject, 0, m.sequence, m.id, 0, 0, 0)
		return
	}
	e.traded(modifyAck, m, fills)
	e.rest(m, result)
}

// cancel takes the two fields of cancel_t.
func (e *engine) cancel(id, sequence uint64) {
	result := e.book.Cancel(orderbook.OrderID(id))
	if result.Reject != orderbook.Accepted {
		e.out.next().set(cancelReject, 0, sequence, id, 0, 0, 0)
		return
	}
	p := e.place[result.Slot]
	e.out.next().set(cancelAck, uint8(p&1), sequence, id, 0, int32(p>>1), 0)
}

// traded reports a new order or a modify and its trades.
func (e *engine) traded(ack uint8, m *order, fills []orderbook.Fill) {
	e.out.next().set(ack, m.side, m.sequence, m.id, 0, int32(m.price), m.qty)
	for i := range fills {
		f := &fills[i]
		e.out.next().set(trade, 0, m.sequence, m.id, uint64(f.Maker), int32(f.Price), uint32(f.Qty))
	}
}

// rest notes where an order rests.
func (e *engine) rest(m *order, result orderbook.Result) {
	if result.Resting > 0 {
		e.place[result.Slot] = place(m.price)<<1 | place(m.side&1)
	}
}

// best returns the best price of a side, and none if the side is empty.
func (e *engine) best(side orderbook.Side, none int64) int64 {
	bid, ask := e.book.BBO()
	level := bid
	if side == orderbook.Sell {
		level = ask
	}
	if level.Orders == 0 {
		return none
	}
	return int64(level.Price)
}

func sideOf(side uint8) orderbook.Side { return orderbook.Buy + orderbook.Side(side&1) }

// priceOf turns a price off the book's domain into 0, which the book refuses.
func priceOf(ticks int64) orderbook.Price {
	if ticks < 0 || ticks > math.MaxInt32 {
		return 0
	}
	return orderbook.Price(ticks)
}
