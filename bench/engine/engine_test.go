package engine

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
)

// small is a case that takes a moment.
func small(flow workload.Flow) Case {
	c := Default()
	c.Loop.Flow, c.Loop.Commands, c.Loop.Instruments = flow, 10_000, 5
	c.Warmup, c.Duration = 10*time.Millisecond, 50*time.Millisecond
	return c
}

// TestMatcherAllocatesNothing is I2: a round of commands with its batches allocates nothing.
func TestMatcherAllocatesNothing(t *testing.T) {
	for _, flow := range workload.Flows {
		c := small(flow)
		r, err := newRig(t.Context(), &c)
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		before := r.batches
		n := testing.AllocsPerRun(5, func() {
			for range r.loop.Len() / chunkMax {
				slots := r.ring.Claim(chunkMax)
				for i := range slots {
					r.loop.Next(&slots[i].Command)
				}
				r.ring.Publish(len(slots))
				for in := r.ring.Peek(chunkMax); len(in) > 0; in = r.ring.Peek(chunkMax) {
					r.chunk(in)
				}
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations in a round", flow, n)
		}
		if flow == workload.FlowTrades && r.batches < before+10 {
			t.Errorf("%d batches, want some", r.batches-before)
		}
	}
}

// TestMeasure is I1: every command that was counted was matched, and nothing is missing.
func TestMeasure(t *testing.T) {
	for _, rate := range []float64{0, 20_000} {
		c := small(workload.FlowTrades)
		c.Rate = rate
		r, err := Measure(t.Context(), profile.Set{}, c)
		if err != nil {
			t.Fatal(err)
		}
		if r.Commands == 0 || r.Made == 0 || r.CommandsPerS <= 0 || r.Collections != 0 {
			t.Errorf("rate %v: %+v", rate, r)
		}
		if (r.Latency != nil) != (rate > 0) {
			t.Errorf("rate %v: latency %+v", rate, r.Latency)
		}
		if l := r.Latency; l != nil && (uint64(l.TotalCount()) != r.Commands || r.Undisturbed.TotalCount() > l.TotalCount()) {
			t.Errorf("%d latencies, %d undisturbed, of %d commands", l.TotalCount(), r.Undisturbed.TotalCount(), r.Commands)
		}
		var rec bench.Record
		r.AddTo(&rec)
		res := rec.Results[0]
		if _, ok := res.Metric("p99-x-word"); ok != (r.WordNs > 0 && r.Undisturbed.TotalCount() > 0) || rate == 0 && ok {
			t.Errorf("rate %v: recorded a ratio: %v, with a word that takes %v ns", rate, ok, r.WordNs)
		}
		if v, ok := res.Metric("commands/s"); !ok || v != r.CommandsPerS || len(res.Latencies) != min(int(rate), 2) {
			t.Errorf("recorded as %s with %v", res, res.Metrics)
		}
	}
}

// TestNobodyUndisturbedHasNoRatio: where every command was kept waiting, nothing is told as a multiple of a word's way.
func TestNobodyUndisturbedHasNoRatio(t *testing.T) {
	c := small(workload.FlowTrades)
	c.Rate = 1000
	r := Result{
		Case: c, CommandsPerS: 1000, ElapsedS: 1, WordNs: 100,
		Latency: hdrhistogram.New(1, latencyMax, 3), Undisturbed: hdrhistogram.New(1, latencyMax, 3),
	}
	if err := r.Latency.RecordValue(5000); err != nil {
		t.Fatal(err)
	}
	var rec bench.Record
	r.AddTo(&rec)
	for unit, want := range map[string]bool{"p50-x-word": false, "p99-x-word": false, "word-ns": true, "disturbed-%": true} {
		if v, ok := rec.Results[0].Metric(unit); ok != want {
			t.Errorf("%s: recorded %v (%v), want %v", unit, ok, v, want)
		}
	}
}

// TestJudge is I4: after whole rounds and a part of one all is well, and not if a trade is missing.
func TestJudge(t *testing.T) {
	for _, flow := range workload.Flows {
		c := small(flow)
		r, err := newRig(t.Context(), &c)
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		for n := range 2*r.loop.Len() + r.loop.Len()/2 {
			if err := r.judge(); n%1000 == 0 && err != nil {
				t.Fatalf("%s: %v", flow, err)
			}
			var cmd codec.Command
			r.loop.Next(&cmd)
			r.sequence(&cmd)
		}
		r.loop.Trades += r.loop.Trades // as if half of them had been rejected
		if err := r.judge(); !errors.Is(err, errTrades) {
			t.Errorf("%s: %v, want errTrades", flow, err)
		}
	}
}

// A rate at which nothing was due has no figures.
func TestMeasureShort(t *testing.T) {
	c := small(workload.FlowTrades)
	c.Rate = 0.1
	if _, err := Measure(t.Context(), profile.Set{}, c); !errors.Is(err, ErrCase) {
		t.Errorf("%v, want ErrCase", err)
	}
}

// A chunk of commands is no rate, however it is taken.
func TestMeasureAChunk(t *testing.T) {
	c := small(workload.FlowTrades)
	c.Warmup, c.Duration = 1, 1
	if r, err := Measure(t.Context(), profile.Set{}, c); !errors.Is(err, ErrCase) {
		t.Errorf("%+v, %v: want ErrCase", r, err)
	}
}

// What is beyond the range of the histograms is counted and recorded at its limit: no sample is lost.
func TestRecordOutOfRange(t *testing.T) {
	c := small(workload.FlowTrades)
	r, err := newRig(t.Context(), &c)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	const due = 1000
	for _, ns := range []float64{-500, 0, 1000, float64(latencyMax) * 1.1, float64(latencyMax) * 10} {
		r.record(due, due+uint64(int64(ns/r.nsPerTick)))
	}
	if n := r.undisturbed.TotalCount(); n != 5 || r.outOfRange != [2]int64{3, 0} || r.undisturbed.Min() != 0 {
		t.Errorf("%d latencies, %d out of range, the least %d; want 5, 3 and 0", n, r.outOfRange, r.undisturbed.Min())
	}
}

// TestHiccups: a gap of a thread that waits is one; of a thread that works, if the kernel says so. What waits behind it
// is disturbed until the thread has caught up, and what the feeder hands over late, too.
func TestHiccups(t *testing.T) {
	h := hiccups{idleGap: 10, workGap: 100, last: 1000}
	h.looked(1005, false)
	h.looked(1030, true)
	if h.count != 1 || h.ticks != 25 || !h.behind {
		t.Fatalf("after a gap: %+v", h)
	}
	h.worked(1200) // the kernel knows of a switch, that of the start of this thread at least, or of none
	if h.count > 2 || !h.behind || h.last != 1200 {
		t.Fatalf("after work: %+v", h)
	}
	h.looked(1205, true)
	if !h.behind {
		t.Fatal("caught up with work in the ring")
	}
	h.late = true
	h.looked(1207, false)
	if !h.behind {
		t.Fatal("caught up with what came late")
	}
	h.late = false
	h.looked(1209, false)
	if h.behind {
		t.Fatalf("never caught up: %+v", h)
	}
	h.looked(900, false) // two cores' clocks may differ
	if h.behind {
		t.Fatal("a gap below zero")
	}
	c := small(workload.FlowTrades)
	r, err := newRig(t.Context(), &c)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.matcher.behind = false
	r.record(1000, 2000)
	r.record(-1500, 2500)
	r.record(2000, 3000)
	if u, d := r.undisturbed.TotalCount(), r.disturbed.TotalCount(); u != 1 || d != 2 {
		t.Errorf("%d undisturbed, %d disturbed, want 1 and 2", u, d)
	}
}

// TestSchedule: commands are due an interval apart, or at once.
func TestSchedule(t *testing.T) {
	slots := make([]engine.Entry, 4)
	s := schedule{interval: 2.5, begin: 100}
	s.date(slots)
	if slots[0].ArrivalNs != 102 || slots[3].ArrivalNs != 110 {
		t.Errorf("due at %d and %d, want 102 and 110", slots[0].ArrivalNs, slots[3].ArrivalNs)
	}
	for now, want := range map[uint64]int{101: 0, 102: 1, 109: 3, 110: 4, 1000: 4} {
		if n := s.due(slots, now); n != want {
			t.Errorf("at %d %d are due, want %d", now, n, want)
		}
	}
	const old = 1 << 57 // ticks of a machine that has run for a year or two
	s = schedule{interval: 312.6, begin: old}
	for range 250 {
		s.date(slots)
	}
	if due := slots[3].ArrivalNs - old; due != 312_600 {
		t.Errorf("the thousandth is due after %d ticks, want 312600", due)
	}
	s = schedule{}
	s.date(slots)
	if n := s.due(slots, 1); n != 4 {
		t.Errorf("%d are due at once, want 4", n)
	}
}

// TestStall: the matcher takes nothing from the first command until after the end. All that was due meanwhile is measured,
// most of which finds the ring full, and has waited for as long as the stall lasted from then on.
func TestStall(t *testing.T) {
	c := small(workload.FlowTrades)
	const due = 4 * ringSlots
	for c.Duration = 100 * time.Millisecond; ; c.Duration *= 4 {
		c.Rate = due / c.Duration.Seconds()
		r, err := newRig(t.Context(), &c)
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		ticks := uint64(float64(c.Duration) * r.clock.PerNs)
		var matcher sync.WaitGroup
		matcher.Go(func() {
			for r.ring.Len() == 0 {
				runtime.Gosched()
			}
			for began := clock.Ticks(); clock.Ticks()-began < ticks*5/4; {
				runtime.Gosched()
			}
			r.match()
		})
		s := schedule{interval: r.interval()}
		r.supply(t.Context(), &s, r.prepare(&s), c.Duration)
		late := clock.Ticks()-s.begin > 2*ticks
		r.ring.Close()
		matcher.Wait()
		if late && c.Duration < time.Minute { // no processor for it in twice the time
			continue
		}
		r.disturbed.Merge(r.undisturbed)
		if n := r.disturbed.TotalCount(); n < due-1 {
			t.Errorf("%d commands were measured of the %d that were due", n, due)
		}
		if p50 := time.Duration(r.disturbed.ValueAtQuantile(50)); p50 < c.Duration/2 {
			t.Errorf("p50 is %v after a stall of %v", p50, c.Duration*5/4)
		}
		return
	}
}

func TestCaseIsJudged(t *testing.T) {
	for name, change := range map[string]func(*Case){
		"flow":     func(c *Case) { c.Loop.Flow = "" },
		"trades":   func(c *Case) { c.Trades = batchMax + 1 },
		"rate":     func(c *Case) { c.Rate = -1 },
		"duration": func(c *Case) { c.Duration = 0 },
	} {
		c := Default()
		change(&c)
		if _, err := Measure(t.Context(), profile.Set{}, c); !errors.Is(err, ErrCase) {
			t.Errorf("%s: %v, want ErrCase", name, err)
		}
	}
	for _, s := range Sweeps {
		cases, err := s.Cases(Default())
		if err != nil || len(cases) < 3 {
			t.Errorf("%s: %d cases, %v", s, len(cases), err)
		}
		for _, c := range cases {
			if err := c.Validate(); err != nil {
				t.Errorf("%s: %v", s, err)
			}
		}
	}
	if _, err := Sweep("moon").Cases(Default()); !errors.Is(err, ErrCase) {
		t.Errorf("%v, want ErrCase", err)
	}
}
