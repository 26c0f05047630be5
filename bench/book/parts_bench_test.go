package book

import (
	"testing"

	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// parts is what a flow has beside orders for the day that are cancelled next.
type parts struct {
	ioc, modify, rest bool // immediate orders; modifies; orders that are not cancelled, and what comes of them
}

// BenchmarkParts takes scenario normal of Referee apart, with the book's own numbers: first nothing but orders and their
// cancels, then one thing more at a time. It shows what the loop, the book and the reports take where everything can be
// foretold, and what the rest costs.
func BenchmarkParts(b *testing.B) {
	flow := workload.Referee{Scenario: workload.Normal, Seed: workload.Normal.Seed(), Orders: refereeOrders}.Messages
	for _, p := range []struct {
		name string
		parts
	}{
		{"quotes", parts{}},
		{"quotes+ioc", parts{ioc: true}},
		{"quotes+modify", parts{modify: true}},
		{"quotes+rest", parts{rest: true}},
		{"all", parts{ioc: true, modify: true, rest: true}},
	} {
		var r *round
		b.Run("of="+p.name, func(b *testing.B) {
			b.StopTimer()
			if r == nil { // the function runs several times
				r = refereeRound(p.of(flow()), true)
			}
			r.bench(b)
		})
	}
}

// of returns the messages of a flow, whose orders do not overlap, that p has. An order that is to be cancelled and is
// not in the flow gets its cancel at the end of its life; what is sent twice goes.
func (p parts) of(messages []workload.Message) (some []workload.Message) {
	for len(messages) > 0 {
		life := 1
		for life < len(messages) && messages[life].Order == messages[0].Order {
			life++
		}
		some = p.ofLife(some, messages[:life])
		messages = messages[life:]
	}
	return some
}

// ofLife appends those of one order.
func (p parts) ofLife(some, life []workload.Message) []workload.Message {
	m := life[0]
	if m.TIF == orderbook.IOC {
		if p.ioc {
			some = append(some, m)
		}
		return some
	}
	some = append(some, m)
	for _, m := range life[1:] {
		switch {
		case m.Kind == codec.KindCancel:
			return append(some, m)
		case p.modify:
			some = append(some, m)
		}
	}
	if !p.rest {
		m.Kind, m.Price, m.Qty = codec.KindCancel, 0, 0
		some = append(some, m)
	}
	return some
}

// I3: the parts of a small flow, by hand.
func TestParts(t *testing.T) {
	message := func(order uint32, kind codec.Kind, tif orderbook.TimeInForce) workload.Message {
		return workload.Message{ID: orderbook.OrderID(order), Order: order, Kind: kind, TIF: tif, Qty: 1}
	}
	flow := []workload.Message{
		message(1, codec.KindNew, orderbook.Day), message(1, codec.KindModify, orderbook.Day), message(1, codec.KindCancel, orderbook.Day), message(1, codec.KindCancel, orderbook.Day),
		message(2, codec.KindNew, orderbook.IOC),
		message(3, codec.KindNew, orderbook.Day),
	}
	for _, c := range []struct {
		parts
		want string
	}{
		{parts{}, "new1 cancel1 new3 cancel3 "},
		{parts{ioc: true}, "new1 cancel1 new2 new3 cancel3 "},
		{parts{modify: true}, "new1 modify1 cancel1 new3 cancel3 "},
		{parts{rest: true}, "new1 cancel1 new3 "},
		{parts{true, true, true}, "new1 modify1 cancel1 new2 new3 "},
	} {
		got := ""
		for _, m := range c.of(flow) {
			got += map[codec.Kind]string{codec.KindNew: "new", codec.KindModify: "modify", codec.KindCancel: "cancel"}[m.Kind] + string('0'+rune(m.Order)) + " "
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.parts, got, c.want)
		}
	}
}
