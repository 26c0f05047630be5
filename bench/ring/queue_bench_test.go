package ring

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// capacity of the channel, and of the rings unless the name says otherwise: with items of a line what
// a second-level cache holds.
const capacity = 4096

// The items: one word and one cache line. Every word of an item is its number.
type (
	small [1]uint64
	large [8]uint64
)

type item interface{ small | large }

// set makes every word of the item v. The compiler knows its length, but would make a loop even for one word.
func set[T item](t *T, v uint64) {
	if len(*t) == 1 {
		(*t)[0] = v
		return
	}
	for i := range len(*t) {
		(*t)[i] = v
	}
}

// check is 0 if every word of the item is v.
func check[T item](t *T, v uint64) (wrong uint64) {
	if len(*t) == 1 {
		return (*t)[0] ^ v
	}
	for i := range len(*t) {
		wrong |= (*t)[i] ^ v
	}
	return wrong
}

// subject is something to send items through: it returns what the threads of one round do, which
// passes n items. Consumers check every item.
type subject func(n uint64) []func()

// wrong ends the program: a ring that loses or mixes items has no speed.
func wrong(v uint64) { panic(fmt.Sprintf("ring: item %d is wrong or out of order", v)) }

// The rounds of one benchmark: an odd number, for the medians.
const rounds = 9

// waits is how the threads of a ring wait for each other. With a core each they rest long enough for
// items to pile up, so that they do not fight for every cache line, as an edge made for throughput
// does. With fewer cores they park.
func waits(threads int) ringbuf.Wait {
	if newTeam(threads).cores != nil {
		return ringbuf.Wait{Spins: 1024, Pauses: 32}
	}
	return ringbuf.WaitPark
}

func BenchmarkQueue(b *testing.B) {
	queues[small](b, 8)
	queues[large](b, 64)
}

func queues[T item](b *testing.B, size int) {
	anchor := channel[T](1)
	for _, c := range []struct {
		name   string
		batch  int
		people int // threads
		subject
	}{
		{"spsc/slots=1024/how=copy", 1, 2, spscOne[T](1024)},
		{"spsc/slots=4096/how=copy", 1, 2, spscOne[T](4096)},
		{"spsc/slots=1024/how=place", 1, 2, spscBatch[T](1, 1, 1024)},
		{"spsc/slots=1024/how=drain", 1, 2, spscBatch[T](1, 256, 1024)},
		{"spsc", 8, 2, spscBatch[T](8, 8, capacity)},
		{"spsc", 64, 2, spscBatch[T](64, 64, capacity)},
		{"spsc", 256, 2, spscBatch[T](256, 256, capacity)},
		{"mpsc/producers=1", 1, 2, mpscOne[T](1)},
		{"mpsc/producers=1", 64, 2, mpscBatch[T](1, 64)},
		{"mpsc/producers=3", 64, 4, mpscBatch[T](3, 64)},
		{"broadcast/readers=1", 1, 2, broadcast[T](1, [][]int{nil})},
		{"broadcast/readers=1", 64, 2, broadcast[T](64, [][]int{nil})},
		{"broadcast/readers=3", 64, 4, broadcast[T](64, [][]int{nil, nil, nil})},
		{"broadcast/diamond=3", 64, 4, broadcast[T](64, [][]int{nil, nil, {0, 1}})},
	} {
		b.Run(fmt.Sprintf("ring=%s/size=%d/batch=%d", c.name, size, c.batch), func(b *testing.B) {
			compare(b, c.people, size, c.subject, anchor)
		})
	}
	b.Run(fmt.Sprintf("ring=naive/size=%d/batch=1", size), func(b *testing.B) { compare(b, 2, size, naiveOne[T](), anchor) })
	b.Run(fmt.Sprintf("ring=chan/producers=1/size=%d/batch=1", size), func(b *testing.B) { compare(b, 2, size, anchor, nil) })
	b.Run(fmt.Sprintf("ring=chan/producers=3/size=%d/batch=1", size), func(b *testing.B) { compare(b, 4, size, channel[T](3), nil) })
}

// lineSize is a cache line, in bytes.
const lineSize = 64

// compare runs the subject and the anchors by turns. ns/item is the subject's median round. The ratios are of the best
// round of each, because what others do on the machine makes a round slower and never faster: x-chan to the channel, x-line
// to what the machine takes to move an item's share of a cache line (BenchmarkLine).
func compare(b *testing.B, people, size int, s, anchor subject) {
	b.ReportAllocs()
	t := newTeam(people)
	n := uint64(max(b.N/rounds, 1))
	var ours, theirs, floors []float64
	for range rounds {
		took := t.run(s(n)...)
		ours = append(ours, float64(took.Nanoseconds())/float64(n))
		if anchor == nil {
			continue
		}
		b.StopTimer()
		few := max(n/8, 1)
		took = t.run(anchor(few)...)
		theirs = append(theirs, float64(took.Nanoseconds())/float64(few))
		if people == 2 && n > 1000 {
			floors = append(floors, lineFloor(t)*float64(size)/lineSize)
		}
		b.StartTimer()
	}
	best := slices.Min(ours)
	b.ReportMetric(0, "ns/op") // it would include what starts and pins the threads
	b.ReportMetric(median(ours), "ns/item")
	b.ReportMetric(t.pinned(), "pinned")
	if anchor != nil {
		b.ReportMetric(best/slices.Min(theirs), "x-chan")
	}
	if len(floors) > 0 && slices.Min(floors) > 0 {
		b.ReportMetric(best/slices.Min(floors), "x-line")
	}
}

// channel is the anchor: what everybody has.
func channel[T item](producers int) subject {
	c := make(chan T, capacity)
	return func(n uint64) (work []func()) {
		for p := range producers {
			work = append(work, func() {
				var t T
				for v := uint64(p); v < n; v += uint64(producers) {
					set(&t, v)
					c <- t
				}
			})
		}
		return append(work, func() {
			o := newOrder(producers)
			for range n {
				t := <-c
				if !nextOf(o, &t) {
					wrong(t[0])
				}
			}
		})
	}
}
