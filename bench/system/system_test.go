package system

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/host"
)

// small is a case that takes a moment, in this process; cmd/tezi has a script with several.
func small() Case {
	c := Default()
	c.Loop.Commands, c.Loop.Instruments, c.Loop.Members = 10_000, 5, 10
	c.Transport, c.Durable, c.Warmup, c.Duration = TransportRings, false, 20*time.Millisecond, 100*time.Millisecond
	return c
}

func TestMeasure(t *testing.T) {
	for _, rate := range []float64{0, 20_000} {
		c := small()
		c.Rate = rate
		o := &Options{Dir: filepath.Join(t.TempDir(), "run"), Profile: host.Profile{Name: host.Shared}}
		r, err := Measure(t.Context(), o, c)
		for err == nil && !applied(r) && c.Duration < time.Minute { // participants that have had no processor yet
			c.Duration *= 4
			r, err = Measure(t.Context(), o, c)
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.ElapsedS < c.Duration.Seconds() || r.TradesPerS <= 0 || r.CommandsPerS <= r.TradesPerS/2 || r.CPU["engine"] <= 0 {
			t.Errorf("rate %v: %+v", rate, r)
		}
		counted := r.TradesPerS * r.ElapsedS
		if l := r.Latency(bench.OrderToCommit); float64(l.Count) < 0.9*counted || float64(l.Count) > 1.1*counted {
			t.Errorf("rate %v: %d latencies of %.0f trades", rate, l.Count, counted)
		}
		addsUp(t, r)
		var rec bench.Record
		r.AddTo(&rec)
		if v, ok := rec.Results[0].Metric("trades/s"); !ok || v != r.TradesPerS || len(rec.Results[0].Latencies) != int(bench.StageCount) {
			t.Errorf("recorded as %v", rec.Results[0])
		}
		if _, err := os.Stat(o.Dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the directory is still there: %v", err)
		}
	}
}

// applied reports whether each participant has applied a batch while it counted.
func applied(r *Result) bool {
	return !slices.ContainsFunc(r.Budget().After, func(p bench.Share) bool { return p.Us.Count == 0 })
}

// addsUp checks that the parts of the budget are of all trades, and their means those of the whole way, but for the
// 0.1 % to which histograms resolve.
func addsUp(t *testing.T, r *Result) {
	t.Helper()
	b := r.Budget()
	sum := 0.0
	for _, p := range b.Parts {
		sum += float64(p.MeanUs)
		if p.Us.Count != b.Whole.Us.Count || p.Us.Count == 0 || p.Us.OutOfRange > 0 {
			t.Errorf("%s has %d trades, %d out of range; the whole %d", p.Name, p.Us.Count, p.Us.OutOfRange, b.Whole.Us.Count)
		}
	}
	if whole := float64(b.Whole.MeanUs); sum < 0.998*whole-10 || sum > 1.002*whole+10 {
		t.Errorf("rate %v: the parts add up to %.0f ns, order to commit is %.0f", r.Rate, sum, whole)
	}
	for _, p := range b.After {
		if p.Us.Count == 0 {
			t.Errorf("%s has applied nothing", p.Name)
		}
	}
}

// TestMeterCountsFromTheWarmUp is I1: batch by batch, a millisecond of test time each.
func TestMeterCountsFromTheWarmUp(t *testing.T) {
	m := meter{crowd: newCrowd(1), recorder: bench.NewRecorder(), parts: bench.NewBudgetRecorder(nil)}
	trades := make([]codec.Trade, 3)
	commit := func(last uint64) {
		m.recorder.Record(bench.OrderToCommit, int64(last))
		m.committed(&engine.Committed{Payload: codec.Payload{LastCommand: last, Trades: trades}})
	}
	commit(10) // the first
	commit(20) // the warm-up of nothing is over
	if m.begin.IsZero() || m.from != (mark{6, 20, 2}) {
		t.Fatalf("began with %+v", m.from)
	}
	commit(30)
	if m.snapshot == nil || m.crowd.short.Load() != 0 || m.to != (mark{9, 30, 3}) {
		t.Fatalf("ended with %+v", m.to)
	}
	if l := m.snapshot.Latency(bench.OrderToCommit); l.Count != 1 || l.Max != 30 {
		t.Errorf("latencies %+v, want that of the last batch alone", l)
	}
	commit(40)
	if m.to.commands != 30 {
		t.Error("what came behind the end counts")
	}
}

// TestMeterWaitsForWhatWasDue: a trade is due each millisecond, and nothing is committed from the middle of a case to beyond
// its end. At a rate, who was due meanwhile and waits behind the stall counts, though not for ever.
func TestMeterWaitsForWhatWasDue(t *testing.T) {
	const duration = 100 * time.Millisecond
	for _, test := range []struct {
		open  bool
		every time.Duration // ten are committed, after the stall
		want  int64
	}{
		{true, time.Millisecond, 100},
		{true, 20 * time.Millisecond, 90},
		{false, time.Millisecond, 60},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := meter{crowd: newCrowd(1), duration: duration, open: test.open, recorder: bench.NewRecorder(), parts: bench.NewBudgetRecorder(nil)}
			begin, due := time.Now(), time.Duration(0)
			commit := func(n int) {
				for range n {
					due += time.Millisecond
					m.recorder.Record(bench.OrderToCommit, int64(time.Since(begin)-due))
				}
				m.committed(&engine.Committed{})
			}
			commit(0)
			commit(0) // the warm-up of nothing is over
			for range 5 {
				time.Sleep(10 * time.Millisecond)
				commit(10)
			}
			for time.Sleep(duration); m.snapshot == nil; time.Sleep(test.every) {
				commit(10)
			}
			if l := m.snapshot.Latency(bench.OrderToCommit); l.Count != test.want {
				t.Errorf("%+v: %d trades count", test, l.Count)
			}
		})
	}
}

// TestJudge is I2.
func TestJudge(t *testing.T) {
	good := func() *bench.Report {
		p := bench.Participant{AppliedTrades: 7, Chain: 1}
		return &bench.Report{Trades: 7, Engine: bench.Engine{Chain: 1}, Participants: bench.Participants{Risk: p, Settlement: p, Marketdata: p}}
	}
	if err := judge(good()); err != nil {
		t.Error(err)
	}
	for _, change := range []func(r *bench.Report){
		func(r *bench.Report) { r.Participants.Settlement.Chain = 2 },
		func(r *bench.Report) { r.Participants.Marketdata.AppliedTrades = 6 },
	} {
		r := good()
		change(r)
		if err := judge(r); !errors.Is(err, errDiffers) {
			t.Errorf("%v, want errDiffers", err)
		}
	}
	r := good()
	r.BatchesAborted = 1
	if err := judge(r); !errors.Is(err, errAborted) {
		t.Errorf("%v, want errAborted", err)
	}
}

func TestCaseIsJudged(t *testing.T) {
	for name, change := range map[string]func(*Case){
		"flow":      func(c *Case) { c.Loop.Flow = "" },
		"trades":    func(c *Case) { c.Trades = 0 },
		"window":    func(c *Case) { c.Window = 1 << 20 },
		"transport": func(c *Case) { c.Transport = "pigeon" },
		"rate":      func(c *Case) { c.Rate = -1 },
		"duration":  func(c *Case) { c.Duration = 0 },
		"no shard":  func(c *Case) { c.Shards = 0 },
		"shards":    func(c *Case) { c.Shards = 65 },
	} {
		c := small()
		change(&c)
		if _, err := Measure(t.Context(), &Options{}, c); !errors.Is(err, ErrCase) {
			t.Errorf("%s: %v, want ErrCase", name, err)
		}
	}
	for _, s := range Sweeps {
		cases, err := s.Cases(Default())
		if err != nil || len(cases) < 3 && s != SweepCores {
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
	c := small()
	c.Loop.Flow = workload.FlowReferee
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

// TestCores: a case runs on as many cores as it says, its result says so, and afterwards all are there again.
func TestCores(t *testing.T) {
	all := host.Detect().Cores
	cases, err := SweepCores.Cases(small())
	if err != nil || len(cases) != len(all) || cases[0].Cores != 1 || cases[len(cases)-1].Cores != len(all) {
		t.Fatalf("%v, %d cases for %d cores", err, len(cases), len(all))
	}
	if undo, err := host.Confine(all); err != nil {
		t.Skip(err) // a container may refuse it
	} else if err := undo(); err != nil {
		t.Fatal(err)
	}
	o := &Options{Dir: filepath.Join(t.TempDir(), "run"), Profile: host.Profile{Name: host.Shared}}
	r, err := Measure(t.Context(), o, cases[0])
	if err != nil {
		t.Fatal(err)
	}
	var rec bench.Record
	r.AddTo(&rec)
	if !slices.Contains(rec.Results[0].Params, bench.P("cores", 1)) {
		t.Errorf("recorded as %v", rec.Results[0].Params)
	}
	if got := host.Detect().Cores; !slices.Equal(got, all) {
		t.Errorf("cores %v are left, want %v", got, all)
	}
	c := small()
	if c.Cores = len(all) + 1; !errors.Is(c.Validate(), ErrCase) {
		t.Errorf("%d cores of %d: %v, want ErrCase", c.Cores, len(all), c.Validate())
	}
}
