package book

import (
	"testing"

	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// collect runs a round with a look at each report.
func collect(r *round) (reports []Report, live int) {
	d := r.open()
	defer d.Close()
	for i := range r.messages {
		m := &r.messages[i]
		d.Do(d.books[m.book], &m.Message)
		reports = append(reports, d.slots[:d.used]...)
		d.used = 0 // they are not published, and the next take their place
	}
	return reports, d.Live()
}

// I1: every event of a small script is reported, in order.
func TestReports(t *testing.T) {
	sell := workload.Message{ID: 1, Kind: codec.KindNew, Side: orderbook.Sell, Price: 100, Qty: 5}
	buy := workload.Message{ID: 2, Kind: codec.KindNew, Side: orderbook.Buy, TIF: orderbook.IOC, Price: 101, Qty: 8}
	again := workload.Message{ID: 1, Kind: codec.KindNew, Side: orderbook.Sell, Price: 110, Qty: 3}
	modify := workload.Message{ID: 1, Kind: codec.KindModify, Side: orderbook.Sell, Price: 111, Qty: 4}
	cancel := workload.Message{ID: 1, Kind: codec.KindCancel}
	r := round{ordersMax: 10, books: 1}
	for _, m := range []workload.Message{sell, sell, buy, again, modify, cancel, cancel} {
		r.messages = append(r.messages, addressed{Message: m})
	}
	got, live := collect(&r)
	if live != 0 {
		t.Errorf("%d orders left", live)
	}
	report := func(id, maker orderbook.OrderID, price orderbook.Price, qty orderbook.Qty, w what) (r Report) {
		r.set(id, maker, price, qty, 0, w)
		return r
	}
	const duplicate, unknown = orderbook.RejectDuplicateOrder, orderbook.RejectUnknownOrder
	want := []Report{
		report(1, 0, 100, 5, what{Accepted, orderbook.Sell, 0, 0}),
		report(1, 0, 0, 0, what{Rejected, orderbook.Sell, 0, duplicate}),
		report(2, 0, 101, 8, what{Accepted, orderbook.Buy, 0, 0}),
		report(2, 1, 100, 5, what{Traded, 0, 0, 0}),
		report(2, 0, 0, 3, what{Cancelled, 0, orderbook.CauseRemainder, 0}),
		report(1, 0, 110, 3, what{Accepted, orderbook.Sell, 0, 0}),
		report(1, 0, 111, 4, what{Accepted, orderbook.Sell, 0, 0}),
		report(1, 0, 0, 4, what{Cancelled, 0, 0, 0}),
		report(1, 0, 0, 0, what{Rejected, 0, 0, unknown}),
	}
	if len(got) != len(want) {
		t.Fatalf("%d reports: %+v", len(got), got)
	}
	for i := range got {
		got[i].Slot = 0
		if got[i] != want[i] {
			t.Errorf("report %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	if got[0].What != 0x0201 || got[8].What != 0x01000004 || got[8].Kind() != Rejected {
		t.Errorf("packed as %#x and %#x", got[0].What, got[8].What)
	}
}

// I3: a flow means the same with the numbers of the members and with those of the book.
func TestNumbersDoNotMatter(t *testing.T) {
	messages := workload.Referee{Scenario: workload.FlashCrash, Seed: 3, Orders: 5_000, Overlap: true}.Messages()
	foreign, liveForeign := collect(refereeRound(messages, false))
	own, liveOwn := collect(refereeRound(messages, true))
	if len(foreign) != len(own) || liveForeign != liveOwn {
		t.Fatalf("%d reports and %d live, with own numbers %d and %d", len(foreign), liveForeign, len(own), liveOwn)
	}
	traded := 0
	for i := range foreign {
		a, b := foreign[i], own[i]
		if a.Price != b.Price || a.Qty != b.Qty || a.What != b.What {
			t.Fatalf("report %d: %+v, with own numbers %+v", i, a, b)
		}
		if a.Kind() == Traded {
			traded++
		}
	}
	if traded < 100 {
		t.Errorf("only %d trades", traded)
	}
}

// What is live in a churn stays what it is, at the prices that it names.
func TestChurn(t *testing.T) {
	c := churn{live: 100, levels: 5, span: 1_000, books: 3, own: true}
	r := c.round()
	d := r.open()
	defer d.Close()
	run(d, r.prefill)
	for i := range r.messages[:1_000] {
		m := &r.messages[i]
		d.used = 0 // the last report is not published, and this one takes its place
		d.Do(d.books[m.book], &m.Message)
		if r := &d.slots[0]; r.Kind() == Rejected {
			t.Fatalf("message %d: %+v", i, r)
		}
	}
	if d.Live() != 100 {
		t.Fatalf("%d live", d.Live())
	}
	prices := map[orderbook.Price]int{}
	for _, b := range d.books {
		for o := range b.Orders(orderbook.Buy) {
			prices[o.Price]++
		}
	}
	for _, price := range []orderbook.Price{1, 201, 401, 601, 801} {
		if prices[price] < 5 {
			t.Errorf("%d orders at %d", prices[price], price)
		}
	}
	if len(prices) != 5 {
		t.Errorf("prices %v", prices)
	}
}

// I2.
func TestNothingIsAllocated(t *testing.T) {
	r := refereeRound(workload.Referee{Scenario: workload.Normal, Seed: 3, Orders: 5_000}.Messages(), false)
	d := r.open()
	defer d.Close()
	once := func() float64 { return testing.AllocsPerRun(1, func() { run(d, r.messages) }) }
	n := once()
	for retry := 0; n != 0 && retry < 3; retry++ { // what the runtime allocates beside it comes once in a while
		n = once()
	}
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	if d.Reports < uint64(len(r.messages)) {
		t.Errorf("%d reports published of %d messages", d.Reports, len(r.messages))
	}
}
