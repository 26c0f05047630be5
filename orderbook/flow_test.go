package orderbook_test

import (
	"math"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// marketFlow is flow A: a synthetic market whose mid wanders, in messages drawn in advance.
//
//	45 %  passive order, 85 % of them at an exponential distance from the mid, mean 10 ticks,
//	      the others up to 200 ticks away
//	40 %  cancel of a live order, each equally likely
//	10 %  aggressive limit order through the touch
//	 5 %  new price for a live order, at the passive distance
//
// The number of live orders stays where it starts: below it, a cancel gives way to a passive order.
// This happens to one or two in a hundred messages, for the orders that are filled.
type marketFlow struct {
	own     bool // the order numbers are those of a numbered arena
	books   int
	prefill []message // builds the books
	stream  []message // is measured
	trades  int       // in the stream
	live    int       // after the stream
}

// message is small, because reading the stream is part of what is measured.
type message struct {
	id    orderbook.OrderID
	price orderbook.Price
	qty   orderbook.Qty
	book  uint16
	what  uint8
	side  orderbook.Side
}

const (
	messageAdd = iota
	messageCancel
	messageModify
)

const (
	flowSeed  = 23
	flowRoom  = 1024 // fills a message may have
	flowStart = orderbook.Price(100_000)
)

// flowMaker draws a marketFlow against the books themselves, to know what is live.
type flowMaker struct {
	random booktest.Random
	arena  *orderbook.Arena
	own    bool
	books  []*orderbook.Book
	target int // live orders to hold
	mid    []orderbook.Price
	live   []liveOrder
	at     map[orderbook.OrderID]int // index in live
	nextID orderbook.OrderID
	fills  []orderbook.Fill
	trades int
}

type liveOrder struct {
	id   orderbook.OrderID
	book uint16
}

// newArena returns an arena that gives the order numbers itself, or one that takes any.
func newArena(ordersMax int, own bool) *orderbook.Arena {
	if own {
		return orderbook.NewNumberedArena(ordersMax)
	}
	return orderbook.NewArena(ordersMax)
}

// newMarketFlow draws a flow with live orders over books at the start and messages messages.
func newMarketFlow(live, books, messages int, own bool) *marketFlow {
	m := &flowMaker{random: flowSeed, target: live, at: map[orderbook.OrderID]int{}, nextID: 1_100_000_000_000_000,
		fills: make([]orderbook.Fill, 0, flowRoom)}
	arena := newArena(2*live+messages, own)
	defer arena.Close()
	m.arena, m.own = arena, own
	for range books {
		m.books = append(m.books, orderbook.NewBook(arena))
		m.mid = append(m.mid, flowStart)
	}
	f := &marketFlow{own: own, books: books}
	for i := range live {
		msg := m.passive(uint16(i % books))
		m.apply(msg)
		f.prefill = append(f.prefill, msg)
	}
	m.trades = 0
	for range messages {
		msg := m.draw()
		m.apply(msg)
		f.stream = append(f.stream, msg)
	}
	f.trades, f.live = m.trades, arena.Live()
	return f
}

// upTo returns a number from 0 to n-1.
func (m *flowMaker) upTo(n int) int { return int(m.random.Next() >> 33 % uint64(n)) }

func (m *flowMaker) draw() message {
	book := uint16(m.upTo(len(m.books)))
	if m.upTo(10) == 0 {
		m.mid[book] += orderbook.Price(2*m.upTo(2) - 1)
	}
	switch what := m.upTo(100); {
	case what < 45:
		return m.passive(book)
	case what < 85:
		if len(m.live) >= m.target {
			o := m.live[m.upTo(len(m.live))]
			return message{what: messageCancel, book: o.book, id: o.id}
		}
	case what < 95:
		return m.aggressive(book)
	default:
		if len(m.live) > 0 {
			o := m.live[m.upTo(len(m.live))]
			resting, _ := m.books[o.book].Lookup(o.id)
			price := m.passivePrice(o.book, resting.Side)
			return message{what: messageModify, book: o.book, id: o.id, price: price, qty: resting.Qty}
		}
	}
	return m.passive(book)
}

func (m *flowMaker) order(book uint16, side orderbook.Side, price orderbook.Price, qty int) message {
	m.nextID++
	if m.own {
		m.nextID = m.arena.NextID()
	}
	return message{what: messageAdd, book: book, id: m.nextID, side: side, price: price, qty: orderbook.Qty(qty)}
}

func (m *flowMaker) passive(book uint16) message {
	side := orderbook.Buy + orderbook.Side(m.upTo(2))
	return m.order(book, side, m.passivePrice(book, side), 1+m.upTo(100))
}

// passivePrice returns a price on the own side of the mid that does not trade.
func (m *flowMaker) passivePrice(book uint16, side orderbook.Side) orderbook.Price {
	distance := 1 + m.upTo(200)
	if m.upTo(100) < 85 {
		distance = 1 + int(-10*math.Log(1-float64(m.random.Next()>>11)/(1<<53)))
	}
	bid, ask := m.books[book].BBO()
	if side == orderbook.Buy {
		price := m.mid[book] - orderbook.Price(distance)
		if ask.Price != 0 {
			price = min(price, ask.Price-1)
		}
		return price
	}
	return max(m.mid[book]+orderbook.Price(distance), bid.Price+1)
}

// aggressive returns an order that goes through the touch, and rests a little beyond if it gets there.
func (m *flowMaker) aggressive(book uint16) message {
	side := orderbook.Buy + orderbook.Side(m.upTo(2))
	bid, ask := m.books[book].BBO()
	price := ask.Price + orderbook.Price(m.upTo(3))
	if side == orderbook.Sell {
		price = bid.Price - orderbook.Price(m.upTo(3))
	}
	if price <= 2 {
		price = m.mid[book]
	}
	return m.order(book, side, price, 1+m.upTo(60))
}

// apply runs a message on the maker's books and keeps the list of live orders.
func (m *flowMaker) apply(msg message) {
	fills, resting := msg.run(m.books[msg.book], m.fills[:0])
	m.trades += len(fills)
	for _, f := range fills {
		if f.MakerLeft == 0 {
			m.gone(f.Maker)
		}
	}
	i, known := m.at[msg.id]
	switch {
	case resting > 0 && !known:
		m.at[msg.id] = len(m.live)
		m.live = append(m.live, liveOrder{msg.id, msg.book})
	case resting == 0 && known:
		m.gone(m.live[i].id)
	}
}

func (m *flowMaker) gone(id orderbook.OrderID) {
	i, last := m.at[id], len(m.live)-1
	m.live[i] = m.live[last]
	m.at[m.live[i].id] = i
	m.live = m.live[:last]
	delete(m.at, id)
}

// run runs the message on its book and returns the fills and what rests of the order. A message that
// is refused ends the test. Each case reads its own result: one variable for all three would be
// copied through memory, at a cost of 2 ns.
func (m *message) run(b *orderbook.Book, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Qty) {
	switch m.what {
	case messageAdd:
		var o orderbook.Order // field by field: a literal would be built elsewhere and copied
		o.ID, o.Side, o.Price, o.Qty = m.id, m.side, m.price, m.qty
		fills, r := b.Add(&o, fills)
		mustTake(r.Reject)
		return fills, r.Resting
	case messageCancel:
		r := b.Cancel(m.id)
		mustTake(r.Reject)
		return fills, r.Resting
	default:
		var t orderbook.Terms
		t.Price, t.Qty = m.price, m.qty
		fills, r := b.Modify(m.id, &t, fills)
		mustTake(r.Reject)
		return fills, r.Resting
	}
}

func mustTake(reason orderbook.RejectReason) {
	if reason != orderbook.Accepted {
		panic("flow A has a message that is refused: " + reason.String())
	}
}

// build returns an arena with the prefilled books of the flow.
func (f *marketFlow) build() (*orderbook.Arena, []*orderbook.Book) {
	arena := newArena(len(f.prefill)+len(f.stream), f.own)
	books := make([]*orderbook.Book, f.books)
	for i := range books {
		books[i] = orderbook.NewBook(arena)
	}
	fills := make([]orderbook.Fill, 0, flowRoom)
	for i := range f.prefill {
		f.prefill[i].run(books[f.prefill[i].book], fills)
	}
	return arena, books
}
