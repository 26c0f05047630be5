package codec

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/orderbook"
)

// market makes trades as a busy market has them: 50 instruments whose prices walk by ticks, order
// numbers within a million, 0.3 to 1.8 µs between trades, 1,500 members with clients, up to three
// commands between trades.
func market(n int) []Trade {
	rng := rand.New(rand.NewPCG(1, 2))
	prices := make([]orderbook.Price, 50)
	for i := range prices {
		prices[i] = orderbook.Price(10_000 + rng.IntN(400_000))
	}
	trades := make([]Trade, n)
	now, command := int64(1_767_324_300_000_000_000), uint32(0)
	for i := range trades {
		s := rng.IntN(len(prices))
		prices[s] += orderbook.Price(5 * (rng.IntN(5) - 2))
		now += 300 + rng.Int64N(1500)
		command += uint32(rng.IntN(4))
		id := func() orderbook.OrderID { return orderbook.OrderID(7_000_000 + rng.IntN(1_000_000)) }
		trades[i] = Trade{
			No: uint64(1_000_000 + i), Taker: id(), Maker: id(), TimeNs: now, Command: command, Instrument: uint32(s + 1),
			Price: prices[s], Qty: orderbook.Qty(1 + rng.IntN(1000)), TakerSide: orderbook.Buy + orderbook.Side(rng.IntN(2)),
		}
		t := &trades[i]
		t.TakerMember, t.TakerClient = Owner(t.Taker, 1500, 20)
		t.MakerMember, t.MakerClient = Owner(t.Maker, 1500, 20)
	}
	return trades
}

// TestCompactSize holds the promise of the form: a quarter of the 64 bytes, in a busy market.
func TestCompactSize(t *testing.T) {
	trades := market(1000)
	b := AppendCompact(nil, trades)
	if perTrade := float64(len(b)) / 1000; perTrade > 19.2 {
		t.Errorf("%.2f bytes a trade, want at most 19.2", perTrade)
	}
	got, err := DecodeCompact(nil, b)
	if err != nil || !slices.Equal(got, trades) {
		t.Fatalf("%d trades came out, or others: %v", len(got), err)
	}
}

func TestCompactEmpty(t *testing.T) {
	if b := AppendCompact([]byte("x"), nil); string(b) != "x" {
		t.Errorf("no trades are %d bytes", len(b)-1)
	}
	if got, err := DecodeCompact([]Trade{sampleTrade}, nil); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

// drawTrades makes trades whose columns have any width between nothing and all.
func drawTrades(t *rapid.T) []Trade {
	n := rapid.OneOf(rapid.IntRange(1, 40), rapid.SampledFrom([]int{255, 256, 257, 1000})).Draw(t, "n")
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	trades := make([]Trade, n)
	raw := TradeBytes(trades)
	for _, c := range &columns {
		width := rapid.IntRange(0, 8*int(c.size)).Draw(t, "width")
		base := rng.Uint64()
		for i := range n {
			v := base
			if width > 0 {
				v += rng.Uint64() >> (64 - uint(width))
			}
			putSized(raw[i*TradeSize+int(c.offset):], c.size, v)
			if c.delta && rapid.Bool().Draw(t, "climbs") {
				base = v
			}
		}
	}
	return trades
}

// TestCompactRoundTrip: C1, whatever is in the fields, behind whatever is there already.
func TestCompactRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trades := drawTrades(t)
		before := []byte("before")
		b := AppendCompact(slices.Clone(before), trades)
		if !bytes.HasPrefix(b, before) {
			t.Fatal("what was there is gone")
		}
		got, err := DecodeCompact([]Trade{sampleTrade}, b[len(before):])
		if err != nil {
			t.Fatal(err)
		}
		if got[0] != sampleTrade || !slices.Equal(got[1:], trades) {
			t.Fatal("other trades come out")
		}
		if max := 64*len(trades) + 256*((len(trades)+CompactBlockMax-1)/CompactBlockMax); len(b)-len(before) > max {
			t.Fatalf("%d bytes for %d trades, at most %d are promised", len(b), len(trades), max)
		}
	})
}

// TestCompactAgainstNaive compares the columns with a slow and obvious packer: value by value, bit by
// bit. Once the numbers are values, once the steps between them.
func TestCompactAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps, width := rapid.Bool().Draw(t, "steps"), rapid.IntRange(0, 64).Draw(t, "width")
		n := rapid.IntRange(1, 100).Draw(t, "n")
		if steps {
			n++ // a single value has none
		}
		trades, low := make([]Trade, n), rapid.Uint64().Draw(t, "low")
		above := make([]uint64, n)
		first := rapid.Uint64().Draw(t, "first")
		for i, v := 0, first; i < n; i++ {
			above[i] = rapid.Uint64().Draw(t, "value") & (1<<uint(width) - 1)
			trades[i].No = low + above[i]
			if steps {
				trades[i].No = v
				v += low + above[i]
			}
		}
		if steps { // what stands for the first is the step to the second
			copy(above[1:], above[:n-1])
		}
		of, size := group(width)
		want := make([]byte, packedSize(n, width))
		for i, x := range above {
			at := 8*size*(i/of) + width*(i%of)
			for bit := range width {
				want[(at+bit)/8] |= byte(x>>uint(bit)&1) << uint((at+bit)%8)
			}
		}
		got, back := make([]byte, len(want)+compactSlack), make([]Trade, n)
		in, out := unsafe.Pointer(&trades[0].No), unsafe.Pointer(&back[0].No)
		if steps {
			before := first - low - above[0]
			packSteps(unsafe.Pointer(&got[0]), in, n, before, low, width)
			unpackSteps(out, unsafe.Pointer(&got[0]), n, before, low, width)
		} else {
			pack(unsafe.Pointer(&got[0]), in, n, low, width)
			unpack(out, unsafe.Pointer(&got[0]), n, low, width)
		}
		if !bytes.Equal(got[:len(want)], want) {
			t.Fatalf("%d values of %d bits, steps %t:\ngot  %x\nwant %x", n, width, steps, got, want)
		}
		if !slices.Equal(back, trades) {
			t.Fatalf("%d values of %d bits, steps %t, come out as %v, want %v", n, width, steps, back, trades)
		}
	})
}

// TestCompactRefused: every fault of form is an error, and nothing is appended.
func TestCompactRefused(t *testing.T) {
	good := AppendCompact(nil, market(100))
	for name, damage := range map[string]func(b []byte) []byte{
		"short":         func(b []byte) []byte { return b[:compactHeader+compactSlack-1] },
		"cut":           func(b []byte) []byte { return b[:len(b)-1] },
		"trailing":      func(b []byte) []byte { return append(b, 0) },
		"magic":         func(b []byte) []byte { b[4]++; return b },
		"version":       func(b []byte) []byte { b[6]++; return b },
		"flag":          func(b []byte) []byte { b[7]++; return b },
		"none":          func(b []byte) []byte { b[8], b[9] = 0, 0; return b },
		"too many":      func(b []byte) []byte { b[8], b[9] = 1, 1; return b },
		"other number":  func(b []byte) []byte { b[8] = 90; return b },
		"length":        func(b []byte) []byte { b[0]++; return b },
		"wide":          func(b []byte) []byte { b[compactBits+12] = 9; return b },
		"wider":         func(b []byte) []byte { b[compactBits]++; return b },
		"gap":           func(b []byte) []byte { b[compactHeader-6] = 1; return b },
		"gap's end":     func(b []byte) []byte { b[compactHeader-1] = 1; return b },
		"slack":         func(b []byte) []byte { b[len(b)-compactSlack] = 1; return b },
		"slack's end":   func(b []byte) []byte { b[len(b)-1] = 1; return b },
		"second broken": func(b []byte) []byte { return append(b, b[:200]...) },
	} {
		got, err := DecodeCompact([]Trade{sampleTrade}, damage(bytes.Clone(good)))
		if !errors.Is(err, ErrCompact) || len(got) != 1 {
			t.Errorf("%s: %d trades, %v", name, len(got), err)
		}
	}
	many := []byte{}
	for range TradesPerBatchMax/CompactBlockMax + 1 {
		many = AppendCompact(many, make([]Trade, CompactBlockMax))
	}
	if got, err := DecodeCompact(nil, many); !errors.Is(err, ErrCompact) || got != nil {
		t.Errorf("%d trades in %d bytes: %v", len(got), len(many), err)
	}
}

func TestCompactAllocs(t *testing.T) {
	trades := market(1000)
	b, back := make([]byte, 0, 64_256), make([]Trade, 0, 1000)
	got := testing.AllocsPerRun(100, func() {
		b = AppendCompact(b[:0], trades)
		back, _ = DecodeCompact(back[:0], b)
	})
	if got != 0 {
		t.Errorf("%v allocations per round, want 0", got)
	}
}

// FuzzCompact: C2, and what can be decoded can be encoded and decoded again.
func FuzzCompact(f *testing.F) {
	f.Add(AppendCompact(nil, market(9)))
	f.Add(AppendCompact(AppendCompact(nil, market(1)), []Trade{sampleTrade, {}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		trades, err := DecodeCompact(nil, b)
		if err != nil {
			return
		}
		again, err := DecodeCompact(nil, AppendCompact(nil, trades))
		if err != nil || !slices.Equal(again, trades) {
			t.Fatalf("decoded %d trades, and again %d: %v", len(trades), len(again), err)
		}
	})
}

// BenchmarkTrades encodes and decodes 1,000 trades: as they are in memory, which is the anchor, and
// compact.
func BenchmarkTrades(b *testing.B) {
	trades := market(1000)
	back := make([]Trade, 0, len(trades))
	for _, form := range []struct {
		name   string
		encode func([]byte, []Trade) []byte
		decode func([]Trade, []byte) []Trade
	}{
		{"cast", func(dst []byte, t []Trade) []byte { return append(dst, TradeBytes(t)...) },
			func(dst []Trade, b []byte) []Trade { return append(dst, castSlice[Trade](b)...) }},
		{"compact", AppendCompact, func(dst []Trade, b []byte) []Trade {
			dst, err := DecodeCompact(dst, b)
			if err != nil {
				panic(err)
			}
			return dst
		}},
	} {
		encoded := form.encode(nil, trades)
		room := make([]byte, 0, len(encoded)+1024)
		b.Run(fmt.Sprintf("form=%s/op=encode", form.name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				room = form.encode(room[:0], trades)
			}
			perTrade(b, len(trades), len(room))
		})
		b.Run(fmt.Sprintf("form=%s/op=decode", form.name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				back = form.decode(back[:0], encoded)
			}
			perTrade(b, len(back), len(encoded))
		})
	}
}

func perTrade(b *testing.B, n, size int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/trade")
	b.ReportMetric(float64(size)/float64(n), "B/trade")
}

// TestCompactColumns: the columns are all fields of a Trade, each once.
func TestCompactColumns(t *testing.T) {
	covered := make([]bool, TradeSize)
	for _, c := range &columns {
		for i := range uintptr(c.size) {
			if covered[c.offset+i] {
				t.Errorf("byte %d is in two columns", c.offset+i)
			}
			covered[c.offset+i] = true
		}
	}
	for i, is := range covered {
		if want := uintptr(i) <= unsafe.Offsetof(Trade{}.Flags); is != want {
			t.Errorf("byte %d in a column: %v", i, is)
		}
	}
}
