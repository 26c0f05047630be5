package book

import (
	"math"

	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

const (
	marketMessages = 2_000_000
	marketSeed     = 23
	marketMid      = 100_000 // ticks, at the start
)

// market is a flow of one market or several, each with a mid that wanders a tick at a time:
//
//	45 %  passive order, 85 % of them at an exponential distance from the mid, mean 10 ticks,
//	      the others up to 200 ticks away
//	40 %  cancel of a live order, each equally likely
//	10 %  aggressive limit order through the touch
//	 5 %  new price for a live order, at the passive distance
//
// The number of live orders stays where it starts: below it, a cancel gives way to a passive order.
// This happens to one or two in a hundred messages, for the orders that are filled.
type market struct {
	live  int
	books int
	own   bool
}

// marketMaker draws the messages of a market, and plays them on a desk to know what is live.
type marketMaker struct {
	market
	desk    *Desk
	random  uint64
	mid     []orderbook.Price
	resting []restingOrder
	at      map[orderbook.OrderID]int // index in resting
	entered orderbook.OrderID
}

type restingOrder struct {
	id   orderbook.OrderID
	book uint16
}

// round draws the orders that rest at first and so many messages that follow.
func (m market) round(messages int) round {
	r := round{ordersMax: 2*m.live + messages, books: m.books, own: m.own}
	maker := &marketMaker{market: m, desk: r.open(), random: marketSeed, at: map[orderbook.OrderID]int{}}
	defer maker.desk.Close()
	for range m.books {
		maker.mid = append(maker.mid, marketMid)
	}
	for i := range m.live {
		r.prefill = append(r.prefill, maker.play(maker.passive(uint16(i%m.books))))
	}
	for range messages {
		r.messages = append(r.messages, maker.play(maker.draw()))
	}
	return r
}

// upTo returns a number from 0 to n-1.
func (m *marketMaker) upTo(n int) int {
	m.random = m.random*6364136223846793005 + 1442695040888963407
	return int(m.random >> 32 * uint64(n) >> 32)
}

// part returns a number from 0 to 1, without 1.
func (m *marketMaker) part() float64 { return float64(m.upTo(1<<30)) / (1 << 30) }

func (m *marketMaker) draw() addressed {
	book := uint16(m.upTo(m.books))
	if m.upTo(10) == 0 {
		m.mid[book] += orderbook.Price(2*m.upTo(2) - 1)
	}
	switch what := m.upTo(100); {
	case what < 45:
		return m.passive(book)
	case what < 85:
		if len(m.resting) >= m.live {
			o := m.resting[m.upTo(len(m.resting))]
			return addressed{workload.Message{Kind: codec.KindCancel, ID: o.id}, o.book}
		}
	case what < 95:
		return m.aggressive(book)
	default:
		if len(m.resting) > 0 {
			o := m.resting[m.upTo(len(m.resting))]
			was, _ := m.desk.books[o.book].Lookup(o.id)
			price := m.passivePrice(o.book, was.Side)
			return addressed{workload.Message{Kind: codec.KindModify, ID: o.id, Side: was.Side, Price: price, Qty: was.Qty}, o.book}
		}
	}
	return m.passive(book)
}

func (m *marketMaker) order(book uint16, side orderbook.Side, price orderbook.Price, qtyMax int) addressed {
	m.entered++
	id := m.entered
	if m.own {
		id = m.desk.arena.NextID()
	}
	qty := orderbook.Qty(1 + m.upTo(qtyMax))
	return addressed{workload.Message{ID: id, Kind: codec.KindNew, Side: side, Price: price, Qty: qty}, book}
}

func (m *marketMaker) passive(book uint16) addressed {
	side := orderbook.Buy + orderbook.Side(m.upTo(2))
	return m.order(book, side, m.passivePrice(book, side), 100)
}

// passivePrice returns a price on the own side of the mid that does not trade.
func (m *marketMaker) passivePrice(book uint16, side orderbook.Side) orderbook.Price {
	distance := 1 + m.upTo(200)
	if m.upTo(100) < 85 {
		distance = 1 + int(-10*math.Log(1-m.part()))
	}
	bid, ask := m.desk.books[book].BBO()
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
func (m *marketMaker) aggressive(book uint16) addressed {
	side := orderbook.Buy + orderbook.Side(m.upTo(2))
	bid, ask := m.desk.books[book].BBO()
	price := ask.Price + orderbook.Price(m.upTo(3))
	if side == orderbook.Sell {
		price = bid.Price - orderbook.Price(m.upTo(3))
	}
	if price <= 2 {
		price = m.mid[book]
	}
	return m.order(book, side, price, 60)
}

// play plays a message on the desk, keeps the list of what rests, and returns the message.
func (m *marketMaker) play(msg addressed) addressed {
	book := m.desk.books[msg.book]
	m.desk.used = 0 // the last message's reports are not published: these take their place
	m.desk.Do(book, &msg.Message)
	for _, r := range m.desk.slots[:m.desk.used] {
		if r.Kind() == Traded {
			m.note(r.Maker, msg.book)
		}
	}
	m.note(msg.ID, msg.book)
	return msg
}

// note puts an order on the list, or takes it off.
func (m *marketMaker) note(id orderbook.OrderID, book uint16) {
	i, known := m.at[id]
	switch _, rests := m.desk.books[book].Lookup(id); {
	case rests && !known:
		m.at[id] = len(m.resting)
		m.resting = append(m.resting, restingOrder{id, book})
	case !rests && known:
		last := m.resting[len(m.resting)-1]
		m.resting[i] = last
		m.at[last.id] = i
		m.resting = m.resting[:len(m.resting)-1]
		delete(m.at, id)
	}
}
