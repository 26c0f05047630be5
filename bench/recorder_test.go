package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// I2, and the histogram itself against the sorted samples: every percentile of a report is that of
// its histogram, and within 0.1 % of the sample of that rank.
func TestPercentilesAreThoseOfTheSamples(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stage := Stage(rapid.IntRange(0, int(StageCount)-1).Draw(t, "stage"))
		samples := make([]int64, rapid.IntRange(1, 5000).Draw(t, "samples"))
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for i := range samples {
			samples[i] = random.Int64N(latencyMax+1) >> random.IntN(36) // of every magnitude
		}
		r := NewRecorder()
		for _, ns := range samples {
			r.Record(stage, ns)
		}
		s := r.Snapshot()
		var report Report
		report.SetLatencies(s)
		got, h := report.LatencyUs.Of(stage), s.histograms[stage]
		slices.Sort(samples)
		for _, p := range []struct {
			got     Micros
			percent float64
		}{{got.P50, 50}, {got.P90, 90}, {got.P99, 99}, {got.P999, 99.9}, {got.Max, 100}} {
			if want := h.ValueAtPercentile(p.percent); int64(p.got) != want {
				t.Fatalf("p%v is %d ns, the histogram says %d", p.percent, int64(p.got), want)
			}
			rank := int(p.percent/100*float64(len(samples)) + 0.5)
			near := samples[max(rank, 1)-1]
			if d := int64(p.got) - near; d < 0 || d > near/1000+1 {
				t.Fatalf("p%v is %d ns, the sample of that rank is %d", p.percent, int64(p.got), near)
			}
		}
		if got.Count != int64(len(samples)) || got.OutOfRange != 0 {
			t.Fatalf("%+v after %d samples", got, len(samples))
		}
		for other := range StageCount {
			if other != stage && report.LatencyUs.Of(other) != (Latency{}) {
				t.Fatalf("recording %s touched %s", stage, other)
			}
		}
	})
}

// I1: what is out of range is recorded at the limit and counted.
func TestOutOfRange(t *testing.T) {
	r := NewRecorder()
	for _, ns := range []int64{-1, -1 << 63, latencyMax + 1, 1<<63 - 1, 0, latencyMax, 1} {
		r.Record(PreCommit, ns)
	}
	l := r.Snapshot().Latency(PreCommit)
	if l.Count != 7 || l.OutOfRange != 4 {
		t.Errorf("%d samples, %d out of range, want 7 and 4", l.Count, l.OutOfRange)
	}
	if l.P50 != 1 || l.Max < Micros(latencyMax) || l.Max > Micros(latencyMax/1000*1001) {
		t.Errorf("p50 %s, max %s: want 0.001 and 60 s", l.P50, l.Max)
	}
}

func TestSnapshotIsFrozen(t *testing.T) {
	r := NewRecorder()
	r.Record(DoCommit, 100)
	s := r.Snapshot()
	r.Record(DoCommit, 1_000_000)
	r.Record(DoCommit, -1)
	if l := s.Latency(DoCommit); l.Count != 1 || l.Max != 100 || l.OutOfRange != 0 {
		t.Errorf("a snapshot moved: %+v", l)
	}
}

func TestMergeAndReset(t *testing.T) {
	a, b := NewRecorder(), NewRecorder()
	a.Record(CanCommit, 1000)
	b.Record(CanCommit, 2000)
	b.Record(CanCommit, -1)
	b.Record(PreCommit, 5)
	a.Merge(b)
	s := a.Snapshot()
	if l := s.Latency(CanCommit); l.Count != 3 || l.Max < 2000 || l.OutOfRange != 1 {
		t.Errorf("merged: %+v", l)
	}
	if l := s.Latency(PreCommit); l.Count != 1 || l.Max != 5 {
		t.Errorf("merged: %+v", l)
	}
	a.Reset()
	if l := a.Snapshot().Latencies(); l != (Latencies{}) {
		t.Errorf("after Reset: %+v", l)
	}
}

// I3.
func TestRecordDoesNotAllocate(t *testing.T) {
	r := NewRecorder()
	ns := int64(1)
	if n := testing.AllocsPerRun(1000, func() {
		r.Record(OrderToMatch, ns)
		r.Record(OrderToCommit, latencyMax+ns)
		ns *= 3
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestStageNames(t *testing.T) {
	if StageCount.String() != "unknown" || OrderToMatch.String() != "order_to_match" || OrderToCommit.String() != "order_to_commit" {
		t.Error("names of stages are part of the JSON and of file names")
	}
}

func BenchmarkRecord(b *testing.B) {
	r := NewRecorder()
	ns := int64(1)
	b.ReportAllocs()
	for b.Loop() {
		r.Record(OrderToMatch, ns)
		ns = (ns*5 + 7) & int64(time.Millisecond-1)
	}
}
