package ringbuf_test

import (
	"fmt"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// A consumer that takes what is there, sleeps when nothing is, and ends when the ring is closed and
// drained.
func Example() {
	ring := ringbuf.NewSPSC[int](8)
	bell := ringbuf.NewBell(ringbuf.WaitPark)

	go func() {
		for i := 1; i <= 100; {
			slots := ring.Claim(101 - i)
			for k := range slots { // none when the ring is full: a real producer would wait
				slots[k] = i
				i++
			}
			ring.Publish(len(slots))
			bell.Ring()
		}
		ring.Close()
		bell.Ring()
	}()

	sum := 0
	for {
		closed := ring.Closed() // before the look, so that nothing published before Close is missed
		slots := ring.Peek(ring.Cap())
		for _, v := range slots {
			sum += v
		}
		ring.Release(len(slots))
		if slots == nil && closed {
			break
		}
		bell.Wait(func() bool { return ring.Len() > 0 || ring.Closed() })
	}
	fmt.Println(sum)
	// Output: 5050
}

// A ring that has been given bells waits by itself: Push for room, Pop for items.
func ExampleSPSC_Bells() {
	ring := ringbuf.NewSPSC[int](8)
	ring.Bells(ringbuf.NewBell(ringbuf.WaitPark), ringbuf.NewBell(ringbuf.WaitPark))

	go func() {
		for i := range 100 {
			ring.Push(i + 1)
		}
		ring.Close()
	}()

	sum := 0
	for v, ok := ring.Pop(); ok; v, ok = ring.Pop() {
		sum += v
	}
	fmt.Println(sum)
	// Output: 5050
}

func ExampleFrames() {
	ring := ringbuf.NewFrames(1024)
	for _, text := range []string{"buy", "sell", "cancel"} {
		b := ring.Claim(16) // the most it could be
		ring.Publish(copy(b, text))
	}
	batch := ring.PeekBatch(make([][]byte, 0, 8))
	for _, b := range batch {
		fmt.Printf("%s\n", b)
	}
	ring.ReleaseBatch(len(batch))
	fmt.Println(ring.Len())
	// Output:
	// buy
	// sell
	// cancel
	// 0
}
