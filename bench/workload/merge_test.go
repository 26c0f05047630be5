package workload

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The tournament yields what a sort by time and then rank would, ties and finished markets included.
func TestMergeEqualsSort(t *testing.T) {
	type message struct {
		at   uint64
		rank int
	}
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.SliceOfN(rapid.Uint64Range(0, 20), 0, 10), 1, 20).Draw(t, "times")
		markets := make([]market, len(times))
		var want []message
		for rank := range times {
			slices.Sort(times[rank])
			times[rank] = append(times[rank], never)
			markets[rank].next = times[rank][0]
			for _, at := range times[rank][:len(times[rank])-1] {
				want = append(want, message{at, rank})
			}
			markets[rank].rank = uint64(rank)
		}
		slices.SortStableFunc(want, func(a, b message) int { return cmp.Compare(a.at, b.at) })
		merge := newMerge(markets)
		for i, w := range want {
			m := merge.first()
			if m == nil || m.next != w.at || int(m.rank) != w.rank {
				t.Fatalf("message %d of %v: got %+v, want %+v", i, times, m, w)
			}
			m.made++
			m.next = times[w.rank][m.made]
			merge.moved()
		}
		if m := merge.first(); m != nil {
			t.Fatalf("a message behind the last: %+v", m)
		}
	})
}
