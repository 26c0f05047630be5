package book

import (
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// churnMessages are the messages of one round: as many cancels as new orders.
const churnMessages = 1_000_000

// churn is a flow that holds a number of orders: each cancel takes any live order, all equally likely, and a new
// one comes for it, so nothing is where the last message was. All are bids: nothing trades.
type churn struct {
	live   int
	levels int // prices that orders are at, evenly spread ...
	span   int // ... over so many ticks
	books  int
	own    bool
}

// round draws the orders that rest at first and the messages that follow. It plays them on a desk, to know the
// numbers that the desk gives.
func (c churn) round() round {
	r := round{ordersMax: c.live, own: c.own, books: c.books}
	desk := r.open()
	defer desk.Close()
	random := uint64(29)
	draw := func(n int) int {
		random = random*6364136223846793005 + 1442695040888963407
		return int(random >> 32 * uint64(n) >> 32)
	}
	play := func(to *[]addressed, book uint16, m workload.Message) {
		desk.Do(desk.books[book], &m)
		*to = append(*to, addressed{m, book})
	}
	entered := orderbook.OrderID(0)
	enter := func() workload.Message {
		entered++
		id := entered
		if c.own {
			id = desk.arena.NextID()
		}
		price := 1 + orderbook.Price(draw(c.levels)*(c.span/c.levels))
		return workload.Message{ID: id, Kind: codec.KindNew, Side: orderbook.Buy, Price: price, Qty: 1}
	}
	live := make([]orderbook.OrderID, c.live) // order i is always in book i modulo the number of books
	for i := range live {
		m := enter()
		live[i] = m.ID
		play(&r.prefill, uint16(i%c.books), m)
	}
	for len(r.messages) < churnMessages {
		i := draw(len(live))
		book := uint16(i % c.books)
		play(&r.messages, book, workload.Message{ID: live[i], Kind: codec.KindCancel})
		m := enter()
		live[i] = m.ID
		play(&r.messages, book, m)
	}
	return r
}
