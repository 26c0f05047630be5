package booktest

import (
	"math"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
)

const (
	buy  = orderbook.Buy
	sell = orderbook.Sell
)

// entry is an order that is refused, with the reason.
type entry struct {
	name  string
	order orderbook.Order
	want  orderbook.RejectReason
}

// entries are refused by a book in continuous trading that holds the orders of refusing. Each would do much
// if it were taken. Those with two faults show which is found first.
var entries = []entry{
	{"no side", orderbook.Order{Price: 102}, orderbook.RejectSide},
	{"side 3", orderbook.Order{Side: 3, Price: 102}, orderbook.RejectSide},
	{"no side and no quantity", orderbook.Order{Qty: none}, orderbook.RejectSide},
	{"no quantity", orderbook.Order{Side: buy, Price: 102, Qty: none}, orderbook.RejectQuantity},
	{"no quantity and no price", orderbook.Order{Side: buy, Qty: none}, orderbook.RejectQuantity},
	{"market without quantity", orderbook.Order{Side: buy, Market: true, Qty: none}, orderbook.RejectQuantity},
	{"price 0", orderbook.Order{Side: sell}, orderbook.RejectPrice},
	{"price below 0", orderbook.Order{Side: sell, Price: -100}, orderbook.RejectPrice},
	{"lowest number as price", orderbook.Order{Side: buy, Price: math.MinInt32}, orderbook.RejectPrice},
	{"ioc at 0", orderbook.Order{Side: sell, TIF: orderbook.IOC}, orderbook.RejectPrice},
	{"price 0 and unknown validity", orderbook.Order{Side: sell, TIF: 5}, orderbook.RejectPrice},
	{"unknown validity", orderbook.Order{Side: sell, TIF: 5, Price: 99}, orderbook.RejectCommand},
	{"last unknown validity", orderbook.Order{Side: sell, TIF: 255, Market: true}, orderbook.RejectCommand},
	{"unknown validity and trigger below 0", orderbook.Order{Side: sell, TIF: 5, Price: 99, Trigger: -1}, orderbook.RejectCommand},
	{"trigger below 0", orderbook.Order{Side: sell, Price: 99, Trigger: -1}, orderbook.RejectTrigger},
	{"lowest number as trigger", orderbook.Order{Side: sell, Price: 99, Trigger: math.MinInt32}, orderbook.RejectTrigger},
	{"trigger below 0 and much disclosed", orderbook.Order{Side: sell, Price: 99, Trigger: -1, Disclosed: 6}, orderbook.RejectTrigger},
	{"more disclosed than there is", orderbook.Order{Side: sell, Price: 99, Disclosed: 6}, orderbook.RejectDisclosedAbove},
	{"ioc with more disclosed", orderbook.Order{Side: sell, Price: 99, TIF: orderbook.IOC, Disclosed: 6}, orderbook.RejectDisclosedAbove},
	{"ioc with a part disclosed", orderbook.Order{Side: sell, Price: 99, TIF: orderbook.IOC, Disclosed: 4}, orderbook.RejectDisclosed},
	{"fok with a part disclosed", orderbook.Order{Side: sell, Price: 99, TIF: orderbook.FOK, Disclosed: 1}, orderbook.RejectDisclosed},
	{"ioc stop with a part disclosed", orderbook.Order{Side: buy, Price: 105, Trigger: 105, TIF: orderbook.IOC, Disclosed: 1}, orderbook.RejectDisclosed},
	{"ioc stop", orderbook.Order{Side: buy, Price: 105, Trigger: 105, TIF: orderbook.IOC}, orderbook.RejectStopLoss},
	{"fok stop with a bad limit", orderbook.Order{Side: buy, Price: 103, Trigger: 104, TIF: orderbook.FOK}, orderbook.RejectStopLoss},
	{"buy with the limit below its trigger", orderbook.Order{Side: buy, Price: 104, Trigger: 105}, orderbook.RejectTriggerLimit},
	{"sell with the limit above its trigger", orderbook.Order{Side: sell, Price: 98, Trigger: 97}, orderbook.RejectTriggerLimit},
	{"bad limit and reached", orderbook.Order{Side: buy, Price: 98, Trigger: 99}, orderbook.RejectTriggerLimit},
	{"buy at the last price", orderbook.Order{Side: buy, Price: 105, Trigger: 100}, orderbook.RejectTrigger},
	{"buy below the last price", orderbook.Order{Side: buy, Price: 105, Trigger: 99}, orderbook.RejectTrigger},
	{"sell at the last price", orderbook.Order{Side: sell, Price: 90, Trigger: 100}, orderbook.RejectTrigger},
	{"market sell above the last price", orderbook.Order{Side: sell, Market: true, Trigger: 101}, orderbook.RejectTrigger},
	{"reached, with a live number", orderbook.Order{ID: 1, Side: sell, Market: true, Trigger: 101}, orderbook.RejectTrigger},
	{"live bid's number", orderbook.Order{ID: 1, Side: buy, Price: 102}, orderbook.RejectDuplicateOrder},
	{"live ask's number", orderbook.Order{ID: 3, Side: sell, Price: 99}, orderbook.RejectDuplicateOrder},
	{"ioc with a live number", orderbook.Order{ID: 1, Side: sell, TIF: orderbook.IOC, Price: 99}, orderbook.RejectDuplicateOrder},
	{"market with a live number", orderbook.Order{ID: 3, Side: buy, Market: true}, orderbook.RejectDuplicateOrder},
	{"fok with the number of one that waits", orderbook.Order{ID: 5, Side: buy, TIF: orderbook.FOK, Price: 102}, orderbook.RejectDuplicateOrder},
	{"stop with the number of one that waits", orderbook.Order{ID: 5, Side: buy, Price: 102, Trigger: 102}, orderbook.RejectDuplicateOrder},
	{"number of one that is reached", orderbook.Order{ID: 6, Side: buy, Price: 102}, orderbook.RejectDuplicateOrder},
}

// collected are refused while an auction collects orders.
var collected = []entry{
	{"ioc", orderbook.Order{Side: buy, Price: 102, TIF: orderbook.IOC}, orderbook.RejectValidity},
	{"market fok", orderbook.Order{Side: buy, Market: true, TIF: orderbook.FOK}, orderbook.RejectValidity},
	{"part disclosed", orderbook.Order{Side: buy, Price: 102, Disclosed: 4}, orderbook.RejectDisclosed},
	{"ioc with a part disclosed", orderbook.Order{Side: buy, Price: 102, Disclosed: 4, TIF: orderbook.IOC}, orderbook.RejectDisclosed},
	{"more disclosed than there is", orderbook.Order{Side: buy, Price: 102, Disclosed: 6}, orderbook.RejectDisclosedAbove},
	{"stop", orderbook.Order{Side: buy, Price: 110, Trigger: 109}, orderbook.RejectStopLoss},
	{"stop that is reached", orderbook.Order{Side: buy, Price: 110, Trigger: 99}, orderbook.RejectTrigger},
	{"live number", orderbook.Order{ID: 3, Side: buy, Price: 110}, orderbook.RejectDuplicateOrder},
	{"market with the number of one that waits", orderbook.Order{ID: 5, Side: buy, Market: true}, orderbook.RejectDuplicateOrder},
}

// none stands for a quantity of 0: without one, an entry is given 5.
const none = orderbook.Qty(math.MaxUint32)

// modifies of orders of refusing, that are refused in continuous trading.
var modifies = []entry{
	{"unknown order", orderbook.Order{ID: 99, Price: 102}, orderbook.RejectUnknownOrder},
	{"to nothing", orderbook.Order{ID: 1, Price: 102, Qty: none}, orderbook.RejectQuantity},
	{"market to nothing", orderbook.Order{ID: 1, Market: true, Qty: none}, orderbook.RejectQuantity},
	{"price 0", orderbook.Order{ID: 1}, orderbook.RejectPrice},
	{"price below 0", orderbook.Order{ID: 3, TIF: orderbook.IOC, Price: -1}, orderbook.RejectPrice},
	{"unknown validity", orderbook.Order{ID: 3, TIF: 7, Price: 99}, orderbook.RejectCommand},
	{"trigger below 0", orderbook.Order{ID: 3, Price: 99, Trigger: -1}, orderbook.RejectTrigger},
	{"more disclosed than there is", orderbook.Order{ID: 3, Price: 99, Disclosed: 6}, orderbook.RejectDisclosedAbove},
	{"more disclosed, of an unknown order", orderbook.Order{ID: 99, Price: 99, Disclosed: 6}, orderbook.RejectDisclosedAbove},
	{"ioc with a part disclosed", orderbook.Order{ID: 3, Price: 99, TIF: orderbook.IOC, Disclosed: 2}, orderbook.RejectDisclosed},
	{"a trigger for an order in the market", orderbook.Order{ID: 1, Price: 110, Trigger: 105}, orderbook.RejectTrigger},
	{"a stop without trigger", orderbook.Order{ID: 5, Price: 110}, orderbook.RejectTrigger},
	{"ioc stop without trigger", orderbook.Order{ID: 5, Price: 110, TIF: orderbook.IOC}, orderbook.RejectTrigger},
	{"ioc stop", orderbook.Order{ID: 5, Price: 110, Trigger: 109, TIF: orderbook.IOC}, orderbook.RejectStopLoss},
	{"stop with the limit below its trigger", orderbook.Order{ID: 5, Price: 108, Trigger: 109}, orderbook.RejectTriggerLimit},
	{"stop that is reached", orderbook.Order{ID: 5, Price: 110, Trigger: 100}, orderbook.RejectTrigger},
	{"stop on its way", orderbook.Order{ID: 6, Price: 110, Trigger: 109}, orderbook.RejectTrigger},
	{"stop on its way without trigger", orderbook.Order{ID: 6, Price: 110}, orderbook.RejectTrigger},
}

// collectedModifies are refused while an auction collects orders.
var collectedModifies = []entry{
	{"ioc", orderbook.Order{ID: 1, Price: 102, TIF: orderbook.IOC}, orderbook.RejectValidity},
	{"part disclosed", orderbook.Order{ID: 1, Price: 102, Disclosed: 1}, orderbook.RejectDisclosed},
	{"a trigger for an order in the market", orderbook.Order{ID: 1, Price: 110, Trigger: 105, TIF: orderbook.GTC}, orderbook.RejectTrigger},
	{"a stop", orderbook.Order{ID: 5, Price: 110, Trigger: 109}, orderbook.RejectStopLoss},
	{"a stop that is reached", orderbook.Order{ID: 5, Price: 110, Trigger: 99}, orderbook.RejectTrigger},
	{"a stop on its way", orderbook.Order{ID: 6, Price: 110, Trigger: 109}, orderbook.RejectTrigger},
}

// refusing has bids, asks, stop-loss order 5 that waits and 6 that is reached; the last price is 100.
const refusing = `
	buy 1 10@100
	buy 2 10@99
	sell 3 10@101
	sell 4 10@101
	buy 5 10@110 stop 108
	sell 6 10@90 stop 100
	sell 7 1@100     => trades 1:1@100; nothing left`

// refused gives a small book every command that must be refused, and compares the state hash.
func refused(t *testing.T, newBook func() Book) {
	run := func(name, setup string, want orderbook.RejectReason, do func(Book) orderbook.Result) {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			b := newBook()
			play(t, b, refusing+setup)
			before := b.StateHash()
			if r := do(b); r != orderbook.Refused(want) {
				t.Errorf("result %+v, want %v and nothing else", r, want)
			}
			if after := b.StateHash(); after != before {
				t.Errorf("state hash %#x, was %#x: %s; %s", after, before, orders(b), stops(b))
			}
			if err := b.Check(); err != nil {
				t.Error(err)
			}
		})
	}
	for _, phase := range []struct {
		name, setup     string
		entries, modify []entry
	}{{"continuous", "", entries, modifies}, {"auction", "\nauction", collected, collectedModifies}} {
		for _, e := range phase.entries {
			e.complete()
			run(phase.name+"/add/"+e.name, phase.setup, e.want, func(b Book) orderbook.Result {
				_, r := b.Add(&e.order, make([]orderbook.Fill, 0, 10))
				return r
			})
		}
		for _, e := range phase.modify {
			e.complete()
			run(phase.name+"/modify/"+e.name, phase.setup, e.want, func(b Book) orderbook.Result {
				_, r := b.Modify(e.order.ID, termsOf(&e.order), make([]orderbook.Fill, 0, 10))
				return r
			})
		}
	}
	const unknown, quantity = orderbook.RejectUnknownOrder, orderbook.RejectQuantity
	run("cancel of an unknown order", "", unknown, func(b Book) orderbook.Result { return b.Cancel(99) })
	run("cancel of order 0", "", unknown, func(b Book) orderbook.Result { return b.Cancel(0) })
	run("cancel of a gone order", "", unknown, func(b Book) orderbook.Result { return b.Cancel(7) })
	run("reduce of an unknown order", "", unknown, func(b Book) orderbook.Result { return b.Reduce(99, 1) })
	run("reduce of an unknown order by nothing", "", quantity, func(b Book) orderbook.Result { return b.Reduce(99, 0) })
	run("reduce by nothing", "", quantity, func(b Book) orderbook.Result { return b.Reduce(1, 0) })
	run("reduce by more than rests", "", quantity, func(b Book) orderbook.Result { return b.Reduce(1, 10) })
	run("reduce by more than waits", "", quantity, func(b Book) orderbook.Result { return b.Reduce(5, 11) })
	run("reduce by more than is on its way", "", quantity, func(b Book) orderbook.Result { return b.Reduce(6, math.MaxUint32) })
	activate := func(id orderbook.OrderID) func(Book) orderbook.Result {
		return func(b Book) orderbook.Result { _, _, r := b.Activate(id, nil); return r }
	}
	run("activate an unknown order", "", unknown, activate(99))
	run("activate an order in the market", "", unknown, activate(1))
	run("activate in an auction", "\nauction", orderbook.RejectSession, activate(5))
	run("activate an order in the market in an auction", "\nauction", unknown, activate(1))
}

// complete fills in what every entry has.
func (e *entry) complete() {
	switch e.order.Qty {
	case 0:
		e.order.Qty = 5
	case none:
		e.order.Qty = 0
	}
	if e.order.ID == 0 {
		e.order.ID = 98
	}
}
