package box

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/verify"
)

// stopping is a source that interrupts its run after so many commands, when something of it is committed.
type stopping struct {
	Source
	t     *testing.T
	after int
	began chan struct{}
	stop  func()
}

func (s *stopping) Next(c *codec.Command) error {
	if s.after--; s.after == 0 {
		within(s.t, s.began, "nothing is committed")
		s.stop()
	}
	return s.Source.Next(c)
}

func within(t *testing.T, c chan struct{}, otherwise string) {
	select {
	case <-c:
	case <-time.After(time.Until(waitEnd(t))):
		t.Error(otherwise)
	}
}

// part runs a day, or takes it up, as far as so many commands of the source; 0: to its end.
func part(t *testing.T, o *Options, commands int, back chan struct{}) {
	t.Helper()
	day, err := workload.New(workload.Config{Seed: 5, Orders: 8_000, Instruments: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer day.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began, once := make(chan struct{}), new(sync.Once)
	var source Source = day
	if back != nil {
		source = &afterReturn{day, t, back, 6000}
		once.Do(func() { close(began) })
	}
	o.Committed = func(*engine.Committed) { once.Do(func() { close(began) }) }
	_, err = Execute(ctx, o, &stopping{source, t, commands, began, cancel})
	if commands > 0 && errors.Is(err, context.Canceled) {
		err = nil
	}
	if err != nil {
		t.Fatal(err)
	}
	o.Resume = true
}

// participants runs some roles of a run beside it, and tells o where. stop ends them.
func participants(t *testing.T, o *Options, dir string, roles ...string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	o.InProcess, o.Transport, o.Participants, o.Cluster = false, TransportTCP, map[string]string{"marketdata": "127.0.0.1:1"}, 77
	for _, role := range roles {
		addr := make(chan string, 1)
		done.Go(func() {
			err := Participate(ctx, ParticipantOptions{
				Role: role, Dir: rundir.RoleDir(dir, role), Listen: "127.0.0.1:0", Cluster: o.Cluster, Boot: 1, WindowMax: o.Engine.RetainMax,
				Durable: true, Checkpoint: o.Checkpoint, CutLog: o.CutLogs, Files: o.Files, Roles: o.Roles, Profile: o.Profile, Log: o.Log, LinkLog: o.Log,
			}, func(at string) { addr <- at })
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			close(addr)
		})
		o.Participants[role] = <-addr
	}
	return func() {
		cancel()
		done.Wait()
	}
}

// together is a copy of a run directory with those of its participants.
func together(t *testing.T, dir, nodes string) string {
	to := t.TempDir()
	if err := errors.Join(os.CopyFS(to, os.DirFS(dir)), os.CopyFS(to, os.DirFS(nodes))); err != nil {
		t.Fatal(err)
	}
	return to
}

// hearing is a log that closes a channel when it hears of market data's return.
type hearing struct {
	slog.Handler
	back chan struct{}
	once *sync.Once
}

func (h hearing) Enabled(context.Context, slog.Level) bool { return true }
func (h hearing) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h hearing) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "caught up") {
		h.once.Do(func() { close(h.back) })
	}
	return nil
}

// afterReturn is a source that has its next command when market data is back.
type afterReturn struct {
	Source
	t    *testing.T
	back chan struct{}
	from int
}

func (s *afterReturn) Next(c *codec.Command) error {
	if s.from--; s.from < 0 {
		within(s.t, s.back, "market data does not come back")
	}
	return s.Source.Next(c)
}

// TestVerifyAfterAState: a run is proven in which market data was away for longer than any log remembers, and has gone on from the
// state of another participant.
func TestVerifyAfterAState(t *testing.T) {
	for _, tc := range []struct {
		name string
		then int  // commands of the source when it is back; 0: all
		new  bool // it comes back with a new log
		cut  bool // logs are cut then, too
	}{
		{"all follows", 0, false, false},
		{"nothing follows", 6002, false, false},
		{"a new log, and all follows, cut", 0, true, true},
		{"a new log, and nothing follows", 6002, true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := filesOptions(t, smallFiles)
			o.Checkpoint, o.Snapshot, o.CutLogs = 9, 2000, true
			o.Engine.BatchTarget = 20
			o.ExcludeAfter = map[string]time.Duration{"marketdata": time.Millisecond}
			nodes := t.TempDir()
			md := rundir.RoleDir(nodes, "marketdata")
			stop := participants(t, o, nodes, rundir.RoleNames...)
			part(t, o, 1000, nil)
			stop()
			stop = participants(t, o, nodes, needed...)
			part(t, o, 6000, nil)
			stop()
			if _, err := verify.Run(together(t, o.Dir, nodes)); err != nil {
				t.Fatal("while market data is away: ", err)
			}
			if tc.new {
				o.NewLogs = []string{"marketdata"}
				if err := errors.Join(os.RemoveAll(md), os.MkdirAll(filepath.Join(md, "tape"), 0o755)); err != nil {
					t.Fatal(err)
				}
			}
			o.CutLogs = tc.cut
			h := hearing{slog.DiscardHandler, make(chan struct{}), new(sync.Once)}
			o.Log = slog.New(h)
			stop = participants(t, o, nodes, rundir.RoleNames...)
			part(t, o, tc.then, h.back)
			stop()
			res, err := verify.Run(together(t, o.Dir, nodes))
			if err != nil {
				t.Fatal(err)
			}
			if md := res.Participants[2]; md.Checkpoints+int(md.RestsOn) == 0 { // a slow machine may have left it out once more
				t.Errorf("market data is %+v, want it to be back with a state", md)
			}
		})
	}
}
