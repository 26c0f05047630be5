package box

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/capture"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// hooked is a source that does something before its n-th command.
type hooked struct {
	Source
	n    int
	hook func() error
}

func (h *hooked) Next(c *codec.Command) error {
	if h.n--; h.n == 0 {
		if err := h.hook(); err != nil {
			return err
		}
	}
	return h.Source.Next(c)
}

// oneProcess returns the options of a run in one process, and a small day with a hook in its middle.
func oneProcess(t *testing.T, hook func() error) (*Options, Source) {
	t.Helper()
	day, err := workload.New(workload.Config{Seed: 5, Orders: 2000, Instruments: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(day.Close)
	o := &Options{
		Dir: filepath.Join(t.TempDir(), "run"), InProcess: true, Engine: engine.DefaultConfig(), Roles: rundir.DefaultRoles(),
		Profile: host.Profile{Name: host.Shared}, Log: slog.New(slog.DiscardHandler), SourceName: "test", Verify: true,
	}
	o.Engine.BatchTarget, o.Engine.Durable = 50, false
	return o, &hooked{day, 1000, hook}
}

// TestFaultIsToldOnce: a participant that cannot save its state ends the run, and is not quoted by
// everybody who hears of it.
func TestFaultIsToldOnce(t *testing.T) {
	var o *Options
	o, source := oneProcess(t, func() error {
		return os.MkdirAll(filepath.Join(o.Dir, "settlement", "settlement.csv", "in the way"), 0o755)
	})
	report, err := Execute(t.Context(), o, source)
	if err == nil || strings.Count(err.Error(), "cannot save") != 1 || !strings.HasPrefix(err.Error(), "settlement: ") {
		t.Errorf("got %v, want that settlement cannot save its file, once", err)
	}
	if report == nil || report.Verified {
		t.Errorf("the report is %+v, want one that is not verified", report)
	}
}

// TestBadInputVerifies: what was read before the damage is committed and proved, and the error of the
// source is that of the run.
func TestBadInputVerifies(t *testing.T) {
	damage := &capture.DamageError{File: "day.tzc", Offset: 9, Want: "a block", Got: "the end"}
	o, source := oneProcess(t, func() error { return damage })
	report, err := Execute(t.Context(), o, source)
	if !errors.Is(err, damage) || err.Error() != damage.Error() {
		t.Errorf("got %v, want %v", err, damage)
	}
	// 999 were read, of them 5 definitions and what else tells of the market.
	if !report.Verified || report.Commands < 900 || report.Commands > 999-5 || report.Participants.Risk.Chain != report.Engine.Chain {
		t.Errorf("verified %v after %d commands, want true after most of 994", report.Verified, report.Commands)
	}
}

// TestInterruptedAtAStuckSource: a source that gives nothing and never ends does not keep the run
// from ending.
func TestInterruptedAtAStuckSource(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stuck := make(chan struct{})
	defer close(stuck)
	var read func() bench.Status
	o, source := oneProcess(t, func() error {
		for end := time.Now().Add(time.Minute); read().Trades == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				return errors.New("nothing is committed")
			}
		}
		cancel()
		<-stuck
		return errors.New("nobody reads this")
	})
	o.Progress = func(status func() bench.Status) func() { read = status; return func() {} }
	report, err := Execute(ctx, o, source)
	if !errors.Is(err, context.Canceled) || err.Error() != context.Canceled.Error() {
		t.Errorf("got %v, want that it was cancelled and nothing else", err)
	}
	if !report.Verified || report.Trades == 0 {
		t.Errorf("verified %v with %d trades, want what came before", report.Verified, report.Trades)
	}
}

// TestRunInUse: a run that goes on cannot be replaced, not even by force, whichever of its processes
// is left.
func TestRunInUse(t *testing.T) {
	for _, holder := range []string{"engine", "risk", "settlement", "marketdata"} {
		o, source := oneProcess(t, func() error { return nil })
		o.Force = true
		if _, err := Execute(t.Context(), o, source); err != nil {
			t.Fatal(err)
		}
		lock, err := os.Open(filepath.Join(o.Dir, holder, "lock"))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		_, source = oneProcess(t, func() error { return nil })
		var refused *rundir.RefusedError
		if _, err := Execute(t.Context(), o, source); !errors.As(err, &refused) || !strings.Contains(err.Error(), "in use by process ") || !strings.HasSuffix(err.Error(), "("+holder+")") {
			t.Errorf("held by %s: %v", holder, err)
		}
		if _, err := os.Stat(filepath.Join(o.Dir, rundir.ReportFile)); err != nil {
			t.Errorf("held by %s: the run that is in use has lost its report: %v", holder, err)
		}
		if err := lock.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Execute(t.Context(), o, source); err != nil {
			t.Errorf("%s has let go, and still: %v", holder, err)
		}
	}
}
