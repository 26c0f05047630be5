package orderbook_test

import (
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/tezi-exchange/tezi/internal/datatest"
	"github.com/tezi-exchange/tezi/orderbook"
)

// A mboRecord is one record of the recording: Databento's DBN, schema mbo, 56 bytes, little endian.
type mboRecord struct {
	order  orderbook.OrderID
	price  orderbook.Price // 1/100 of a point
	qty    orderbook.Qty
	action byte // A add, C cancel, M modify, T trade, F fill of a resting order
	side   orderbook.Side
}

func readMBO(t *testing.T, path string) (records []mboRecord) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	unzip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unzip)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	for data = data[8+le.Uint32(data[4:]):]; len(data) >= 56; data = data[4*int(data[0]):] {
		r := mboRecord{
			order: orderbook.OrderID(le.Uint64(data[16:])), price: orderbook.Price(int64(le.Uint64(data[24:])) / 1e7),
			qty: orderbook.Qty(le.Uint32(data[32:])), action: data[38], side: orderbook.Buy,
		}
		if data[39] == 'A' {
			r.side = orderbook.Sell
		}
		records = append(records, r)
	}
	return records
}

// TestRecordedAuction holds a real opening auction: the orders that the exchange filled, and how much of
// each, must be those that the book fills. Only allocation is tested. The exchange's price also came from
// volume of other books, of which 12 bought here; they are entered as one order behind all others.
func TestRecordedAuction(t *testing.T) {
	const price, implied = 480_025, 12
	records := readMBO(t, filepath.Join(datatest.Dir(t, "cme-es-mbo-20231225"), "esh4-glbx-mdp3-20231225.mbo.dbn.gz"))
	b := newBook(t, 20_000)
	b.OpenAuction()
	i := 0
	for ; records[i].action != 'T'; i++ {
		collectMBO(t, b, &records[i])
	}
	if live := 8_862; count(b, orderbook.Buy)+count(b, orderbook.Sell) != live {
		t.Fatalf("%d and %d orders collected, want %d in all", count(b, orderbook.Buy), count(b, orderbook.Sell), live)
	}
	want := map[orderbook.OrderID]orderbook.Qty{}
	for i++; records[i].action == 'F'; i++ {
		if _, ours := b.Lookup(records[i].order); ours {
			want[records[i].order] += records[i].qty
		}
	}
	if e := b.Equilibrium(480_025); e.Volume != 31 || e.Price < 480_000 || e.Price > price {
		t.Errorf("equilibrium of this book alone %+v, want 31 at 4800.00 or 4800.25", e)
	}
	b.Add(&orderbook.Order{ID: 1, Side: orderbook.Buy, Market: true, Qty: implied}, nil)
	got, crosses := map[orderbook.OrderID]orderbook.Qty{}, make([]orderbook.Cross, 0, 7)
	for crosses = b.Uncross(price, false, crosses); ; crosses = b.Uncross(price, false, crosses[:0]) {
		for _, x := range crosses {
			got[x.Buy] += x.Qty
			got[x.Sell] += x.Qty
		}
		if len(crosses) < cap(crosses) {
			break
		}
	}
	if got[1] != implied {
		t.Errorf("the order for other books gets %d, want %d", got[1], implied)
	}
	delete(got, 1)
	for id, qty := range want {
		if got[id] != qty {
			t.Errorf("order %d gets %d, recorded %d", id, got[id], qty)
		}
	}
	if len(want) != 15+13 || len(got) != len(want) {
		t.Errorf("%d orders filled, recorded %d, want 15 buys and 13 sells", len(got), len(want))
	}
	b.CloseAuction(price)
	if err := b.Check(); err != nil {
		t.Error(err)
	}
}

func count(b *orderbook.Book, side orderbook.Side) (n int) {
	for range b.Orders(side) {
		n++
	}
	return n
}

// collectMBO enters one record of the time before the auction.
func collectMBO(t *testing.T, b *orderbook.Book, r *mboRecord) {
	t.Helper()
	var result orderbook.Result
	switch r.action {
	case 'A':
		_, result = b.Add(&orderbook.Order{ID: r.order, Side: r.side, Price: r.price, Qty: r.qty}, nil)
	case 'M':
		_, result = b.Modify(r.order, &orderbook.Terms{Price: r.price, Qty: r.qty}, nil)
	case 'C':
		result = b.Reduce(r.order, r.qty)
	}
	if result.Reject != orderbook.Accepted {
		t.Fatalf("%c of order %d: %v", r.action, r.order, result.Reject)
	}
}
