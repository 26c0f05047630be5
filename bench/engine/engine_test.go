package engine

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/bench"
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
				for r.chunk() > 0 {
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
		r, err := Measure(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if r.Commands == 0 || r.Trades == 0 || r.CommandsPer <= 0 || r.Collections != 0 {
			t.Errorf("rate %v: %+v", rate, r)
		}
		if (r.Latency != nil) != (rate > 0) {
			t.Errorf("rate %v: latency %+v", rate, r.Latency)
		}
		if l := r.Latency; l != nil && (l.Count == 0 || l.P50 > l.P99 || l.P99 > l.Max) {
			t.Errorf("rate %v: latency %+v", rate, l)
		}
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
		if _, err := Measure(t.Context(), c); !errors.Is(err, ErrCase) {
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

func TestTable(t *testing.T) {
	r := Report{Results: []*Result{
		{Case: Default(), CommandsPer: 10_000_000, TradesPerS: 700_000},
		{Case: Default(), CommandsPer: 1_000_000, Latency: &bench.Latency{P50: 210, P99: 640, P999: 2100, Max: 31_000}},
	}}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10000000", "100.0", " 640 ", "overlap"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
