package ledger_test

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
	"github.com/tezi-exchange/tezi/orderbook"
)

var one, two = ledgertest.Party{Member: 1, Client: 1}, ledgertest.Party{Member: 2, Client: 2}

func instruments(scales ...uint8) []codec.Instrument {
	var list []codec.Instrument
	for i, scale := range scales {
		list = append(list, ledgertest.Instrument(uint32(i+1), "X", scale))
	}
	return list
}

func reserve(t *testing.T, s *ledger.Stream, from *ledgertest.Stream, b *batch3pc.Batch) {
	t.Helper()
	if _, err := s.Reserve(b); err != nil {
		t.Fatal(err)
	}
	from.Voted(b)
}

func digest(s *ledger.Stream) uint64 {
	h := ledger.NewHash()
	s.AddTo(h)
	return h.Sum()
}

// TestRelease checks that a released batch leaves nothing: its trade numbers, its definitions and
// its turnover are free again (L2).
func TestRelease(t *testing.T) {
	s, from := &ledger.Stream{}, &ledgertest.Stream{}
	before := digest(s)
	huge := ledgertest.Buys(one, two, 1, math.MaxUint32, 200_000_000) // three quarters of the turnover that fits
	for range 3 {
		b := from.Next(instruments(2), huge)
		reserve(t, s, from, b)
		if digest(s) != before {
			t.Fatal("a reservation is in the digest of the applied state")
		}
		if _, err := s.Reserve(from.Next(nil, huge)); !errors.Is(err, ledger.ErrTurnover) {
			t.Fatalf("%v, want ErrTurnover for a turnover that does not fit (L3)", err)
		}
		p := s.Release(from.Drop())
		if len(p.Trades) != 1 {
			t.Fatalf("%d trades released", len(p.Trades))
		}
	}
	if _, err := s.Reserve(from.Next(nil, huge)); !errors.Is(err, ledger.ErrContent) {
		t.Fatalf("%v, want ErrContent for an instrument whose definition was released", err)
	}
	reserve(t, s, from, from.Next(instruments(4), huge))
	if s.Scale(1) != 4 || s.Instrument(1).PriceScale != 4 {
		t.Fatalf("scale %d, want that of the last definition", s.Scale(1))
	}
	s.Confirm(from.Apply())
	if digest(s) == before || s.AppliedTrades() != 1 {
		t.Fatalf("%d trades applied", s.AppliedTrades())
	}
}

// TestCoarseTurnover checks that a unit above a paisa weighs as many paise as it is (L3), and that an instrument with
// such units takes no room from others.
func TestCoarseTurnover(t *testing.T) {
	large := ledgertest.Buys(one, two, 1, math.MaxUint32, 5_000_000)
	for scale, fits := range map[uint8]bool{0: false, 1: true, 2: true, 9: true} {
		s, from := &ledger.Stream{}, &ledgertest.Stream{}
		if _, err := s.Reserve(from.Next(instruments(scale), large)); (err == nil) != fits {
			t.Errorf("scale %d: %v", scale, err)
		}
	}
	s, from := &ledger.Stream{}, &ledgertest.Stream{}
	reserve(t, s, from, from.Next(instruments(2)))
	coarse := ledgertest.Instrument(2, "Y", 0)
	reserve(t, s, from, from.Next([]codec.Instrument{coarse}, large))
	inCoarse := ledgertest.Buys(one, two, 2, 1<<30, 1<<23) // times 100 it is three quarters of the turnover that fits
	for range 2 {
		reserve(t, s, from, from.Next(nil, inCoarse))
		if _, err := s.Reserve(from.Next(nil, inCoarse)); !errors.Is(err, ledger.ErrTurnover) {
			t.Fatalf("%v, want ErrTurnover", err)
		}
		s.Release(from.Drop())
	}
}

// TestFineTurnover checks that an instrument has the whole bound in the units of its own prices, to the last one (L3): at scale
// 7 all trades of a run together once had room for a tenth of a busy day.
func TestFineTurnover(t *testing.T) {
	s, from := &ledger.Stream{}, &ledgertest.Stream{}
	reserve(t, s, from, from.Next(instruments(7, 9, 3, 2)))
	for _, i := range []uint32{1, 2, 3} {
		reserve(t, s, from, from.Next(nil, ledgertest.Buys(one, two, i, 1<<31, ledger.TurnoverMax>>31)))
		if _, err := s.Reserve(from.Next(nil, ledgertest.Buys(one, two, i, 1, 1))); !errors.Is(err, ledger.ErrTurnover) {
			t.Fatalf("instrument %d: %v, want ErrTurnover", i, err)
		}
	}
	reserve(t, s, from, from.Next(nil, ledgertest.Buys(one, two, 4, 1<<31, ledger.TurnoverMax>>32))) // half of the paise
	for from.Undecided() > 0 {
		s.Confirm(from.Apply())
	}
}

// TestTurnoverOfPartsOfPaise checks that units below a paisa weigh on the others as the paise that they have begun (L3).
func TestTurnoverOfPartsOfPaise(t *testing.T) {
	s, from := &ledger.Stream{}, &ledgertest.Stream{}
	units := func(i uint32, n orderbook.Qty) codec.Trade { return ledgertest.Buys(one, two, i, n, 1) }
	reserve(t, s, from, from.Next(instruments(3, 2), units(1, 5), ledgertest.Buys(one, two, 2, 1<<30, ledger.TurnoverMax>>30-1), units(2, 1<<30-1)))
	for range 2 {
		for _, b := range []*batch3pc.Batch{from.Next(nil, units(2, 1)), from.Next(nil, units(1, 6)), from.Next(nil, units(1, 5), units(1, 1))} {
			if _, err := s.Reserve(b); !errors.Is(err, ledger.ErrTurnover) {
				t.Fatalf("%v, want ErrTurnover", err)
			}
		}
		reserve(t, s, from, from.Next(nil, units(1, 2), units(1, 3))) // to the end of its paisa
		s.Release(from.Drop())
	}
}

// TestTurnoverOracle reserves and releases trades at the ends of all domains, and compares who is refused with sums in
// arithmetic without bounds.
func TestTurnoverOracle(t *testing.T) {
	scales := []uint8{0, 1, 2, 3, 4, 7, 9}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 5))
		s, from := &ledger.Stream{}, &ledgertest.Stream{}
		reserve(t, s, from, from.Next(instruments(scales...)))
		var voted [][]codec.Trade
		refused, taken := 0, 0
		for range 300 {
			if len(voted) > 0 && r.IntN(6) == 0 {
				s.Release(from.Drop())
				voted = voted[:len(voted)-1]
				continue
			}
			trades := make([]codec.Trade, r.IntN(4))
			for i := range trades {
				qty, price := r.Uint32()>>r.IntN(12), r.Int32N(math.MaxInt32)>>r.IntN(12)
				trades[i] = ledgertest.Buys(one, two, uint32(1+r.IntN(len(scales))), orderbook.Qty(max(qty, 1)), orderbook.Price(max(price, 1)))
			}
			var want []byte
			for i := range trades {
				if !fits(scales, append(voted[:len(voted):len(voted)], unvetoed(trades[:i+1], want))) {
					if want == nil {
						want = make([]byte, (len(trades)+3)/4)
					}
					batch3pc.SetVeto(want, i, batch3pc.VetoTaker)
				}
			}
			b := from.Next(nil, trades...)
			if _, err := s.Reserve(b); want == nil && err != nil || want != nil && (!errors.Is(err, ledger.ErrTurnover) || !bytes.Equal(s.Refusal(err).Veto, want)) {
				t.Fatalf("seed %d: %v, veto %x, want %x", seed, err, s.Refusal(err).Veto, want)
			}
			if want == nil {
				from.Voted(b)
				voted = append(voted, trades)
				taken++
			} else {
				refused++
			}
		}
		if refused < 20 || taken < 20 {
			t.Errorf("seed %d: %d batches refused and %d taken prove little", seed, refused, taken)
		}
	}
}

// unvetoed are the trades that a veto does not name.
func unvetoed(trades []codec.Trade, veto []byte) (rest []codec.Trade) {
	for i := range trades {
		if batch3pc.VetoBits(veto, i) == 0 {
			rest = append(rest, trades[i])
		}
	}
	return rest
}

// fits says whether the turnover of each instrument in its units, and of all in paise, is within the bound (L3).
func fits(scales []uint8, batches [][]codec.Trade) bool {
	most, all := big.NewInt(ledger.TurnoverMax), new(big.Int)
	for k, scale := range scales {
		sum := new(big.Int)
		for _, trades := range batches {
			for i := range trades {
				if t := &trades[i]; int(t.Instrument) == k+1 {
					sum.Add(sum, new(big.Int).Mul(big.NewInt(int64(t.Price)), big.NewInt(int64(t.Qty))))
				}
			}
		}
		if sum.Cmp(most) > 0 {
			return false
		}
		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
		paise, rest := new(big.Int).QuoRem(sum.Mul(sum, big.NewInt(100)), unit, new(big.Int))
		if all.Add(all, paise); rest.Sign() > 0 {
			all.Add(all, big.NewInt(1))
		}
	}
	return all.Cmp(most) <= 0
}

// TestTurnoverOverflow checks the bound against a value that would wrap around 64 bits (L3).
func TestTurnoverOverflow(t *testing.T) {
	s, from := &ledger.Stream{}, &ledgertest.Stream{}
	reserve(t, s, from, from.Next(instruments(2), ledgertest.Buys(one, two, 1, math.MaxUint32, 200_000_000)))
	if _, err := s.Reserve(from.Next(nil, ledgertest.Buys(one, two, 1, math.MaxUint32, math.MaxInt32))); !errors.Is(err, ledger.ErrTurnover) {
		t.Fatalf("got %v, want ErrTurnover", err)
	}
}

// TestReserveFails checks that a batch with good definitions and a bad trade defines nothing (L2),
// and that a second definition of an index is refused.
func TestReserveFails(t *testing.T) {
	s, from := &ledger.Stream{}, &ledgertest.Stream{}
	bad := ledgertest.Buys(one, two, 1, 1, 0)
	for range 2 {
		if _, err := s.Reserve(from.Next(instruments(2, 2), bad)); !errors.Is(err, ledger.ErrContent) {
			t.Fatalf("got %v", err)
		}
		if _, err := s.Reserve(from.Next(append(instruments(2), instruments(2)...))); !errors.Is(err, ledger.ErrContent) {
			t.Fatalf("defined twice: got %v", err)
		}
	}
	beyond := ledgertest.Instrument(ledger.InstrumentMax+1, "X", 2)
	for _, list := range [][]codec.Instrument{{beyond}, instruments(ledger.PriceScaleMax + 1)} {
		if _, err := s.Reserve(from.Next(list)); !errors.Is(err, ledger.ErrContent) {
			t.Fatalf("instrument %d with scale %d: got %v", list[0].Instrument, list[0].PriceScale, err)
		}
	}
	reserve(t, s, from, from.Next(instruments(2)))
	if _, err := s.Reserve(from.Next(instruments(2))); !errors.Is(err, ledger.ErrContent) {
		t.Fatalf("defined again: got %v", err)
	}
}

// TestOutOfOrder checks that a driver which drops or applies the wrong batch is stopped (L1).
func TestOutOfOrder(t *testing.T) {
	s, from := &ledger.Stream{}, &ledgertest.Stream{}
	trade := ledgertest.Buys(one, two, 1, 1, 1)
	first := from.Next(instruments(2), trade)
	reserve(t, s, from, first)
	second := from.Next(nil, trade)
	reserve(t, s, from, second)
	wantPanic(t, "apply the second", func() { s.Confirm(second) })
	wantPanic(t, "drop the first", func() { s.Release(first) })
	s.Confirm(first)
	wantPanic(t, "apply the first again", func() { s.Confirm(first) })
	s.Confirm(second)
	wantPanic(t, "drop what is applied", func() { s.Release(second) })
	changed := *second
	changed.Payload = changed.Payload[:10]
	wantPanic(t, "a payload that changed", func() { s.Confirm(&changed) })
}

func wantPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	f()
}

// TestCompareInstruments checks the order of reports.
func TestCompareInstruments(t *testing.T) {
	base := ledgertest.Instrument(5, "MMM", 2)
	change := func(f func(*codec.Instrument)) codec.Instrument {
		i := base
		f(&i)
		return i
	}
	ordered := []codec.Instrument{
		change(func(i *codec.Instrument) { i.Symbol[0] = 'A'; i.Series[0] = 'Z' }),
		change(func(i *codec.Instrument) { i.Series[0] = 'B'; i.Class[0] = 'Z' }),
		change(func(i *codec.Instrument) { i.Instrument = 1 }),
		base,
		change(func(i *codec.Instrument) { i.Option[0] = 'C'; i.Instrument = 0 }),
		change(func(i *codec.Instrument) { i.Strike = 1 }),
		change(func(i *codec.Instrument) { i.Expiry = 1 }),
		change(func(i *codec.Instrument) { i.Class[0] = 'A' }),
	}
	for i := range ordered {
		for k := range ordered {
			want := 0
			if i != k {
				want = 1
				if i < k {
					want = -1
				}
			}
			if got := ledger.CompareInstruments(&ordered[i], &ordered[k]); got != want {
				t.Errorf("%d and %d compare as %d, want %d", i, k, got, want)
			}
		}
	}
}
