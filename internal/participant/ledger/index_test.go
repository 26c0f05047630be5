package ledger

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestIndex compares with a map, over a space of keys that is small enough for many repetitions.
func TestIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, twin := NewIndex(), map[Key]uint32{}
		for range rapid.IntRange(0, 3000).Draw(t, "n") {
			r := rapid.Uint64().Draw(t, "key")
			k := Key{Owner: r % 50 << (r >> 60), Instrument: uint32(r >> 32 % 70)}
			want, known := twin[k]
			if !known {
				want = uint32(len(twin))
				twin[k] = want
			}
			if row, fresh := x.Row(k); row != want || fresh == known || x.Len() != len(twin) {
				t.Fatalf("%v: row %d, fresh %v, %d rows, want row %d, fresh %v, %d rows", k, row, fresh, x.Len(), want, !known, len(twin))
			}
		}
		for k, want := range twin {
			if row, fresh := x.Row(k); row != want || fresh {
				t.Fatalf("%v: row %d, fresh %v, want row %d again", k, row, fresh, want)
			}
		}
	})
}

// TestIndexSpreads checks that dense keys, which real ones are, do not pile up.
func TestIndexSpreads(t *testing.T) {
	x := NewIndex()
	for owner := range uint64(1000) {
		for instrument := range uint32(100) {
			x.Row(Key{Owner: owner << 32, Instrument: instrument})
		}
	}
	run, longest := 0, 0
	for _, s := range x.slots {
		run++
		if s.row == 0 {
			run = 0
		}
		longest = max(longest, run)
	}
	if longest > 100 { // a random hash gives about 30 with half of the slots in use
		t.Fatalf("%d slots in use without a gap", longest)
	}
}

func BenchmarkIndex(b *testing.B) {
	for _, n := range []int{10_000, 400_000} {
		r := rand.New(rand.NewPCG(1, 2))
		keys := make([]Key, n)
		for i := range keys {
			keys[i] = Key{Owner: uint64(r.Uint32N(1000))<<32 | uint64(r.Uint32N(100_000)), Instrument: r.Uint32N(2000)}
		}
		x, twin := NewIndex(), map[Key]uint32{}
		for i, k := range keys {
			x.Row(k)
			twin[k] = uint32(i)
		}
		order := make([]Key, 1<<20)
		for i := range order {
			order[i] = keys[r.IntN(n)]
		}
		sum := uint32(0)
		b.Run(fmt.Sprintf("index/n=%d", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				row, _ := x.Row(order[i%len(order)])
				sum += row
			}
		})
		b.Run(fmt.Sprintf("find/n=%d", n), func(b *testing.B) {
			rows := make([]uint32, 0, 2000)
			for i := 0; b.Loop(); i += cap(rows) {
				from := i % (len(order) - cap(rows))
				rows = x.Find(order[from:from+cap(rows)], rows[:0])
				sum += rows[0]
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*cap(rows)), "ns/key")
		})
		b.Run(fmt.Sprintf("map/n=%d", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				sum += twin[order[i%len(order)]]
			}
		})
		if sum == 1 {
			b.Log("the sum is used")
		}
	}
}
