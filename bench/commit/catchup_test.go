package commit

import (
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/bench"
)

// A participant that is killed, and comes back behind more batches than anybody holds in memory, gets them while the
// others go on, is a member again and ends on the same chain (I2). Over each transport it is another process.
func TestMeasureCatchup(t *testing.T) {
	for _, transport := range []string{TransportRings, TransportTCP, TransportShm} {
		if testing.Short() && transport != TransportRings {
			continue // the processes of TestMeasure are the same
		}
		t.Run(transport, func(t *testing.T) {
			c := Default()
			// A load that a busy machine bears beside one that catches up: else the others stay ahead of it for ever.
			c.Transport, c.Warmup, c.Trades, c.Rate, c.Behind = transport, 20*time.Millisecond, 20, 1_000, 20*2*retainMin
			o := options(t)
			o.NoFloor = true
			r, err := Measure(t.Context(), o, c)
			if err != nil {
				t.Fatal(err)
			}
			x := r.Catchup
			if x == nil || x.Behind < uint64(c.Behind) || x.LevelS <= 0 || x.MemberS <= x.LevelS || x.Away.Count == 0 || x.Lagging.Count > r.Decision.Count {
				t.Fatalf("it came back like %+v, want it behind %d trades", x, c.Behind)
			}
			var rec bench.Record
			r.AddTo(&rec)
			if v, ok := rec.Results[0].Metric("level-s"); !ok || v != x.LevelS {
				t.Errorf("recorded with %v", rec.Results[0].Metrics)
			}
		})
	}
}

// An open loop that is more than a minute behind is measured to its end, and says so.
func TestLatencyBeyondTheRange(t *testing.T) {
	k := &coordinator{latency: newHistogram()}
	k.took(1000)
	k.took(latencyMax + 1)
	if n := k.latency.TotalCount(); n != 2 || k.outOfRange != 1 {
		t.Errorf("%d latencies, %d of them beyond the range, want 2 and 1", n, k.outOfRange)
	}
}

// A coordinator that comes back after minutes without a processor has not waited for minutes. It once gave up before it looked.
func TestAwayIsNotQuiet(t *testing.T) {
	q := quiet{last: 1}
	for now := int64(1); now < int64(59*time.Hour); now += int64(time.Hour) {
		if q.tooLong(now) {
			t.Fatalf("too long after %v", q)
		}
	}
	q = quiet{}
	for now := int64(0); now <= int64(stallMax); now += int64(time.Second) {
		if q.tooLong(now) {
			t.Fatalf("too long after %v", q)
		}
	}
	if !q.tooLong(int64(stallMax) + 1) {
		t.Error("a minute is not too long")
	}
}
