package engine

import (
	"errors"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/bench/workload"
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
		r, err := newRig(&c)
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
		if l := r.Latency; l != nil && uint64(l.TotalCount()) != r.Commands {
			t.Errorf("%d latencies of %d commands", l.TotalCount(), r.Commands)
		}
		var rec bench.Record
		r.AddTo(&rec)
		res := rec.Results[0]
		if v, ok := res.Metric("commands/s"); !ok || v != r.CommandsPerS || len(res.Latencies) != min(int(rate), 1) {
			t.Errorf("recorded as %s with %v", res, res.Metrics)
		}
	}
}

// A rate at which nothing was due has no figures.
func TestMeasureShort(t *testing.T) {
	c := small(workload.FlowTrades)
	c.Rate = 0.1
	if _, err := Measure(t.Context(), profile.Set{}, c); !errors.Is(err, errShort) {
		t.Errorf("%v, want errShort", err)
	}
}

// What is beyond the range of the histogram is counted and recorded at its limit: no sample is lost.
func TestRecordOutOfRange(t *testing.T) {
	c := small(workload.FlowTrades)
	r, err := newRig(&c)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	for _, ns := range []int64{-1, 0, 1000, latencyMax, latencyMax + 1, 10 * latencyMax} {
		r.record(ns)
	}
	if n := r.latency.TotalCount(); n != 6 || r.outOfRange != 3 || r.latency.Min() != 0 {
		t.Errorf("%d latencies, %d out of range, the least %d; want 6, 3 and 0", n, r.outOfRange, r.latency.Min())
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
