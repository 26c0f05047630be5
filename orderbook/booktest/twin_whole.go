package booktest

import (
	"iter"
	"math"
	"slices"

	"github.com/tezi-exchange/tezi/orderbook"
)

// shown compares what the books show after a command. A book may do work only when somebody looks, so unless every
// command is followed by a full comparison, every other stretch between two of them passes without a look.
func (w *Twin) shown() {
	if done := w.history.done; done/w.wholeEvery%2 == 1 && done%w.wholeEvery != 0 {
		return
	}
	for i, b := range [...]Book{w.book, w.model} {
		w.bids[i] = b.Depth(orderbook.Buy, w.bids[i][:0])
		w.asks[i] = b.Depth(orderbook.Sell, w.asks[i][:0])
	}
	if !slices.Equal(w.bids[0], w.bids[1]) || !slices.Equal(w.asks[0], w.asks[1]) {
		w.failf("depth\n  got  %+v %+v\n  want %+v %+v", w.bids[0], w.asks[0], w.bids[1], w.asks[1])
	}
	bid, ask := w.book.BBO()
	if bid != first(w.bids[1]) || ask != first(w.asks[1]) {
		w.failf("touch\n  got  %+v %+v\n  want %+v %+v", bid, ask, first(w.bids[1]), first(w.asks[1]))
	}
	if w.book.LastPrice() != w.model.LastPrice() || w.book.Collecting() != w.model.Collecting() {
		w.failf("last price %d, collecting %v, want %d, %v",
			w.book.LastPrice(), w.book.Collecting(), w.model.LastPrice(), w.model.Collecting())
	}
	if w.history.done%w.wholeEvery == 0 {
		w.Whole()
	}
}

func first(levels []orderbook.Level) orderbook.Level {
	if len(levels) == 0 {
		return orderbook.Level{}
	}
	return levels[0]
}

// allOf returns the orders of a book in four sequences: bids, asks, waiting buys, waiting sells.
func allOf(b Book) [4]iter.Seq[orderbook.RestingOrder] {
	return [...]iter.Seq[orderbook.RestingOrder]{
		b.Orders(orderbook.Buy), b.Orders(orderbook.Sell), b.Stops(orderbook.Buy), b.Stops(orderbook.Sell),
	}
}

// Whole compares every order of the two books and lets both check themselves.
func (w *Twin) Whole() {
	n := 0
	model := allOf(w.model)
	for i, seq := range allOf(w.book) {
		got, want := slices.Collect(seq), slices.Collect(model[i])
		if !slices.EqualFunc(got, want, sameOrder) {
			w.failf("%s\n  got  %+v\n  want %+v", [...]string{"bids", "asks", "waiting buys", "waiting sells"}[i], got, want)
		}
		n += len(got)
		for _, o := range got {
			w.must(w.ledger.holds(&o, i >= 2))
			if found, live := w.book.Lookup(o.ID); !live || found != o || w.book.Find(o.ID) != o.Slot {
				w.failf("order %d is found as %+v in slot %d, it is %+v", o.ID, found, w.book.Find(o.ID), o)
			}
		}
	}
	if n != len(w.ledger.orders) {
		w.failf("%d orders, the results leave %d", n, len(w.ledger.orders))
	}
	for _, side := range sides {
		levels := w.model.Depth(side, make([]orderbook.Level, 0, n))
		if depth := w.book.Depth(side, make([]orderbook.Level, 0, n)); !slices.Equal(depth, levels) {
			w.failf("%v depth\n  got  %+v\n  want %+v", side, depth, levels)
		}
	}
	for _, side := range sides {
		for _, level := range w.model.Depth(side, make([]orderbook.Level, 0, n)) {
			at := level.Price
			if got, want := w.book.DepthAt(side, at), w.model.DepthAt(side, at); got != want {
				w.failf("%v depth at %d\n  got  %+v\n  want %+v", side, at, got, want)
			}
			if got := w.book.DepthAt(side, at+1); at > 0 && at < math.MaxInt32 && got != w.model.DepthAt(side, at+1) {
				w.failf("%v depth at %d\n  got  %+v", side, at+1, got)
			}
		}
	}
	if got, want := w.book.StateHash(), w.model.StateHash(); got != want {
		w.failf("state hash got %#x, want %#x", got, want)
	}
	w.must(w.book.Check())
	w.must(w.model.Check())
}

func sameOrder(a, b orderbook.RestingOrder) bool {
	a.Slot, b.Slot = 0, 0
	return a == b
}
