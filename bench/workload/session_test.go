package workload

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
)

// The quarters of an hour get their share of the messages, whatever the bursts do.
func TestActivityOverTheDay(t *testing.T) {
	const orders = 400_000
	d := open(t, Config{Seed: 3, Orders: orders, Instruments: 200})
	var counts [sessionBins]uint64
	first := DateDefault.Add(9*time.Hour + 15*time.Minute)
	each(t, d, func(c *codec.Command) {
		if c.Kind != codec.KindDefine {
			counts[time.Unix(0, c.TimeNs).Sub(first)/(15*time.Minute)]++
		}
	})
	for bin, n := range counts {
		want := float64(orders) * float64(activity[bin]) / float64(activityBefore[sessionBins])
		if got := float64(n); got < 0.97*want || got > 1.03*want {
			t.Errorf("quarter %d: %d messages, want about %.0f", bin, n, want)
		}
	}
}

// I5 for the clock alone, up to the largest quota.
func TestClockAscends(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quota := rapid.Uint64Range(1, OrdersPerMax).Draw(t, "quota")
		c := clock{quota: quota}
		r := random(rapid.Uint64().Draw(t, "seed"))
		k, last := uint64(0), uint64(sessionOpen)
		for k < quota {
			at := c.at(k, &r)
			if at < last || at >= sessionOpen+sessionJiffies {
				t.Fatalf("message %d of %d at %d after %d", k, quota, at, last)
			}
			last = at
			k += 1 + r.next()%(quota/50+1)
		}
		if at := (&clock{quota: quota}).at(quota-1, &r); quota > 1000 && at < sessionOpen+sessionJiffies*99/100 {
			t.Fatalf("the last of %d messages comes at %d, long before the close", quota, at)
		}
	})
}

// A day fuller than the jiffies of a burst allow still ends in the session.
func TestBusiestInstrument(t *testing.T) {
	if _, err := New(Config{Orders: OrdersPerMax + 1, Instruments: 1}); err == nil {
		t.Fatal("one message too many for one instrument: no error")
	}
	d := open(t, Config{Orders: OrdersPerMax, Instruments: 1})
	m := &d.markets[0]
	m.made, m.next = OrdersPerMax-10, sessionOpen+sessionJiffies-3
	for !m.done() {
		m.advance(2)
		if m.next >= sessionOpen+sessionJiffies {
			t.Fatalf("message %d at %d, behind the close", m.made, m.next)
		}
	}
}
