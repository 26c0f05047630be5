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

// faulty is Naive with one fault of a real engine.
type faulty struct {
	*Naive
	add    func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result)
	modify func(b *Naive, o *orderbook.RestingOrder, price orderbook.Price, qty orderbook.Qty) bool // false: as Naive does
	cancel func(b *Naive, id orderbook.OrderID) orderbook.Result
}

func (f *faulty) Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	if f.add == nil {
		return f.Naive.Add(o, fills)
	}
	return f.add(f.Naive, o, fills)
}

func (f *faulty) Modify(id orderbook.OrderID, market bool, tif orderbook.TimeInForce, price orderbook.Price, qty orderbook.Qty,
	fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	if queue, i, live := f.find(id); live && f.modify != nil && checkTerms(market, tif, price, qty) == orderbook.Accepted {
		if o := &(*queue)[i]; f.modify(f.Naive, o, price, qty) {
			return fills, orderbook.Result{Resting: o.Qty, Slot: o.Slot}
		}
	}
	return f.Naive.Modify(id, market, tif, price, qty, fills)
}

func (f *faulty) Cancel(id orderbook.OrderID) orderbook.Result {
	if f.cancel == nil {
		return f.Naive.Cancel(id)
	}
	return f.cancel(f.Naive, id)
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
	"a partly filled maker goes to the back": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		had := len(fills)
		fills, r := b.Add(o, fills)
		if n := len(fills); n > had && fills[n-1].MakerLeft > 0 {
			queue, i, _ := b.find(fills[n-1].Maker)
			for q := *queue; i+1 < len(q) && q[i+1].Price == q[i].Price; i++ {
				q[i], q[i+1] = q[i+1], q[i]
			}
		}
		return fills, r
	}},
	"the fills grow": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		return b.Add(o, append(make([]orderbook.Fill, 0, 1000), fills...))
	}},
	"a duplicate number is taken if the order does not rest": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		if o.Market && checkTerms(true, o.TIF, o.Price, o.Qty) == orderbook.Accepted && o.Side.Valid() {
			return b.enter(*o, fills)
		}
		return b.Add(o, fills)
	}},
	"a refused add is noted": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		fills, r := b.Add(o, fills)
		if r.Reject == orderbook.RejectDuplicateOrder {
			queue, i, _ := b.find(o.ID)
			(*queue)[i].Qty++
		}
		return fills, r
	}},
	"the remainder takes a maker's slot": {add: func(b *Naive, o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
		had := len(fills)
		fills, r := b.Add(o, fills)
		if len(fills) > had && r.Resting > 0 {
			queue, i, _ := b.find(o.ID)
			(*queue)[i].Slot, r.Slot = fills[had].MakerSlot, fills[had].MakerSlot
		}
		return fills, r
	}},
	"a higher quantity keeps the place": {modify: func(b *Naive, o *orderbook.RestingOrder, price orderbook.Price, qty orderbook.Qty) bool {
		if price != o.Price {
			return false
		}
		o.Qty = qty
		return true
	}},
	"a modify does not cross": {modify: func(b *Naive, o *orderbook.RestingOrder, price orderbook.Price, qty orderbook.Qty) bool {
		opposite := *b.side(o.Side.Opposite())
		if len(opposite) == 0 || better(o.Side.Opposite(), opposite[0].Price, price) == (opposite[0].Price != price) {
			return false
		}
		o.Qty = qty
		return true
	}},
	"a cancel turns the rest of its level round": {cancel: func(b *Naive, id orderbook.OrderID) orderbook.Result {
		queue, i, _ := b.find(id)
		r := b.Cancel(id)
		if r.Reject == orderbook.Accepted && i+1 < len(*queue) {
			if q := *queue; q[i].Price == q[i+1].Price {
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
}

// stopper is a TB that stops at the first failure and keeps it.
type stopper struct{ failure string }

func (s *stopper) Helper() {}

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
				flow.Play(twin, random.Commands(5000))
			}()
			if s.failure == "" {
				t.Error("not found in 5000 commands")
			}
		})
	}
}
