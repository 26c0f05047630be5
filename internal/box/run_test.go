package box

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

// waitEnd is until when a test waits for what has to come: as long as go test lets it, but for the time to say what did not come.
func waitEnd(t *testing.T) time.Time {
	if end, ok := t.Deadline(); ok {
		return end.Add(-10 * time.Second)
	}
	return time.Now().Add(24 * time.Hour)
}

// TestInterruptedAtAStuckSource: a source that gives nothing and never ends does not keep the run
// from ending.
func TestInterruptedAtAStuckSource(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stuck := make(chan struct{})
	defer close(stuck)
	var read func() bench.Status
	o, source := oneProcess(t, func() error {
		for end := waitEnd(t); read().Trades == 0; time.Sleep(time.Millisecond) {
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

// TestInterruptedWhileItTakesUp: a run that is being taken up ends as well, before anything is started: it reads its log no
// further, and does not wait for a source that gives nothing. The next one takes it up.
func TestInterruptedWhileItTakesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	began, once := make(chan struct{}), new(sync.Once)
	o, source := oneProcess(t, func() error {
		within(t, began, "nothing is committed")
		cancel()
		return nil
	})
	o.Committed = func(*engine.Committed) { once.Do(func() { close(began) }) }
	if _, err := Execute(ctx, o, source); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	o.Resume = true
	again := func(ctx context.Context, hook func() error) (*bench.Report, error) {
		_, source := oneProcess(t, nil)
		return Execute(ctx, o, &hooked{source.(*hooked).Source, 5, hook})
	}
	stuck := make(chan struct{})
	defer close(stuck)
	for name, hook := range map[string]func(cancel func()) error{
		"in its log":    func(func()) error { return nil },
		"in its source": func(cancel func()) error { cancel(); <-stuck; return errors.New("nobody reads this") },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if name == "in its log" {
			cancel()
		}
		if report, err := again(ctx, func() error { return hook(cancel) }); report != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: report %+v, %v", name, report, err)
		}
		cancel()
	}
	if report, err := again(t.Context(), func() error { return nil }); err != nil || !report.Verified || report.CommandsBefore == 0 {
		t.Errorf("report %+v, %v", report, err)
	}
}

// TestNothingReadableBehindTheLog: a run that is taken up has read what the command log holds. That the rest of its source
// cannot be read is counted, and no error.
func TestNothingReadableBehindTheLog(t *testing.T) {
	const orders = feedChunk // what the feeder hands on at a time
	source := func(rest ...any) Source {
		given := make(script, orders)
		for i := range given {
			given[i] = i
		}
		given = append(given, rest...)
		return &given
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stuck := make(chan struct{})
	defer close(stuck)
	o := filesOptions(t, largeFiles)
	o.Progress = func(read func() bench.Status) func() {
		go func() {
			for end := waitEnd(t); read().Done < orders && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		return func() {}
	}
	_, err := Execute(ctx, o, &hooked{source(), orders + 1, func() error { <-stuck; return io.EOF }})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	o.Resume, o.Progress = true, nil
	report, err := Execute(t.Context(), o, source(unreadable(orders+1)))
	if err != nil || report.Commands != orders+1 {
		t.Errorf("%d commands, want %d: %v", report.Commands, orders+1, err)
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

// TestCopiesHaveOtherBallots: engines that are started on two copies of a run directory within a second open ballots of
// their own. They once had one boot number, and so one ballot for two histories.
func TestCopiesHaveOtherBallots(t *testing.T) {
	started, seen := time.Now(), map[uint32]bool{}
	var last uint32
	for range 2 {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, rundir.EngineDir), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			b := &box{o: &Options{Dir: dir, Engine: engine.DefaultConfig()}, started: started}
			cfg, _, err := b.wiring(engineNode)
			if err != nil {
				t.Fatal(err)
			}
			if seen[cfg.Boot] || cfg.Boot == 0 {
				t.Errorf("boot number %d of a start is that of another one", cfg.Boot)
			}
			seen[cfg.Boot] = true
			if i > 0 && b.number <= last {
				t.Errorf("start %d of an engine comes after start %d", b.number, last)
			}
			last = b.number
		}
	}
}

// TestTwoBeginAtOnce: of two runs that begin in a directory at the same time, for both of which it is free, one leaves
// alone what the other has made, also with --force.
func TestTwoBeginAtOnce(t *testing.T) {
	o, source := oneProcess(t, func() error { return nil })
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	first, err := claim(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if err := rundir.Prepare(o.Dir, false, &rundir.Run{Version: rundir.Version, Source: "first"}); err != nil {
		t.Fatal(err)
	}
	var refused *rundir.RefusedError
	for _, backups := range []int{0, 1} {
		o.Force, o.Backups = true, backups
		if backups == 0 {
			_, err = Execute(t.Context(), o, source)
		} else {
			_, err = Supervise(t.Context(), o)
		}
		if !errors.As(err, &refused) {
			t.Errorf("%d backups: error %v, want a RefusedError", backups, err)
		}
		if run, err := rundir.Read(o.Dir); err != nil || run.Source != "first" {
			t.Errorf("%d backups: the directory holds %+v, %v, want the first run", backups, run, err)
		}
	}
}
