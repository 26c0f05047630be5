package marketdata

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
	"github.com/tezi-exchange/tezi/orderbook"
)

var buyer, seller = ledgertest.Party{Member: 1, Client: 1}, ledgertest.Party{Member: 2, Client: 2}

func create(t testing.TB, dir string) *MarketData {
	t.Helper()
	m, err := New(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func trade(instrument uint32, qty orderbook.Qty, price orderbook.Price) codec.Trade {
	return ledgertest.Buys(buyer, seller, instrument, qty, price)
}

func vote(t testing.TB, m *MarketData, s *ledgertest.Stream, instruments []codec.Instrument, trades ...codec.Trade) {
	t.Helper()
	b := s.Next(instruments, trades...)
	if v := m.Vote(b, false); !v.Yes {
		t.Fatalf("vote %+v, want yes", v)
	}
	s.Voted(b)
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestBhavcopy follows numbers computed by hand. SBIN on the first day:
//
//	100 x 800.00 + 50 x 801.05 + 7 x 799.95 = 80,000.00 + 40,052.50 + 5,599.65 = 125,652.15
//	average 125,652.15 / 157 = 800.3321.. -> 800.33; 1.2565215 lakh -> 1.26
func TestBhavcopy(t *testing.T) {
	option := ledgertest.Instrument(3, "NIFTY", 2)
	option.Segment, option.Expiry, option.Strike, option.Series = codec.SegmentDerivatives, 20260129, 2_500_000, [2]byte{}
	copy(option.Class[:], "OPTIDX")
	copy(option.Option[:], "PE")
	next := trade(1, 1, 79_000)
	next.TimeNs = ledgertest.At("2026-01-05 09:15:00")

	m, s := create(t, ""), &ledgertest.Stream{}
	vote(t, m, s, []codec.Instrument{ledgertest.Instrument(1, "SBIN", 2), ledgertest.Instrument(2, "ABB", 4), ledgertest.Instrument(4, "QUIET", 2)},
		trade(1, 100, 80_000), trade(2, 3, 11_111), trade(1, 50, 80_105))
	vote(t, m, s, []codec.Instrument{option}, trade(3, 75, 12_005), trade(1, 7, 79_995), trade(2, 1, 11_112), next)
	m.Apply(s.Apply())
	m.Apply(s.Apply())
	dir := t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	want := `SYMBOL,SERIES,DATE1,OPEN_PRICE,HIGH_PRICE,LOW_PRICE,LAST_PRICE,CLOSE_PRICE,AVG_PRICE,TTL_TRD_QNTY,TURNOVER_LACS,NO_OF_TRADES
ABB,EQ,02-Jan-2026,1.1111,1.1112,1.1111,1.1112,1.1112,1.1111,4,0.00,2
SBIN,EQ,02-Jan-2026,800.00,801.05,799.95,799.95,799.95,800.33,157,1.26,3
SBIN,EQ,05-Jan-2026,790.00,790.00,790.00,790.00,790.00,790.00,1,0.01,1
`
	if got := read(t, filepath.Join(dir, BhavcopyFile)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	wantFO := `TradDt,FinInstrmTp,TckrSymb,XpryDt,StrkPric,OptnTp,OpnPric,HghPric,LwPric,ClsPric,LastPric,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd
2026-01-02,IDO,NIFTY,2026-01-29,25000.00,PE,120.05,120.05,120.05,120.05,120.05,75,9003.75,1
`
	if got := read(t, filepath.Join(dir, BhavcopyFOFile)); got != wantFO {
		t.Errorf("got\n%s\nwant\n%s", got, wantFO)
	}
	if m.AppliedTrades() != 7 || m.Name() != "marketdata" || m.Err() != nil || m.Close() != nil {
		t.Fatalf("%d trades applied, name %q, %v", m.AppliedTrades(), m.Name(), m.Err())
	}
}

// TestNoDerivatives checks that the second file exists only when it says something.
func TestNoDerivatives(t *testing.T) {
	dir := t.TempDir()
	if err := create(t, "").Save(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, BhavcopyFOFile)); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
	if got := read(t, filepath.Join(dir, BhavcopyFile)); strings.Count(got, "\n") != 1 {
		t.Fatalf("got %q, want the header", got)
	}
}

// tapeOf reads the tape: one line for each batch.
func tapeOf(t testing.TB, dir string) string {
	t.Helper()
	var lines []string
	err := ReadTape(dir, func(e *TapeEntry) error {
		line := fmt.Sprintf("%d:", e.At.Seq)
		if e.Gap {
			line = fmt.Sprintf("not here: %d to %d", e.From, e.To)
		}
		for i := range e.Payload.Trades {
			line += fmt.Sprintf(" %d@%d", e.Payload.Trades[i].No, e.Payload.Trades[i].Price)
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// TestTape checks what is published: decided batches only (M1), each once, across restarts with and
// without a clean end (M2).
func TestTape(t *testing.T) {
	dir := t.TempDir()
	s := &ledgertest.Stream{}
	instruments := []codec.Instrument{ledgertest.Instrument(1, "SBIN", 2)}
	m := create(t, dir)
	vote(t, m, s, instruments, trade(1, 1, 100), trade(1, 1, 101))
	vote(t, m, s, nil, trade(1, 1, 666))
	m.Apply(s.Apply())
	m.Drop(s.Drop())
	vote(t, m, s, nil, trade(1, 1, 103))
	m.Apply(s.Apply())
	vote(t, m, s, nil, trade(1, 1, 104))
	if err := m.Save(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if got, want := tapeOf(t, dir), "1: 1@100 2@101\n3: 3@103"; got != want {
		t.Fatalf("tape\n%s\nwant\n%s", got, want)
	}
	digest := m.Digest()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}

	m = create(t, dir)
	for _, b := range s.Applied() { // the log is replayed
		m.Vote(b, false)
		m.Apply(b)
	}
	if m.Digest() != digest {
		t.Fatal("the replay gives another state")
	}
	last := s.Drop() // the one that was in doubt is decided now
	m.Vote(last, true)
	s.Voted(last)
	m.Apply(s.Apply())
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := tapeOf(t, dir), "1: 1@100 2@101\n3: 3@103\n4: 4@104"; got != want {
		t.Fatalf("tape\n%s\nwant\n%s", got, want)
	}
}

// TestForeignTape restarts with a tape of another history: nothing is published, votes are refused
// and Save fails (M3).
func TestForeignTape(t *testing.T) {
	dir := t.TempDir()
	instruments := []codec.Instrument{ledgertest.Instrument(1, "SBIN", 2)}
	m, s := create(t, dir), &ledgertest.Stream{}
	vote(t, m, s, instruments, trade(1, 1, 100))
	m.Apply(s.Apply())
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m, s = create(t, dir), &ledgertest.Stream{}
	vote(t, m, s, instruments, trade(1, 1, 200))
	m.Apply(s.Apply())
	if !errors.Is(m.Err(), ErrTape) || !errors.Is(m.Save(t.TempDir()), ErrTape) {
		t.Fatalf("Err %v, want ErrTape, from Save too", m.Err())
	}
	b := s.Next(nil, trade(1, 1, 201))
	if v := m.Vote(b, false); v.Yes || v.Reason != batch3pc.ReasonInfra {
		t.Fatalf("vote %+v, want a no for infrastructure", v)
	}
	m.Vote(b, true) // decided all the same
	s.Voted(b)
	m.Apply(s.Apply())
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := tapeOf(t, dir), "1: 1@100"; got != want {
		t.Fatalf("tape\n%s\nwant\n%s", got, want)
	}
}

// TestForeignJournal checks that a directory with another journal is not taken for a tape.
func TestForeignJournal(t *testing.T) {
	dir := t.TempDir()
	m := create(t, dir)
	if _, err := m.tape.journal.Append(1, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Dir: dir}); !errors.Is(err, ErrTape) {
		t.Fatalf("New: %v, want ErrTape", err)
	}
	if err := ReadTape(dir, nil); !errors.Is(err, ErrTape) {
		t.Fatalf("ReadTape: %v, want ErrTape", err)
	}
}

// naive computes the bars in the most obvious way.
func naive(t *rapid.T, m *MarketData, applied []codec.Trade) {
	prices, volumes := map[string][]orderbook.Price{}, map[string]int64{}
	for _, tr := range applied {
		key := fmt.Sprint((tr.TimeNs+330*60e9)/86400e9, " ", tr.Instrument)
		prices[key] = append(prices[key], tr.Price)
		volumes[key] += int64(tr.Qty)
	}
	lines := m.lines()
	if len(lines) != len(prices) {
		t.Fatalf("%d bars, want %d", len(lines), len(prices))
	}
	for _, l := range lines {
		key := fmt.Sprint(int(l.date), " ", l.instrument.Instrument)
		of := prices[key]
		if len(of) == 0 {
			t.Fatalf("a bar for %s, which has no trade", key)
		}
		high, low := of[0], of[0]
		for _, p := range of {
			high, low = max(high, p), min(low, p)
		}
		b := l.bar
		if b.open != of[0] || b.last != of[len(of)-1] || b.high != high || b.low != low || b.volume != volumes[key] || b.trades != int64(len(of)) {
			t.Fatalf("%s: %+v, want prices %v and volume %d", key, *b, of, volumes[key])
		}
	}
}

// TestConformance drives market data through random schedules.
func TestConformance(t *testing.T) {
	reserved := func(*MarketData) string { return "" } // the place in the stream is tested in package ledger
	ledgertest.Run(t, func() *MarketData { return create(t, "") }, reserved, naive)
}

// TestDigestSeesAll changes each field of a bar: the digest must notice.
func TestDigestSeesAll(t *testing.T) {
	m, s := create(t, ""), &ledgertest.Stream{}
	vote(t, m, s, []codec.Instrument{ledgertest.Instrument(1, "SBIN", 2)}, trade(1, 1, 100))
	m.Apply(s.Apply())
	b := &m.current.bars[1]
	ledgertest.DigestSees(t, m, &b.open, &b.high, &b.low, &b.last, &b.volume, &b.turnover, &b.trades)
}

// TestUnreadableDecided checks that a decided batch which cannot be read stops the process.
func TestUnreadableDecided(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("no panic")
		}
	}()
	create(t, "").Vote(&batch3pc.Batch{Payload: []byte("x")}, true)
}
