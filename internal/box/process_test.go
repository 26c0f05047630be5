package box

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
func watched(t *testing.T, program string) (g *processGroup, log *bytes.Buffer, failed chan error) {
	t.Helper()
	log, failed = &bytes.Buffer{}, make(chan error, 3)
	g = &processGroup{log: slog.New(slog.NewTextHandler(log, nil)), patience: time.Minute, restarts: RestartsMax, died: "participant died", onFail: func(err error) { failed <- err }}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	t.Cleanup(g.cancel)
	c := &child{name: "risk", exe: program, args: []string{"participant"}, says: ListeningPrefix, addr: "127.0.0.1:0"}
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

// TestSupervisorRestarts: whether it is killed when it works, killed when it starts, or told to end,
// which it may comment, the participant comes back with a new boot number and on the same address.
func TestSupervisorRestarts(t *testing.T) {
	program, starts := fakeParticipant(t, `case $n in
1) echo listening 127.0.0.1:7001; kill -9 $$ ;;
2) kill -9 $$ ;;
3) echo listening 127.0.0.1:7001; echo 'tezi: interrupted: finishing' >&2; exit 0 ;;
4) echo listening 127.0.0.1:7001; echo 'tezi: interrupted: finishing' >&2; kill -9 $$ ;;
esac
echo listening 127.0.0.1:7001
cat`) // until standard input ends
	g, log, failed := watched(t, program)
	for end := time.Now().Add(time.Minute); len(lines(t, starts)) < 5; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it was started %d times, want 5", len(lines(t, starts)))
		}
	}
	g.cancel()
	g.done.Wait()
	if len(failed) > 0 {
		t.Errorf("it failed: %v", <-failed)
	}
	for i, want := range []string{"participant --listen 127.0.0.1:0 --boot=1", "participant --listen 127.0.0.1:7001 --boot=2",
		"participant --listen 127.0.0.1:7001 --boot=3", "participant --listen 127.0.0.1:7001 --boot=4", "participant --listen 127.0.0.1:7001 --boot=5"} {
		if got := lines(t, starts)[i]; got != want {
			t.Errorf("start %d: %s, want %s", i+1, got, want)
		}
	}
	for _, want := range []string{`cause="signal: killed"`, `cause="risk: did not start: signal: killed"`, `cause="it was told to end"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not tell %s:\n%s", want, log)
		}
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
	if len(failed) > 0 || len(lines(t, starts)) != 1 || !strings.Contains(log.String(), `level=WARN msg="it does not end: killing it" role=risk pid=`) {
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
		c := &child{name: "risk", exe: program, says: ListeningPrefix}
		if err := c.start(t.Context(), 1); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
	c := &child{name: "risk", exe: filepath.Join(t.TempDir(), "nothing")}
	if err := c.start(t.Context(), 1); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "risk: cannot start ") {
		t.Errorf("got %v", err)
	}
	program, _ := fakeParticipant(t, "exec sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c = &child{name: "risk", exe: program, says: ListeningPrefix}
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
	if w.reason != "risk: last" {
		t.Errorf("the reason is %q", w.reason)
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
