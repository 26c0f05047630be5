package commit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// A case starts this program again for each participant.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "node" {
		if err := RunNode(context.Background(), os.Args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 3 && others[os.Args[1]] != nil {
		if err := others[os.Args[1]](os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// others are the other ends of benchmarks, by the word that starts them.
var others = map[string]func(string) error{"echo": echo}

func options(t testing.TB) *Options {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &Options{Dir: t.TempDir() + "/run", Command: []string{exe, "node"}}
}

// measured runs a case for as long as it takes to commit some batches, which on a busy machine, or under the race
// detector, may be long.
func measured(t *testing.T, o *Options, c Case) *Result {
	t.Helper()
	const batchesMin, durationMax = 50, time.Minute
	for {
		r, err := Measure(t.Context(), o, c)
		if err != nil && !errors.Is(err, errShort) {
			t.Fatal(err)
		}
		if err == nil && r.Batches >= batchesMin {
			return r
		}
		if c.Duration *= 4; c.Duration > durationMax {
			t.Fatalf("%+v, %v: want %d batches", r, err, batchesMin)
		}
	}
}

// Over every transport a case comes to its end, the participants agree with the coordinator (I2 is
// checked by Measure), and what is reported is consistent.
func TestMeasure(t *testing.T) {
	for _, transport := range Transports {
		c := Default()
		c.Transport, c.Warmup, c.Duration = transport, 20*time.Millisecond, 100*time.Millisecond
		c.Rate = 100_000
		t.Run(transport, func(t *testing.T) {
			o := options(t)
			r := measured(t, o, c)
			if n := uint64(r.Decision.Count); n < r.Batches || n > r.Batches+uint64(c.Window) {
				t.Errorf("%d batches and %d latencies", r.Batches, r.Decision.Count)
			}
			if f := r.Floor; f == nil || f.Stream <= 0 || f.Decision.Count > 0 {
				t.Errorf("floor %+v, want a stream and no decisions: what queues has no floor", f)
			}
			if _, err := os.Stat(o.Dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the directory is still there: %v", err)
			}
			var rec bench.Record
			r.AddTo(&rec)
			res := rec.Results[0]
			if _, ok := res.Metric("x-floor"); ok {
				t.Error("what queues has a floor")
			}
			if v, ok := res.Metric("trades/s"); !ok || v != r.TradesPerS || res.Param("transport") != transport || res.Latencies[0].Us != r.Decision {
				t.Errorf("recorded as %s with %v", res, res.Metrics)
			}
		})
	}
}

// Decisions of one batch in flight have a floor, by the median and by the 99th percentile, of both halves.
func TestMeasureOneInFlight(t *testing.T) {
	c := Default()
	c.Window, c.Warmup, c.Duration = 1, 20*time.Millisecond, 100*time.Millisecond
	for _, durable := range []bool{true, false} {
		c.Durable = durable
		r := measured(t, options(t), c)
		f := r.Floor
		if f == nil || f.Stream <= 0 || f.Decision.Count == 0 {
			t.Fatalf("floor %+v", f)
		}
		var rec bench.Record
		r.AddTo(&rec)
		for name, want := range map[string]float64{
			"x-floor": float64(r.Decision.P50) / float64(f.Decision.P50), "x-floor-p99": float64(r.Decision.P99) / float64(f.Decision.P99),
		} {
			if v, ok := rec.Results[0].Metric(name); !ok || v != want || v <= 0 {
				t.Errorf("%s is %v, want %v", name, v, want)
			}
		}
	}
}

// The protocols to compare with run the same cases, with the disk writes that they need: who votes yes
// has written, in both, and so has the coordinator of 2PC before it decides.
func TestMeasureProtocols(t *testing.T) {
	if testing.Short() {
		t.Skip("the processes of TestMeasure are the same")
	}
	for _, protocol := range Protocols {
		for _, transport := range []string{TransportTCP, TransportRings} {
			c := Default()
			c.Transport, c.Protocol, c.Warmup, c.Duration = transport, protocol, 20*time.Millisecond, 100*time.Millisecond
			t.Run(transport+"/"+protocol, func(t *testing.T) {
				o := options(t)
				o.NoFloor = true
				if r := measured(t, o, c); r.SyncsPerS == 0 {
					t.Errorf("result %+v: nothing was synced", r)
				}
				c.Durable = false
				if r := measured(t, o, c); r.SyncsPerS > 0 {
					t.Errorf("result %+v: the disk had a part in a case that is not durable", r)
				}
			})
		}
	}
}

func TestMeasureRefuses(t *testing.T) {
	for name, change := range map[string]func(c *Case){
		"trades":       func(c *Case) { c.Trades = 0 },
		"window":       func(c *Case) { c.Window = windowMax + 1 },
		"participants": func(c *Case) { c.Participants = participantsMax + 1 },
		"transport":    func(c *Case) { c.Transport = "pigeon" },
		"protocol":     func(c *Case) { c.Protocol = "4pc" },
		"held at once": func(c *Case) { c.Trades, c.Window = 65536, windowMax },
		"rate":         func(c *Case) { c.Rate = -1 },
		"rate 0.5":     func(c *Case) { c.Rate = 0.5 },
		"duration":     func(c *Case) { c.Duration = 0 },
	} {
		c := Default()
		change(&c)
		if _, err := Measure(t.Context(), options(t), c); !errors.Is(err, ErrCase) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want ErrCase that names it", name, err)
		}
	}
	if _, err := Sweep("moon").Cases(Default()); !errors.Is(err, ErrCase) {
		t.Errorf("error %v, want ErrCase", err)
	}
}

// TestMeasureNothing: a time in which nothing could be decided was reported as 0 trades/s.
func TestMeasureNothing(t *testing.T) {
	c := Default()
	c.Transport, c.Warmup, c.Duration = TransportRings, 0, 1
	o := options(t)
	o.NoFloor = true
	if r, err := Measure(t.Context(), o, c); !errors.Is(err, errShort) {
		t.Errorf("%+v, %v: want %v", r, err, errShort)
	}
}

// Who interrupts does not wait until all batches are there.
func TestSupplyGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newSupply(ctx, 1000, 80); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was given up", err)
	}
}

// A node that dies is an error, and leaves no process behind.
func TestMeasureReportsDeadNode(t *testing.T) {
	o := options(t)
	o.Command = []string{"/bin/false"}
	if _, err := Measure(t.Context(), o, Default()); err == nil {
		t.Error("no error for nodes that do not start")
	}
}

// TestInterruptIsForTheCoordinator: a node is in a process group of its own. It would die of a Ctrl-C that comes before it has
// begun to listen for signals, and the coordinator would take that for a node that has failed.
func TestInterruptIsForTheCoordinator(t *testing.T) {
	p, err := startProcess([]string{"/bin/sh", "-c", "echo listening 127.0.0.1:1; cat >/dev/null; echo '{}'"}, &nodeSpec{})
	if err != nil {
		t.Fatal(err)
	}
	if group, err := syscall.Getpgid(p.cmd.Process.Pid); err != nil || group == syscall.Getpgrp() {
		t.Errorf("process group %d, %v, want another one than ours", group, err)
	}
	if _, err := p.end(); err != nil {
		t.Error(err)
	}
}

func TestSweepsCanBeMeasured(t *testing.T) {
	for _, s := range Sweeps {
		cases, err := s.Cases(Default())
		if err != nil || len(cases) < 2 {
			t.Errorf("sweep %s: %d cases, %v", s, len(cases), err)
		}
		for _, c := range cases {
			if err := c.Validate(); err != nil {
				t.Errorf("sweep %s: %v", s, err)
			}
		}
	}
}

// The payloads are a stream that the roles accept: numbers dense, instruments known (I3).
func TestSupplyIsAStream(t *testing.T) {
	const trades, held = 700, 50
	s, err := newSupply(t.Context(), trades, held)
	if err != nil {
		t.Fatal(err)
	}
	var stream ledger.Stream
	seen := map[*byte]int{}
	for i := range 2 * (tradesDistinct/trades + held) {
		payload := s.take()
		if last, ok := seen[&payload[0]]; ok && i-last <= held {
			t.Fatalf("payload %d is that of %d again, %d are held", i, last, held)
		}
		seen[&payload[0]] = i
		if _, err := stream.Reserve(&batch3pc.Batch{Count: trades, Payload: payload}); err != nil {
			t.Fatalf("payload %d: %v", i, err)
		}
		p, err := codec.DecodePayload(payload, nil)
		if err != nil || p.FirstTrade != uint64(i*trades+1) {
			t.Fatalf("payload %d begins at trade %d, %v", i, p.FirstTrade, err)
		}
	}
}

// stalling is a context that, asked as it is once a round, keeps the coordinator once.
type stalling struct {
	context.Context
	stall func()
}

func (s stalling) Err() error { s.stall(); return s.Context.Err() }

// TestStall: the coordinator stands still from the middle of what counts until after the end. All that was due by then is
// measured, and half of it has waited for half of the stall at least.
func TestStall(t *testing.T) {
	c := Default()
	c.Transport, c.Durable, c.Trades, c.Window, c.Warmup = TransportRings, false, 10, 4, 0
	const due = 100
	for c.Duration = 200 * time.Millisecond; ; c.Duration *= 4 {
		c.Rate = due * float64(c.Trades) / c.Duration.Seconds()
		k := stalled(t, &c)
		if k.ended >= k.began+2*int64(c.Duration) && c.Duration < time.Minute { // no processor for it in twice the time
			continue
		}
		if n := k.latency.TotalCount(); n < due-1 {
			t.Errorf("%d batches were measured of the %d that were due", n, due)
		}
		if p75 := time.Duration(k.latency.ValueAtQuantile(75)); p75 < c.Duration/4 {
			t.Errorf("three quarters are below %v, after a stall of %v", p75, c.Duration*3/4)
		}
		return
	}
}

// stalled runs a case with a coordinator that stands still from the middle of it until a quarter of its time after its end.
func stalled(t *testing.T, c *Case) *coordinator {
	t.Helper()
	o := options(t)
	s, err := newSupply(t.Context(), c.Trades, c.held())
	if err != nil {
		t.Fatal(err)
	}
	g, err := startGroup(t.Context(), o, c, ringbuf.NewBell(ringbuf.WaitPark))
	if err != nil {
		t.Fatal(err)
	}
	k, err := newCoordinator(o, c, g, s)
	if err != nil {
		t.Fatal(err)
	}
	half := int64(c.Duration) / 2
	ctx := stalling{t.Context(), func() {
		if now := k.clock(); k.began > 0 && now > k.began+half && now < k.began+2*half {
			time.Sleep(time.Duration(k.began + 5*half/2 - now))
		}
	}}
	err = errors.Join(k.run(ctx), k.close())
	if _, gerr := g.stop(); errors.Join(err, gerr) != nil {
		t.Fatal(err, gerr)
	}
	return k
}

func TestPace(t *testing.T) {
	p := &pace{intervalNs: 100}
	p.begin(1000)
	for i, want := range []bool{true, true, false} {
		if got := p.due(uint64(i), 1150); got != want {
			t.Errorf("batch %d due at 1150: %t", i, got)
		}
	}
	if at := p.dueAt(1, 5000); at != 1100 {
		t.Errorf("batch 1 was due at %d, want 1100 however late it is", at)
	}
	if at := (&pace{}).dueAt(7, 42); at != 42 {
		t.Errorf("as fast as possible a batch is due at %d, want now, 42", at)
	}
}
