package settlement

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
	"github.com/tezi-exchange/tezi/orderbook"
)

func create(t testing.TB, holidays ...ledger.Date) *Settlement {
	t.Helper()
	s, err := New(Config{Holidays: holidays})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func party(member uint16) ledgertest.Party { return ledgertest.Party{Member: member, Client: 7} }

// on moves a trade to an instant in India.
func on(india string, trade codec.Trade) codec.Trade {
	trade.TimeNs = ledgertest.At(india)
	return trade
}

func commit(t testing.TB, r *Settlement, s *ledgertest.Stream, instruments []codec.Instrument, trades ...codec.Trade) {
	t.Helper()
	b := s.Next(instruments, trades...)
	if vote := r.Vote(b, false); !vote.Yes {
		t.Fatalf("vote %+v, want yes", vote)
	}
	s.Voted(b)
	r.Apply(s.Apply())
}

func saved(t testing.TB, r *Settlement) string {
	t.Helper()
	dir := t.TempDir()
	if err := r.Save(dir); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestObligations follows numbers computed by hand: netting over several trades and both roles of
// a member, a finer price scale, a derivative, a weekend, a holiday, and midnight in India.
func TestObligations(t *testing.T) {
	holiday, err := ledger.ParseDate("2026-01-05") // a Monday
	if err != nil {
		t.Fatal(err)
	}
	option := ledgertest.Instrument(3, "NIFTY", 2)
	option.Segment, option.Expiry, option.Strike, option.Series = codec.SegmentDerivatives, 20260129, 2_500_000, [2]byte{}
	copy(option.Class[:], "OPTIDX")
	copy(option.Option[:], "CE")
	instruments := []codec.Instrument{ledgertest.Instrument(1, "SBIN", 2), ledgertest.Instrument(2, "M&M,F", 4), option}

	r, s := create(t, holiday), &ledgertest.Stream{}
	commit(t, r, s, instruments,
		on("2026-01-01 23:59:59", ledgertest.Buys(party(1), party(2), 1, 100, 80_005)),
		on("2026-01-02 00:00:00", ledgertest.Buys(party(1), party(2), 1, 10, 80_000)),
		on("2026-01-02 10:00:00", ledgertest.Sells(party(1), party(3), 1, 4, 80_100)),
		on("2026-01-02 15:29:59", ledgertest.Sells(party(2), party(2), 1, 5, 80_000)))
	commit(t, r, s, nil,
		on("2026-01-02 15:29:59", ledgertest.Buys(party(3), party(1), 2, 3, 12_345)),
		on("2026-01-02 15:29:59", ledgertest.Buys(party(9), party(1), 3, 75, 5)))

	want := `trade_date,settlement_date,member,symbol,series,class,expiry,strike,option,buy_qty,buy_value,sell_qty,sell_value,net_qty,net_value
2026-01-01,2026-01-02,1,SBIN,EQ,,,,,100,80005.00,0,0.00,100,80005.00
2026-01-01,2026-01-02,2,SBIN,EQ,,,,,0,0.00,100,80005.00,-100,-80005.00
2026-01-02,2026-01-06,1,"M&M,F",EQ,,,,,0,0.0000,3,3.7035,-3,-3.7035
2026-01-02,2026-01-06,1,NIFTY,,OPTIDX,20260129,25000.00,CE,0,0.00,75,3.75,-75,-3.75
2026-01-02,2026-01-06,1,SBIN,EQ,,,,,10,8000.00,4,3204.00,6,4796.00
2026-01-02,2026-01-06,2,SBIN,EQ,,,,,5,4000.00,15,12000.00,-10,-8000.00
2026-01-02,2026-01-06,3,"M&M,F",EQ,,,,,3,3.7035,0,0.0000,3,3.7035
2026-01-02,2026-01-06,3,SBIN,EQ,,,,,4,3204.00,0,0.00,4,3204.00
2026-01-02,2026-01-06,9,NIFTY,,OPTIDX,20260129,25000.00,CE,75,3.75,0,0.00,75,3.75
`
	if got := saved(t, r); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	if r.AppliedTrades() != 6 || r.Name() != "settlement" || r.Close() != nil {
		t.Fatalf("%d trades applied, name %q", r.AppliedTrades(), r.Name())
	}
}

// TestManyDays: a source whose clock is broken makes a day of every trade, and a day of one trade is small.
func TestManyDays(t *testing.T) {
	const days, bytesMax = 2000, 8 << 10
	trades := make([]codec.Trade, days)
	for i := range trades {
		trades[i] = ledgertest.Buys(party(1), party(2), 1, 1, 100)
		trades[i].TimeNs = int64(i) * int64(24*time.Hour)
	}
	r, s := create(t), &ledgertest.Stream{}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	commit(t, r, s, []codec.Instrument{ledgertest.Instrument(1, "SBIN", 2)}, trades...)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / days; got > bytesMax || len(r.sessions) != days {
		t.Errorf("%d days of %d bytes each, want %d of at most %d", len(r.sessions), got, days, bytesMax)
	}
	runtime.KeepAlive(s)
}

// TestUnbalanced breaks the books by hand: Save must say where and write nothing (T1).
func TestUnbalanced(t *testing.T) {
	for _, breaks := range []func(*obligation){
		func(o *obligation) { o.buyQty++ },
		func(o *obligation) { o.sellValue-- },
	} {
		r, s := create(t), &ledgertest.Stream{}
		commit(t, r, s, []codec.Instrument{ledgertest.Instrument(1, "SBIN", 2)}, ledgertest.Buys(party(1), party(2), 1, 1, 100))
		breaks(r.current.obligations.At(0))
		dir := t.TempDir()
		err := r.Save(dir)
		if err == nil || !strings.Contains(err.Error(), "SBIN-EQ on 2026-01-02") {
			t.Fatalf("got %v, want an error that names instrument and day", err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Fatalf("%v was written all the same", entries)
		}
	}
}

// TestSaveFails checks that the error has the path.
func TestSaveFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if err := create(t).Save(dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, File)) {
		t.Fatalf("got %v", err)
	}
}

// naive nets the trades in the most obvious way and compares every member and instrument.
func naive(t *rapid.T, r *Settlement, applied []codec.Trade) {
	nets := map[string][2]int64{}
	for i := range applied {
		tr := &applied[i]
		buyer, seller := tr.TakerMember, tr.MakerMember
		if tr.TakerSide == orderbook.Sell {
			buyer, seller = seller, buyer
		}
		for member, sign := range map[uint16]int64{buyer: 1, seller: -1} {
			if buyer == seller {
				sign = 0
			}
			// 330 minutes east of Greenwich
			key := fmt.Sprint((tr.TimeNs+330*60e9)/86400e9, " ", member, " ", tr.Instrument)
			n := nets[key]
			nets[key] = [2]int64{n[0] + sign*int64(tr.Qty), n[1] + sign*int64(tr.Qty)*int64(tr.Price)}
		}
	}
	got := map[string][2]int64{}
	for date, session := range r.sessions {
		for _, o := range session.obligations.All() {
			got[fmt.Sprint(int(date), " ", o.member, " ", o.instrument)] = [2]int64{o.buyQty - o.sellQty, o.buyValue - o.sellValue}
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(nets) {
		t.Fatalf("obligations %v, want %v", got, nets)
	}
}

// TestConformance drives settlement through random schedules (T2).
func TestConformance(t *testing.T) {
	reserved := func(s *Settlement) string { return "" } // the place in the stream is tested in package ledger
	ledgertest.Run(t, func() *Settlement { return create(t) }, reserved, naive)
}

// TestAnyOrder checks that files and digest do not show in which order the trades came.
func TestAnyOrder(t *testing.T) {
	ledgertest.RunAnyOrder(t, func() *Settlement { return create(t) })
}

// TestDigestSeesAll changes each field of an obligation: the digest must notice.
func TestDigestSeesAll(t *testing.T) {
	r, s := create(t), &ledgertest.Stream{}
	commit(t, r, s, []codec.Instrument{ledgertest.Instrument(1, "SBIN", 2)}, ledgertest.Buys(party(1), party(2), 1, 1, 100))
	o := r.current.obligations.At(0)
	ledgertest.DigestSees(t, r, &o.instrument, &o.member, &o.buyQty, &o.sellQty, &o.buyValue, &o.sellValue)
}

// TestUnreadableDecided checks that a decided batch which cannot be read stops the process.
func TestUnreadableDecided(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("no panic")
		}
	}()
	create(t).Vote(&batch3pc.Batch{Payload: []byte("x")}, true)
}
