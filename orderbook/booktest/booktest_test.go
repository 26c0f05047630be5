package booktest

import (
	"fmt"
	"math"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
)

// The probes and the rest of Run must hold for the reference itself.
func TestNaiveConforms(t *testing.T) {
	Run(t, func() Book { return NewNaive(OrdersMin) })
}

// stopper is a TB that stops at the first failure and keeps it.
type stopper struct{ failure string }

func (s *stopper) Fatalf(format string, args ...any) {
	s.failure = fmt.Sprintf(format, args...)
	panic(s)
}

// TestTwinFindsFaults runs the random flows of Run on books with a fault: each must be found.
func TestTwinFindsFaults(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			var s stopper
			func() {
				defer func() {
					if r := recover(); r != nil && r != any(&s) {
						panic(r)
					}
				}()
				fault.Naive = NewNaive(math.MaxInt)
				twin := NewTwin(&s, &fault, NewNaive(math.MaxInt), 1)
				flow := Flow{Prices: PricesNarrow, IDs: 40, Room: 100}
				random := Random(7)
				flow.Play(twin, random.Commands(20_000))
			}()
			if s.failure == "" {
				t.Error("not found in 20,000 commands")
			}
		})
	}
}

// faulty is Naive with one fault of a real engine, or of ours.
type faulty struct {
	*Naive
	add     func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result)
	modify  func(b *Naive, o *standing, t *orderbook.Terms) bool // false: as Naive does
	cancel  func(b *Naive, id orderbook.OrderID) orderbook.Result
	uncross func(b *Naive, crosses []orderbook.Cross)
	trigger func(b *Naive)
}

func (f *faulty) Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	if f.add == nil {
		return f.Naive.Add(o, fills)
	}
	return f.add(f.Naive, o, fills)
}

func (f *faulty) Modify(id orderbook.OrderID, t *orderbook.Terms, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	if list, i, live := f.find(id); live && f.modify != nil && refusesTerms(t) == orderbook.Accepted {
		if o := &(*list)[i]; o.Trigger == 0 && t.Trigger == 0 && !f.collecting && f.modify(f.Naive, o, t) {
			return fills, orderbook.Result{Resting: o.Qty, Slot: o.Slot}
		}
	}
	return f.Naive.Modify(id, t, fills)
}

func (f *faulty) Cancel(id orderbook.OrderID) orderbook.Result {
	if f.cancel == nil {
		return f.Naive.Cancel(id)
	}
	return f.cancel(f.Naive, id)
}

func (f *faulty) Uncross(price orderbook.Price, marketFirst bool, crosses []orderbook.Cross) []orderbook.Cross {
	crosses = f.Naive.Uncross(price, marketFirst, crosses)
	if f.uncross != nil {
		f.uncross(f.Naive, crosses)
	}
	return crosses
}

func (f *faulty) Trigger(fills []orderbook.Fill) (orderbook.Triggered, []orderbook.Fill, orderbook.Result, bool) {
	if f.trigger != nil {
		f.trigger(f.Naive)
	}
	return f.Naive.Trigger(fills)
}

var faults = map[string]faulty{
	"trades at the aggressor's price": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		had := len(fills)
		fills, r := b.Add(o, fills)
		for i := range fills[had:] {
			if !o.Market {
				fills[had+i].Price = o.Price
			}
		}
		return fills, r
	}},
	"an IOC rests": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		day := *o
		if day.TIF == orderbook.IOC && !day.Market {
			day.TIF = orderbook.Day
		}
		return b.Add(&day, fills)
	}},
	"a FOK is an IOC": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		ioc := *o
		if ioc.TIF == orderbook.FOK {
			ioc.TIF = orderbook.IOC
		}
		return b.Add(&ioc, fills)
	}},
	"a part of a disclosed order keeps its place": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		first := b.arrivals + 1
		fills, r := b.Add(o, fills)
		for _, side := range sides {
			orders := *b.market(side)
			if n := len(orders); n > 1 && orders[0].Disclosed > 0 && orders[1].Price == orders[0].Price && orders[1].arrived > first {
				orders[0], orders[1] = orders[1], orders[0]
			}
		}
		return fills, r
	}},
	"a disclosed order shows too much": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		fills, r := b.Add(o, fills)
		if list, i, live := b.find(o.ID); live && r.Resting > 0 && (*list)[i].Shown > 0 {
			(*list)[i].Shown = r.Resting
		}
		return fills, r
	}},
	"an own order trades": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		nobody := *o
		nobody.PAN = 0
		return b.Add(&nobody, fills)
	}},
	"the wrong order goes": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		other := *o
		other.CancelActive = !o.CancelActive
		return b.Add(&other, fills)
	}},
	"a partly filled maker goes to the back": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		had := len(fills)
		fills, r := b.Add(o, fills)
		if n := len(fills); n > had && fills[n-1].MakerLeft > 0 {
			if list, i, live := b.find(fills[n-1].Maker); live {
				for q := *list; i+1 < len(q) && q[i+1].Price == q[i].Price; i++ {
					q[i], q[i+1] = q[i+1], q[i]
				}
			}
		}
		return fills, r
	}},
	"the fills grow": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		return b.Add(o, append(make([]orderbook.Fill, 0, 1000), fills...))
	}},
	"a refused add is noted": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		fills, r := b.Add(o, fills)
		if r.Reject == orderbook.RejectDuplicateOrder {
			list, i, _ := b.find(o.ID)
			(*list)[i].Qty++
		}
		return fills, r
	}},
	"the remainder takes a maker's slot": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		had := len(fills)
		fills, r := b.Add(o, fills)
		if list, i, live := b.find(o.ID); live && len(fills) > had && r.Resting > 0 {
			(*list)[i].Slot, r.Slot = fills[had].MakerSlot, fills[had].MakerSlot
		}
		return fills, r
	}},
	"an auction order trades at once": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		collecting := b.collecting
		b.collecting = collecting && o.Market
		fills, r := b.Add(o, fills)
		b.collecting = collecting
		return fills, r
	}},
	"a higher quantity keeps the place": {modify: func(b *Naive, o *standing, t *orderbook.Terms) bool {
		if t.Price != o.Price || t.Market || !rests(t.TIF) || o.Disclosed != 0 {
			return false
		}
		o.Qty, o.Shown, o.TIF = t.Qty, t.Qty, t.TIF
		return true
	}},
	"a modify does not cross": {modify: func(b *Naive, o *standing, t *orderbook.Terms) bool {
		opposite := *b.market(o.Side.Opposite())
		if len(opposite) == 0 || t.Market || !rests(t.TIF) || !reaches(o.Side, t.Price, opposite[0].Price) {
			return false
		}
		o.Qty, o.Shown = t.Qty, t.Qty
		return true
	}},
	"a validity is not kept": {modify: func(b *Naive, o *standing, t *orderbook.Terms) bool {
		if rests(t.TIF) {
			t.TIF = o.TIF
		}
		return false
	}},
	"a cancel turns the rest of its level round": {cancel: func(b *Naive, id orderbook.OrderID) orderbook.Result {
		list, i, _ := b.find(id)
		r := b.Cancel(id)
		if r.Reject == orderbook.Accepted && i+1 < len(*list) {
			if q := *list; q[i].Price == q[i+1].Price {
				q[i], q[i+1] = q[i+1], q[i]
			}
		}
		return r
	}},
	"an unknown order is cancelled": {cancel: func(b *Naive, id orderbook.OrderID) orderbook.Result {
		r := b.Cancel(id)
		r.Reject = orderbook.Accepted
		return r
	}},
	"an auction does not set the last price": {uncross: func(b *Naive, crosses []orderbook.Cross) {
		if len(crosses) > 0 {
			b.last = 0
		}
	}},
	"an auction leaves the shown part as it was": {uncross: func(b *Naive, crosses []orderbook.Cross) {
		for _, c := range crosses {
			if list, i, live := b.find(c.Buy); live {
				(*list)[i].Shown = min((*list)[i].Qty, 1)
			}
		}
	}},
	"the last reached order enters first": {trigger: func(b *Naive) {
		if n := len(b.queue); n > 1 {
			b.queue[0], b.queue[n-1] = b.queue[n-1], b.queue[0]
		}
	}},
	"a triggered order forgets its PAN": {trigger: func(b *Naive) {
		if len(b.queue) > 0 {
			b.queue[0].PAN = 0
		}
	}},
}
