package workload

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Referee is the flow of the public matching-engine benchmark (github.com/flash1-dev/matching-engine-benchmark,
// docs/METHODOLOGY.md: a liquid share in ticks of half a cent, cancelled as soon as quoted) as this project
// makes it, from the description and with random numbers of its own, for one book.
//
// The mid price walks, each step proportional to it. Buys are placed along the first half of the walk and
// sells along the second, each on its own side of the mid, and then all arrive in random order: what
// trades are orders from parts of the walk that lie apart.
type Referee struct {
	Scenario Scenario
	Seed     uint64
	Orders   int // new orders, 2 to RefereeOrdersMax; they make about two messages each

	// Overlap makes an order arrive every microsecond, while some 1,500 others are in their lives. Without it an
	// order waits until the last one's life has ended, which is how the messages of the public benchmark
	// lie: a cancel mostly names the youngest order.
	Overlap bool
}

// RefereeOrdersMax keeps the place of an order and its number within 32 bits.
const RefereeOrdersMax = 1 << 26

// Message is one message of a Referee.
type Message struct {
	AtUs  int64             // since the start, microseconds
	ID    orderbook.OrderID // given by the member: dense from 1, but in no order of arrival
	Order uint32            // which order it is about, by arrival, from 0
	Price orderbook.Price   // of a new order or a modify, in ticks
	Qty   orderbook.Qty     //
	Kind  codec.Kind        // KindNew, KindModify or KindCancel
	Side  orderbook.Side
	TIF   orderbook.TimeInForce // Day or IOC
}

// The walk, and the sizes of the orders along it.
const (
	refereeMid    = 33_504 // ticks: $167.52
	refereeQtyMax = 100    // uniform from 1
	midBits       = 16     // fraction bits of the mid price
	swingBits     = 32     // fraction bits of a step's standard deviation, as a part of the mid price
)

// The lives of orders, in hundredths of those that can have it.
const (
	iocPercent     = 15 // of all orders; nothing follows them
	modifyPercent  = 20 // of the others: one share more, 30 to 99 µs later
	repricePercent = 80 // of the modifies: nearer to the market by a tick, too
	cancelPercent  = 95 // of the others
	againPercent   = 2  // of the cancels: sent twice; of the modifies of orders that have been cancelled: sent again
)

// placed is an order as it is placed along the walk.
type placed struct {
	id    uint32
	price orderbook.Price
	qty   orderbook.Qty
	level uint16 // ticks behind the best possible
	side  orderbook.Side
}

// Messages makes the flow, all at once and in the order of time: 32 bytes a message. It panics if a field is
// out of range.
func (r Referee) Messages() []Message {
	if r.Scenario >= scenarioCount || r.Orders < 2 || r.Orders > RefereeOrdersMax {
		panic(fmt.Sprintf("workload: no such flow: %+v", r))
	}
	random := random(mix(r.Seed) + uint64(r.Scenario))
	orders := r.place(&random)
	for i := len(orders) - 1; i > 0; i-- {
		j := random.below(uint32(i + 1))
		orders[i], orders[j] = orders[j], orders[i]
	}
	messages := make([]Message, 0, len(orders)*21/10+8)
	now := int64(0)
	for i := range orders {
		messages = orders[i].live(&random, messages, uint32(i), now)
		now++
		if !r.Overlap {
			now = messages[len(messages)-1].AtUs + 1
		}
	}
	if r.Overlap {
		slices.SortStableFunc(messages, func(a, b Message) int { return cmp.Compare(a.AtUs, b.AtUs) })
	}
	return messages
}

// place draws the orders along the walk of the mid price.
func (r Referee) place(random *random) []placed {
	orders := make([]placed, r.Orders)
	mid := int64(refereeMid) << midBits
	deviation := int64(scenarios[r.Scenario].swing << swingBits / 100 / isqrt(uint64(r.Orders)))
	for i := range orders {
		step := mid * deviation >> swingBits
		mid = max(mid+step*random.normal()>>normalBits, 1<<midBits)
		level := random.level()
		o := placed{id: uint32(i + 1), side: orderbook.Buy, qty: 1 + orderbook.Qty(random.below(refereeQtyMax)), level: uint16(level)}
		at := (mid + 1<<(midBits-1)) >> midBits // the nearest tick
		if i < len(orders)/2 {
			o.price = orderbook.Price(max(at-int64(level)-1, 1))
		} else {
			o.side = orderbook.Sell
			o.price = orderbook.Price(at + int64(level) + 1)
		}
		orders[i] = o
	}
	return orders
}

// live appends the messages of an order that arrives at now, at least one.
func (o *placed) live(random *random, messages []Message, order uint32, now int64) []Message {
	m := Message{AtUs: now, ID: orderbook.OrderID(o.id), Order: order, Price: o.price, Qty: o.qty, Kind: codec.KindNew, Side: o.side}
	if random.share(iocPercent) {
		m.TIF = orderbook.IOC
		return append(messages, m)
	}
	messages = append(messages, m)
	modified := random.share(modifyPercent)
	if modified {
		m.AtUs += 30 + int64(random.below(70))
		m.Kind, m.Qty = codec.KindModify, o.qty+1
		if random.share(repricePercent) {
			m.Price += nearer(o.side)
		}
		messages = append(messages, m)
	}
	if !random.share(cancelPercent) {
		return messages
	}
	modify := m
	m.AtUs += random.lifeUs(o.level)
	m.Kind, m.Price, m.Qty = codec.KindCancel, 0, 0
	messages = append(messages, m)
	if random.share(againPercent) {
		m.AtUs += 1 + int64(random.below(20))
		messages = append(messages, m)
	}
	if modified && random.share(againPercent) {
		modify.AtUs = m.AtUs + 1 + int64(random.below(20))
		messages = append(messages, modify)
	}
	return messages
}

// nearer is the step of a price towards the market.
func nearer(side orderbook.Side) orderbook.Price {
	if side == orderbook.Buy {
		return 1
	}
	return -1
}
