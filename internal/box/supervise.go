package box

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// What supervisor and engine process say to each other: the engine, on its standard output, that it is
// there; the supervisor, before it closes the engine's standard input, that the engine is to finish what
// is open. Without that word the supervisor has died, and the engine ends at once.
const (
	StandingPrefix = "standing by"
	FinishWord     = "finish\n"
)

// Exit codes of an engine that is started again, and stands by: another one has fenced it, or somebody has told it to
// end, as with SIGTERM, and not the whole run.
const (
	ExitFenced      = 75
	ExitInterrupted = 130
)

// passing reports whether a process ended for a reason that is gone when it is started again.
func passing(err error) bool { return endedWith(err, ExitFenced) || endedWith(err, ExitInterrupted) }

// endedWith reports whether err is that of a process which has ended itself with an exit code.
func endedWith(err error, code int) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == code
}

// engineDelay is how long the supervisor waits before it starts an engine again while another one lives: reading the
// log from its beginning would take time from the one that takes over.
const engineDelay = time.Second

// enginePatience is how long an engine that was told to finish may take.
const enginePatience = 10 * time.Minute

// supervisor runs the participants and several engines as processes, and starts again what dies.
type supervisor struct {
	o            *Options
	run          rundir.Run
	participants *processGroup
	engines      *processGroup
	started      time.Time
	before       engine.Counts // what the log held when it was taken up
	ended        chan struct{} // an engine has finished the run
	failed       chan error
}

// Supervise runs the participants, an engine and o.Backups engines that stand by, each as a process,
// until an engine has finished the run. The report is the one of that engine; of what was before it
// led, the report has the counts and not the latencies.
func Supervise(ctx context.Context, o *Options) (*bench.Report, error) {
	s := &supervisor{o: o, started: time.Now(), ended: make(chan struct{}, 1+o.Backups), failed: make(chan error, 2)}
	laidOut := box{o: o, started: s.started}
	defer laidOut.close() //nolint:errcheck // it has claimed the directory, and no more
	if err := s.layOut(ctx, &laidOut); err != nil {
		return nil, err
	}
	err := s.start(ctx)
	if err == nil {
		select {
		case <-s.ended:
		case err = <-s.failed:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	for _, g := range []*processGroup{s.engines, s.participants} {
		if g == nil {
			continue
		}
		if gerr := g.stop(); err == nil {
			err = gerr
		}
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	report, rerr := readReport(o.Dir)
	if errors.Is(rerr, os.ErrNotExist) && err != nil {
		return nil, err // no engine has led before all were told to end, so there is nothing to tell
	}
	if errors.Is(rerr, os.ErrNotExist) {
		return nil, unreported(o.Dir)
	}
	if rerr != nil {
		return nil, errors.Join(err, rerr)
	}
	report.CommandsBefore, report.TradesBefore = int64(s.before.Commands), int64(s.before.Trades)
	report.SetElapsed(time.Since(s.started))
	if o.Verify {
		verr := o.prove()
		report.Verified = verr == nil
		err = errors.Join(err, verr)
	}
	return report, errors.Join(err, writeReport(o.Dir, report))
}

func (s *supervisor) layOut(ctx context.Context, b *box) error {
	if err := b.layOut(); err != nil {
		return err
	}
	if s.o.Resume {
		if err := s.mayResume(ctx, &b.run); err != nil {
			return err
		}
	}
	s.run = b.run
	return nil
}

// mayResume checks that there is something to take up, without taking it.
func (s *supervisor) mayResume(ctx context.Context, run *rundir.Run) error {
	b := box{o: s.o, run: *run}
	err := b.openLog(ctx)
	if err == nil {
		s.before = b.replica.Counts()
		err = b.snapshots.writeKept(b.log) // for the engines, which would match all of it again, each
	}
	if cerr := b.close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if err := unfinish(s.o.Dir); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(s.o.Dir, rundir.ReportFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // or that of the run before it was taken up would be taken for the report of what follows
	}
	return nil
}

func (s *supervisor) start(ctx context.Context) (err error) {
	fail := func(err error) { s.failed <- err }
	if s.participants, err = startProcesses(ctx, s.o, &s.run, nil, fail); err != nil {
		return err
	}
	s.run.Participants, s.run.Command = map[string]string{}, s.o.Command
	if s.o.Resume {
		s.run.Resumed = s.started.UTC()
	}
	for _, c := range s.participants.children {
		s.run.Participants[c.name] = c.addr
	}
	if err := rundir.Write(s.o.Dir, &s.run); err != nil {
		return err
	}
	s.engines = newProcessGroup(s.o, "engine died", fail)
	s.engines.patience, s.engines.delay, s.engines.yields = enginePatience, engineDelay, true
	s.engines.onEnd = func(*child) {
		s.participants.cancel() // they have finished, and end by themselves: that is no death, however long another engine takes
		s.ended <- struct{}{}
	}
	for i := range 1 + s.o.Backups {
		c := &child{
			name: fmt.Sprintf("engine-%d", i), exe: s.o.Executable, says: StandingPrefix, word: FinishWord, patience: stopDeadline,
			messages: s.o.messages(), args: []string{"engine", "--supervised", "--dir", s.o.Dir, fmt.Sprintf("--rank=%d", i)},
		}
		if err := c.start(ctx, 1); err != nil {
			return err
		}
		s.engines.children = append(s.engines.children, c)
		s.engines.done.Add(1)
		go s.engines.watch(c)
	}
	return nil
}

// readReport reads the report of the engine that has finished the run. os.ErrNotExist: there is none.
func readReport(dir string) (*bench.Report, error) {
	path := filepath.Join(dir, rundir.ReportFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &bench.Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// unreported is the error of a run that is finished, and has no report: an engine was killed between its last record and that. Its
// measurements are gone with it; what was committed is in the logs.
func unreported(dir string) error {
	return fmt.Errorf("%s: the run is finished, and its logs are there; but the engine was killed before it had written %s: \"tezi verify %s\" proves the run and tells what was committed",
		dir, rundir.ReportFile, dir)
}

// writeReport replaces the report of a run.
func writeReport(dir string, r *bench.Report) error {
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		return err
	}
	return ledger.WriteFile(filepath.Join(dir, rundir.ReportFile), text.Bytes())
}
