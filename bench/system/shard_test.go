package system

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/host"
)

// TestShards: two of them give the sum of both, and the result says that there are two.
func TestShards(t *testing.T) {
	c := small()
	c.Shards, c.Rate = 2, 20_000
	o := &Options{Dir: filepath.Join(t.TempDir(), "run")}
	shards, err := newShards(t.Context(), &c)
	if err == nil {
		err = runShards(t.Context(), o, &c, host.Profile{Name: host.Shared}, shards)
	}
	if err != nil {
		t.Fatal(err)
	}
	trades, rate := int64(0), 0.0
	for _, s := range shards {
		m := s.meter
		trades += m.snapshot.Latency(bench.OrderToCommit).Count
		rate += float64(m.to.trades-m.from.trades) / m.end.Sub(m.begin).Seconds()
	}
	r := &Result{Case: c, CPU: map[string]time.Duration{"engine": 1}}
	r.take(shards)
	if l := r.Latency(bench.OrderToCommit); l.Count != trades || trades == 0 || r.TradesPerS != rate {
		t.Errorf("%d latencies, %v trades/s, want %d, %v", l.Count, r.TradesPerS, trades, rate)
	}
	if r.Budget() != nil {
		t.Error("a budget of two streams")
	}
	var rec bench.Record
	r.AddTo(&rec)
	if !slices.Contains(rec.Results[0].Params, bench.P("shards", 2)) {
		t.Errorf("recorded as %v", rec.Results[0].Params)
	}
}

// TestShardsCountTogether is I3: batch by batch.
func TestShardsCountTogether(t *testing.T) {
	crowd := newCrowd(2)
	var meters [2]meter
	for i := range meters {
		meters[i] = meter{crowd: crowd, recorder: bench.NewRecorder(), parts: bench.NewBudgetRecorder(nil)}
	}
	commit := func(i int) {
		meters[i].committed(&engine.Committed{Payload: codec.Payload{Trades: make([]codec.Trade, 3)}})
	}
	for range 3 {
		commit(0)
	}
	if !meters[0].first.IsZero() {
		t.Error("the warm-up of one began before the other committed")
	}
	commit(1)
	for range 3 {
		commit(0)
	}
	if meters[0].snapshot == nil {
		t.Fatal("not over")
	}
	loop, err := workload.NewLoop(t.Context(), small().Loop)
	if err != nil {
		t.Fatal(err)
	}
	s := source{loop: loop, crowd: crowd}
	var c codec.Command
	if err := s.Next(&c); err != nil {
		t.Errorf("%v: one stopped before the other has enough", err)
	}
	commit(1)
	commit(1)
	s.opened = len(s.loop.Opening())
	if err := s.Next(&c); err == nil {
		t.Error("goes on when both have enough")
	}
}

// TestFirstCause: that the others were stopped is not why a case failed.
func TestFirstCause(t *testing.T) {
	if err := firstCause([]error{context.Canceled, errShort, nil}); !errors.Is(err, errShort) || errors.Is(err, context.Canceled) {
		t.Errorf("%v, want errShort alone", err)
	}
	if err := firstCause([]error{context.Canceled, nil}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want Canceled", err)
	}
	if err := firstCause([]error{nil, nil}); err != nil {
		t.Error(err)
	}
}
