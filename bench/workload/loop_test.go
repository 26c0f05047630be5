package workload

import (
	"context"
	"errors"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
)

func smallLoop(flow Flow) LoopConfig {
	c := LoopDefault(flow)
	c.Commands, c.Instruments = 20_000, 5
	return c
}

// TestLoopGoesRound: a round leaves no order, and the next one trades the same under other numbers (I8).
func TestLoopGoesRound(t *testing.T) {
	for _, flow := range Flows {
		t.Run(string(flow), func(t *testing.T) {
			l, err := NewLoop(t.Context(), smallLoop(flow))
			if err != nil {
				t.Fatal(err)
			}
			core, err := engine.NewCore(engine.Limits{OrdersMax: 1 << 16, InstrumentsMax: 5, BatchTarget: 1000, PositionsMax: l.Config.PositionsMax()}, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer core.Close()
			open, seq := engine.NewBuilder(0, 1), uint64(0)
			apply := func(c codec.Command) {
				seq++
				c.Seq = seq
				core.Apply(&c, open)
				open.Reset(core.LastCommand(), core.NextTrade())
			}
			for _, c := range l.Opening() {
				apply(c)
			}
			var c codec.Command
			for round := 1; round <= 3; round++ {
				for range l.Len() {
					l.Next(&c)
					apply(c)
				}
				if live, trades := core.LiveOrders(), int(core.Counts().Trades); live != 0 || trades != round*l.Trades {
					t.Fatalf("round %d: %d orders are left, %d trades, want 0 and %d", round, live, trades, round*l.Trades)
				}
			}
		})
	}
}

// TestLoopIsTheSame pins the flow (I1): a change of it changes figures, and is a decision.
func TestLoopIsTheSame(t *testing.T) {
	golden := map[Flow]uint64{FlowReferee: 0x3323166e04b8d22d, FlowOverlap: 0xd8aa797c1675ec65, FlowTrades: 0xfb55d0e432b19b8c}
	for _, flow := range Flows {
		l, err := NewLoop(t.Context(), smallLoop(flow))
		if err != nil {
			t.Fatal(err)
		}
		if got := xxhash.Sum64(codec.CommandBytes(l.round)); got != golden[flow] {
			t.Errorf("%s: hash %#x, want %#x; %d commands, %d trades", flow, got, golden[flow], l.Len(), l.Trades)
		}
		if l.Len() < 15_000 || l.Len() > 25_000 {
			t.Errorf("%s: a round of %d commands, want about 20,000", flow, l.Len())
		}
	}
}

func TestLoopConfig(t *testing.T) {
	for name, change := range map[string]func(*LoopConfig){
		"flow":        func(c *LoopConfig) { c.Flow = "quiet" },
		"commands":    func(c *LoopConfig) { c.Commands = 0 },
		"instruments": func(c *LoopConfig) { c.Instruments = InstrumentsMax + 1 },
		"members":     func(c *LoopConfig) { c.Members = 0 },
		"clients":     func(c *LoopConfig) { c.Clients = 1 << 31 },
	} {
		c := smallLoop(FlowTrades)
		change(&c)
		if _, err := NewLoop(t.Context(), c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v, want ErrConfig", name, err)
		}
	}
}

func TestLoopAllocatesNothing(t *testing.T) {
	l, err := NewLoop(t.Context(), smallLoop(FlowTrades))
	if err != nil {
		t.Fatal(err)
	}
	var c codec.Command
	if n := testing.AllocsPerRun(100, func() { l.Next(&c) }); n != 0 {
		t.Errorf("Next allocates %v times", n)
	}
}

// TestLoopIsNotWantedAnyMore: Ctrl-C while a large loop is made was heard when it was made, minutes later.
func TestLoopIsNotWantedAnyMore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, flow := range Flows {
		if _, err := NewLoop(ctx, smallLoop(flow)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want that it is not made", flow, err)
		}
	}
}
