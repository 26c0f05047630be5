package box

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// fakeParticipant writes a shell script that stands for this program, and returns its path and that
// of the file into which it writes its arguments, a line for each start.
func fakeParticipant(t *testing.T, body string) (program, starts string) {
	t.Helper()
	dir := t.TempDir()
	program, starts = filepath.Join(dir, "tezi"), filepath.Join(dir, "starts")
	text := "#!/bin/sh\necho \"$@\" >>" + starts + "\nn=$(grep -c . " + starts + ")\n" + body + "\n"
	if err := os.WriteFile(program, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return program, starts
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// watched starts a child and has it watched. failed gets what the group is told to fail with.
func watched(t *testing.T, program string, set ...func(*processGroup)) (g *processGroup, log *bytes.Buffer, failed chan error) {
	t.Helper()
	log, failed = &bytes.Buffer{}, make(chan error, 3)
	g = &processGroup{log: slog.New(slog.NewTextHandler(log, nil)), patience: time.Minute, restarts: RestartsMax, died: "participant died", onFail: func(err error) { failed <- err }}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	t.Cleanup(g.cancel)
	for _, f := range set {
		f(g)
	}
	c := &child{name: "risk", exe: program, args: []string{"participant"}, says: ListeningPrefix, addr: "127.0.0.1:0", patience: time.Minute, messages: os.Stderr}
	if err := c.start(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	g.done.Add(1)
	go g.watch(c)
	return g, log, failed
}

func TestSupervisorGivesUp(t *testing.T) {
	program, starts := fakeParticipant(t, "echo listening 127.0.0.1:7001\nkill -9 $$")
	g, log, failed := watched(t, program)
	g.done.Wait()
	if err := <-failed; err.Error() != "risk: died 21 times, giving up: signal: killed" {
		t.Errorf("got %v", err)
	}
	if n := len(lines(t, starts)); n != RestartsMax+1 {
		t.Errorf("it was started %d times, want %d", n, RestartsMax+1)
	}
	if n := strings.Count(log.String(), "participant died"); n != RestartsMax {
		t.Errorf("%d restarts were told, want %d:\n%s", n, RestartsMax, log)
	}
	if len(failed) > 0 {
		t.Errorf("it failed twice: %v", <-failed)
	}
}

// TestInterruptedBeforeAnEngineLeads: then there is no report, and that is no fault. It was once told to whoever had pressed
// Ctrl-C.
func TestInterruptedBeforeAnEngineLeads(t *testing.T) {
	program, starts := fakeParticipant(t, `if [ $1 = engine ]; then echo standing by; else echo listening 127.0.0.1:7001; fi
cat`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for text := []byte(nil); bytes.Count(text, []byte("engine --supervised")) < 2; time.Sleep(time.Millisecond) {
			text, _ = os.ReadFile(starts)
		}
		cancel()
	}()
	report, err := Supervise(ctx, &Options{Dir: filepath.Join(t.TempDir(), "run"), Backups: 1, Executable: program, Log: slog.New(slog.DiscardHandler), Verify: true})
	if report != nil || !errors.Is(err, context.Canceled) || err.Error() != context.Canceled.Error() {
		t.Errorf("report %v, %v", report, err)
	}
}

// TestKilledBeforeItsReport: an engine that was killed between its last record and its report finds the run finished when it is
// started again. It was once told only that there is no such file.
func TestKilledBeforeItsReport(t *testing.T) {
	program, _ := fakeParticipant(t, `if [ $1 = engine ]; then echo standing by; exit 0; fi
echo listening 127.0.0.1:7001
cat`)
	dir := filepath.Join(t.TempDir(), "run")
	report, err := Supervise(t.Context(), &Options{Dir: dir, Backups: 1, Executable: program, Log: slog.New(slog.DiscardHandler), Verify: true})
	if report != nil || err == nil || !strings.Contains(err.Error(), "tezi verify "+dir) {
		t.Errorf("report %v, %v, want what to do", report, err)
	}
}

// TestReportIsReplacedWhole: at no time is there half a report, and nothing is left beside it, not of one who was killed either.
func TestReportIsReplacedWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, rundir.ReportFile)
	if err := os.WriteFile(path+".tmp", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeReport(dir, &bench.Report{Source: "old"}); err != nil {
		t.Fatal(err)
	}
	open, err := os.Open(path) // who reads it now
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := writeReport(dir, &bench.Report{Source: "new"}); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(open)
	if err != nil || !bytes.Contains(text, []byte(`"old"`)) {
		t.Errorf("%v, read %s", err, text)
	}
	if r, err := readReport(dir); err != nil || r.Source != "new" {
		t.Errorf("%+v, %v", r, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v, want the report", entries, err)
	}
}

// TestReasonOfARestart: of a process that is started again although it has said why it could not go on, that is told. It was once
// the exit status alone.
func TestReasonOfARestart(t *testing.T) {
	program, starts := fakeParticipant(t, `echo listening 127.0.0.1:7001
if [ $n = 1 ]; then echo 'tezi: another one leads' >&2; exit 75; fi
cat`)
	g, log, _ := watched(t, program)
	for end := waitEnd(t); len(lines(t, starts)) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it was not started again")
		}
	}
	g.cancel()
	g.done.Wait()
	if !strings.Contains(log.String(), `cause="another one leads"`) {
		t.Errorf("told: %s", log)
	}
}

// TestSupervisorRestarts: whether it is killed when it works, killed when it starts, or told to end, which it may
// comment or, if it is an engine, call its reason, the participant comes back with a new boot number and on the same
// address.
func TestSupervisorRestarts(t *testing.T) {
	program, starts := fakeParticipant(t, `case $n in
1) echo listening 127.0.0.1:7001; kill -9 $$ ;;
2) kill -9 $$ ;;
3) echo listening 127.0.0.1:7001; echo 'tezi: interrupted: finishing' >&2; exit 0 ;;
4) echo listening 127.0.0.1:7001; echo 'tezi: interrupted: finishing' >&2; kill -9 $$ ;;
5) echo listening 127.0.0.1:7001; echo 'tezi: interrupted' >&2; exit 130 ;;
esac
echo listening 127.0.0.1:7001
cat`) // until standard input ends
	g, log, failed := watched(t, program)
	for end := waitEnd(t); len(lines(t, starts)) < 6; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it was started %d times, want 6", len(lines(t, starts)))
		}
	}
	g.cancel()
	g.done.Wait()
	if len(failed) > 0 {
		t.Errorf("it failed: %v", <-failed)
	}
	for i, want := range []string{"participant --listen 127.0.0.1:0 --boot=1", "participant --listen 127.0.0.1:7001 --boot=2",
		"participant --listen 127.0.0.1:7001 --boot=3", "participant --listen 127.0.0.1:7001 --boot=4", "participant --listen 127.0.0.1:7001 --boot=5",
		"participant --listen 127.0.0.1:7001 --boot=6"} {
		if got := lines(t, starts)[i]; got != want {
			t.Errorf("start %d: %s, want %s", i+1, got, want)
		}
	}
	for want, times := range map[string]int{`cause="signal: killed"`: 2, `cause="risk: did not start: signal: killed"`: 1, `cause="it was told to end"`: 2} {
		if n := strings.Count(log.String(), want); n != times {
			t.Errorf("the log tells %d times, want %d, %s:\n%s", n, times, want, log)
		}
	}
}

// TestLastEngineRestartsAtOnce: the delay before a restart leaves the machine to the one that takes over. When none was
// left, nobody led for that long.
func TestLastEngineRestartsAtOnce(t *testing.T) {
	program, starts := fakeParticipant(t, `if [ $n = 1 ]; then echo listening 127.0.0.1:7001; kill -9 $$; fi
echo listening 127.0.0.1:7001
cat`)
	g, _, failed := watched(t, program, func(g *processGroup) { g.delay, g.yields = 100*time.Hour, true })
	for end := waitEnd(t); len(lines(t, starts)) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody lives, and it is not started again")
		}
	}
	g.cancel()
	g.done.Wait()
	if len(failed) > 0 {
		t.Errorf("it failed: %v", <-failed)
	}
	g = &processGroup{delay: time.Second, yields: true}
	for deaths, want := range map[int]time.Duration{1: 0, 2: time.Second / 4, 5: time.Second, 20: time.Second} {
		if got := g.pause(&child{}, deaths); got != want {
			t.Errorf("alone, after death %d it waits for %v, want %v", deaths, got, want)
		}
	}
	if g.alive.Add(1); g.pause(&child{}, 1) != time.Second {
		t.Error("it takes time from another one that lives")
	}
}

// TestSupervisorDoesNotRestartAFault: a participant that says why it cannot go on is right.
func TestSupervisorDoesNotRestartAFault(t *testing.T) {
	program, starts := fakeParticipant(t, "echo listening 127.0.0.1:7001\necho 'tezi: risk: no space left on device' >&2\nexit 1")
	g, log, failed := watched(t, program)
	g.done.Wait()
	if err := <-failed; err.Error() != "risk: no space left on device" {
		t.Errorf("got %v", err)
	}
	if n := len(lines(t, starts)); n != 1 {
		t.Errorf("it was started %d times", n)
	}
	if log.Len() > 0 {
		t.Errorf("the fault was told twice:\n%s", log)
	}
}

func TestSupervisorKillsWhatDoesNotEnd(t *testing.T) {
	program, starts := fakeParticipant(t, "echo listening 127.0.0.1:7001\nexec sleep 1000 >/dev/null 2>&1")
	g, log, failed := watched(t, program)
	g.patience = 0
	g.cancel()
	g.done.Wait()
	if len(failed) > 0 || len(lines(t, starts)) != 1 || !strings.Contains(log.String(), `level=WARN msg="process does not exit: killing it" role=risk pid=`) {
		t.Errorf("failed %d times, started %d times; the log:\n%s", len(failed), len(lines(t, starts)), log)
	}
}

func TestChildDoesNotStart(t *testing.T) {
	for body, want := range map[string]string{
		"exit 0":                             "risk: did not start: it ended without an error",
		"exit 7":                             "risk: did not start: exit status 7",
		"kill -9 $$":                         "risk: did not start: signal: killed",
		"echo hello; echo more; exit 1":      "risk: did not start: exit status 1",
		"echo 'tezi: disk full' >&2; exit 1": "disk full",
	} {
		program, _ := fakeParticipant(t, body)
		c := &child{name: "risk", exe: program, says: ListeningPrefix, patience: time.Minute, messages: os.Stderr}
		if err := c.start(t.Context(), 1); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
	talker, _ := fakeParticipant(t, "echo hello; exec sleep 1000")
	c := &child{name: "risk", exe: talker, says: ListeningPrefix, messages: os.Stderr}
	if err := c.start(t.Context(), 1); err == nil || err.Error() != "risk: did not start: signal: killed" {
		t.Errorf("it says something else and goes on: %v", err)
	}
	c = &child{name: "risk", exe: filepath.Join(t.TempDir(), "nothing")}
	if err := c.start(t.Context(), 1); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "risk: cannot start ") {
		t.Errorf("got %v", err)
	}
	program, _ := fakeParticipant(t, "exec sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c = &child{name: "risk", exe: program, says: ListeningPrefix, patience: time.Minute, messages: os.Stderr}
	if err := c.start(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

// TestStartProcessesAllOrNone: when one participant does not start, the others are ended.
func TestStartProcessesAllOrNone(t *testing.T) {
	program, starts := fakeParticipant(t, `if [ $2 = settlement ]; then echo 'tezi: settlement: no such day' >&2; exit 1; fi
echo listening 127.0.0.1:1
cat`)
	o := &Options{Dir: t.TempDir(), Executable: program, Log: slog.New(slog.DiscardHandler)}
	_, err := startProcesses(t.Context(), o, &rundir.Run{Cluster: 5}, ringbuf.NewBell(ringbuf.WaitPark), func(err error) { t.Error(err) })
	if err == nil || err.Error() != "settlement: no such day" {
		t.Errorf("got %v", err)
	}
	got := lines(t, starts)
	if slices.Sort(got); len(got) != 3 || !strings.HasPrefix(got[1], "participant risk --supervised --dir ") || !strings.Contains(got[1], "--cluster=5") {
		t.Errorf("started %q", got)
	}
}

// TestFinishedRunRestartsNobody: when an engine has finished the run, its participants are let go at once, and not when
// the slowest of the other engines has ended: until then they would be taken for dead, and started again.
func TestFinishedRunRestartsNobody(t *testing.T) {
	program, starts := fakeParticipant(t, `let=$(dirname "$0")/let
case "$*" in
participant*) echo listening 127.0.0.1:1; cat; echo go >>$let ;;
*rank=0) echo standing by ;;
*) echo standing by; cat >/dev/null
	for i in $(seq 300); do
		if [ "$(grep -c go $let)" = 3 ]; then exit 0; fi
		sleep 0.1
	done
	echo the participants are still there >>$(dirname "$0")/starts ;;
esac`)
	o := &Options{Dir: filepath.Join(t.TempDir(), "run"), Executable: program, Log: slog.New(slog.DiscardHandler), Backups: 1}
	if _, err := Supervise(t.Context(), o); err == nil || !strings.Contains(err.Error(), "killed before it had written "+rundir.ReportFile) {
		t.Errorf("error %v, want that nobody has written a report", err)
	}
	if got := lines(t, starts); len(got) != len(rundir.RoleNames)+2 {
		t.Errorf("started %q", got)
	}
}

// TestChildHasEnded: a child that has ended has, whoever else has its standard error, and whether or not ours takes what it said.
// It once had not for as long as that process lived, and had failed if our standard error was closed.
func TestChildHasEnded(t *testing.T) {
	program, _ := fakeParticipant(t, "echo listening 127.0.0.1:7001\nexec 3<&0\ncat <&3 &\nexit 0") // cat ends when we close the pipe
	c := &child{name: "risk", exe: program, says: ListeningPrefix, messages: os.Stderr}
	if err := c.start(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := c.wait(); err != nil {
		t.Error(err)
	}
	w := &lastWords{out: closedOutput{}}
	if n, err := w.Write([]byte("a\nb\n")); n != 4 || err != nil {
		t.Errorf("a child that says something on a closed standard error is told %d, %v", n, err)
	}
}

type closedOutput struct{}

func (closedOutput) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestLastWords(t *testing.T) {
	var out bytes.Buffer
	w := &lastWords{out: &out}
	for _, part := range []string{"time=1 level=WARN msg=\"a", "b\"\ntezi: ris", "k: first\nte", "zi is not a reason\n\ntezi: risk: last\n", "not ended"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", part, n, err)
		}
	}
	if want := "time=1 level=WARN msg=\"ab\"\ntezi is not a reason\n\n"; out.String() != want {
		t.Errorf("passed on %q, want %q", out.String(), want)
	}
	if w.why() != "risk: last" {
		t.Errorf("the reason is %q", w.why())
	}
	out.Reset()
	long := strings.Repeat("x", lineMax)
	for range 3 {
		if _, err := w.Write([]byte(long)); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() < 2*lineMax {
		t.Errorf("a line without end is kept: %d bytes were passed on", out.Len())
	}
}
