package marketdata

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
	"github.com/tezi-exchange/tezi/orderbook"
)

// keep makes the tape durable and marks it.
func keep(t testing.TB, m *MarketData) {
	t.Helper()
	rest, err := m.Keep()
	if err == nil {
		err = rest()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// commit commits a batch of one trade at each price.
func commit(t testing.TB, m *MarketData, s *ledgertest.Stream, prices ...orderbook.Price) {
	t.Helper()
	for _, price := range prices {
		var instruments []codec.Instrument
		if len(s.Applied()) == 0 {
			instruments = []codec.Instrument{ledgertest.Instrument(1, "SBIN", 2)}
		}
		vote(t, m, s, instruments, trade(1, 1, price))
		m.Apply(s.Apply())
	}
}

// begun is a market data in dir that has published 1@100 to 3@102, marked its tape, published 4@103, and
// is gone.
func begun(t testing.TB, dir string) (s *ledgertest.Stream, image []byte) {
	t.Helper()
	m, s := create(t, dir), &ledgertest.Stream{}
	commit(t, m, s, 100, 101)
	image = m.AppendSnapshot(nil)
	commit(t, m, s, 102)
	keep(t, m)
	commit(t, m, s, 103)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return s, image
}

// TestMark restarts from a checkpoint that is older than the mark: only what is behind the mark is read,
// nothing is published twice, and the tape goes on.
func TestMark(t *testing.T) {
	dir := t.TempDir()
	s, image := begun(t, dir)
	m := create(t, dir)
	if len(m.tape.published) != 1 || m.tape.marked.trade != 3 || m.tape.end.trade != 4 {
		t.Fatalf("read %+v behind the mark %+v, the tape ends with %+v", m.tape.published, m.tape.marked, m.tape.end)
	}
	if err := m.Restore(image); err != nil {
		t.Fatal(err)
	}
	for _, b := range s.Applied()[2:] {
		m.Vote(b, true)
		m.Apply(b)
	}
	commit(t, m, s, 104)
	if err := errors.Join(m.Err(), m.Close()); err != nil {
		t.Fatal(err)
	}
	if got, want := tapeOf(t, dir), "1: 1@100\n2: 2@101\n3: 3@102\n4: 4@103\n5: 5@104"; got != want {
		t.Errorf("tape\n%s\nwant\n%s", got, want)
	}
}

// TestMarkedTapeOfAnotherHistory: a log that tells another history than the mark is refused (M3).
func TestMarkedTapeOfAnotherHistory(t *testing.T) {
	dir := t.TempDir()
	begun(t, dir)
	m, s := create(t, dir), &ledgertest.Stream{}
	commit(t, m, s, 100, 101)
	if m.Err() != nil {
		t.Fatal(m.Err())
	}
	commit(t, m, s, 999)
	if !errors.Is(m.Err(), ErrTape) {
		t.Fatalf("%v, want ErrTape", m.Err())
	}
	if _, err := m.Keep(); !errors.Is(err, ErrTape) {
		t.Fatalf("Keep: %v, want ErrTape", err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedMark: the tape is read from its beginning.
func TestDamagedMark(t *testing.T) {
	dir := t.TempDir()
	begun(t, dir)
	marks, err := filepath.Glob(filepath.Join(dir, TapeDir, "*.snapshot"))
	if err != nil || len(marks) != 1 {
		t.Fatal(marks, err)
	}
	if err := os.WriteFile(marks[0], []byte("spoilt"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := create(t, dir)
	if len(m.tape.published) != 4 {
		t.Fatalf("read %+v", m.tape.published)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestTakenOver gives the state of another market data to one whose tape ends earlier: the tape says
// what is not on it.
func TestTakenOver(t *testing.T) {
	m, s := create(t, ""), &ledgertest.Stream{}
	commit(t, m, s, 100, 101, 102)
	dir := t.TempDir()
	other := create(t, dir)
	first := s.Applied()[0]
	other.Vote(first, true)
	other.Apply(first)
	if err := other.Restore(m.AppendSnapshot(nil)); err != nil {
		t.Fatal(err)
	}
	commit(t, other, s, 103, 104)
	if err := errors.Join(other.Err(), other.Close()); err != nil {
		t.Fatal(err)
	}
	if got, want := tapeOf(t, dir), "1: 1@100\nnot here: 2 to 3\n4: 4@103\n5: 5@104"; got != want {
		t.Errorf("tape\n%s\nwant\n%s", got, want)
	}
}

// TestEndBehindGap: the power goes when the tape says what is not on it, and the batch behind that is not there yet.
// The next start takes the same state over and does not say it again, nor when it is marked in between.
func TestEndBehindGap(t *testing.T) {
	for name, marks := range map[string]int{"unmarked": 0, "marked": 1} {
		t.Run(name, func(t *testing.T) {
			m, s := create(t, ""), &ledgertest.Stream{}
			commit(t, m, s, 100, 101, 102)
			state := m.AppendSnapshot(nil)
			dir := t.TempDir()
			next := s.Next(nil, trade(1, 1, 103))
			p, err := m.stream.Reserve(next)
			if err != nil {
				t.Fatal(err)
			}
			other := create(t, dir)
			if err := other.Restore(state); err != nil {
				t.Fatal(err)
			}
			if other.tape.passes(next, &p) {
				t.Fatal("a batch is on an empty tape")
			}
			for range marks {
				keep(t, other)
			}
			if err := other.Close(); err != nil {
				t.Fatal(err)
			}
			other = create(t, dir)
			if err := other.Restore(state); err != nil {
				t.Fatal(err)
			}
			other.Vote(next, true)
			other.Apply(next)
			if err := errors.Join(other.Err(), other.Close()); err != nil {
				t.Fatal(err)
			}
			if got, want := tapeOf(t, dir), "not here: 1 to 3\n4: 4@103"; got != want {
				t.Errorf("tape\n%s\nwant\n%s", got, want)
			}
		})
	}
}
