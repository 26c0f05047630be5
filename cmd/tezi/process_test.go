package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tezi-exchange/tezi/internal/inspect"
)

type stateKey struct{}

// state is what a script has running.
type state struct {
	env       *testscript.Env
	processes map[string]*process
	ended     map[string]int // by directory: the process there that was told to end
}

func stateOf(ts *testscript.TestScript) *state { return ts.Value(stateKey{}).(*state) }

// process is a program in the background.
type process struct {
	cmd      *exec.Cmd
	stdin    io.WriteCloser // its pipe, if it has one
	out, err string         // files with its output
	done     chan error
	screen   func() // gives back the terminal, if it has one
}

func (s *state) named(ts *testscript.TestScript, name string) *process {
	p := s.processes[name]
	if p == nil {
		ts.Fatalf("no process %s was started", name)
	}
	return p
}

func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "start NAME [<FILE|<pipe] PROGRAM ARG...")
	launch(ts, args[0], args[1:], nil)
}

// launch starts a program; tty, if any, is its standard error.
func launch(ts *testscript.TestScript, name string, args []string, tty *os.File) *process {
	s := stateOf(ts)
	input, from := strings.CutPrefix(args[0], "<")
	if from {
		args = args[1:]
	}
	p := &process{done: make(chan error, 1), out: ts.MkAbs(name + ".out"), err: ts.MkAbs(name + ".err")}
	p.cmd = exec.Command(args[0], args[1:]...)
	p.cmd.Dir = ts.MkAbs(".")
	p.cmd.Env = append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"), "HOME="+ts.Getenv("HOME"),
		"GORACE=atexit_sleep_ms=0") // a race detector would sleep for a second at each exit
	var opened []*os.File
	create := func(path string) *os.File {
		f, err := os.Create(path)
		ts.Check(err)
		opened = append(opened, f)
		return f
	}
	p.cmd.Stdout = create(p.out)
	if p.cmd.Stderr = tty; tty == nil {
		p.cmd.Stderr = create(p.err)
	}
	switch {
	case from && input == "pipe":
		w, err := p.cmd.StdinPipe()
		ts.Check(err)
		p.stdin = w
	case from:
		f, err := os.Open(ts.MkAbs(input))
		ts.Check(err)
		opened = append(opened, f)
		p.cmd.Stdin = f
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a shell does
	ts.Check(p.cmd.Start())
	for _, f := range opened {
		ts.Check(f.Close())
	}
	go func() { p.done <- p.cmd.Wait() }()
	ts.Defer(func() { _ = p.cmd.Process.Kill() }) // one that has ended is not hit: its handle knows
	s.processes[name] = p
	return p
}

func cmdSend(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 4, "send NAME FILE FROM TO")
	lines := bytes.SplitAfter([]byte(ts.ReadFile(args[1])), []byte{'\n'})
	from, to := len(lines)*number(ts, args[2])/100, len(lines)*number(ts, args[3])/100
	_, err := stateOf(ts).named(ts, args[0]).stdin.Write(bytes.Join(lines[from:to], nil))
	ts.Check(err)
}

func cmdHangup(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "hangup NAME")
	ts.Check(stateOf(ts).named(ts, args[0]).stdin.Close())
}

func cmdEnded(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "ended NAME CODE")
	s := stateOf(ts)
	p := s.named(ts, args[0])
	delete(s.processes, args[0])
	finish(ts, args[0], p, number(ts, args[1]))
}

// finish waits for the end of a program, and makes its output that of the script's last command.
func finish(ts *testscript.TestScript, what string, p *process, want int) {
	var late bool
	select {
	case <-p.done:
	case <-time.After(patience):
		late = true
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // shows where it hangs
		<-p.done
	}
	if p.screen != nil {
		p.screen()
	}
	for file, to := range map[string]io.Writer{p.out: ts.Stdout(), p.err: ts.Stderr()} {
		_, err := io.WriteString(to, ts.ReadFile(file))
		ts.Check(err)
	}
	if late {
		ts.Fatalf("%s does not end", what)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("%s: %v, want exit code %d", what, p.cmd.ProcessState, want)
	}
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "exits CODE [<FILE] PROGRAM ARG...")
	want := number(ts, args[0])
	p := launch(ts, ".last", args[1:], nil)
	finish(ts, strings.Join(args[1:], " "), p, want)
	said := ts.ReadFile(p.err)
	lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
	errorLines := 0
	for _, line := range lines {
		if strings.HasPrefix(line, "tezi: ") {
			errorLines++
		}
	}
	switch last := lines[len(lines)-1]; {
	case want == 0 && errorLines > 0:
		ts.Fatalf("success, and an error on standard error")
	case want != 0 && (errorLines != 1 || !strings.HasPrefix(last, "tezi: ")):
		ts.Fatalf("%d lines of error, want one, and that at the end", errorLines)
	case strings.Contains(said, "goroutine ") || strings.Contains(said, "context canceled"):
		ts.Fatalf("this is nothing that a user should read")
	}
}

var signals = map[string]syscall.Signal{
	"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
}

func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2 && signals[args[0]] != 0, "signal INT|TERM|KILL|STOP|CONT NAME|DIR")
	s, sig := stateOf(ts), signals[args[0]]
	if p := s.processes[args[1]]; p != nil {
		pid := p.cmd.Process.Pid
		if sig == syscall.SIGINT {
			pid = -pid // a Ctrl-C goes to the whole group
		}
		ts.Check(syscall.Kill(pid, sig))
		return
	}
	dir := ts.MkAbs(args[1])
	pid := s.holder(ts, dir)
	if sig == syscall.SIGKILL || sig == syscall.SIGTERM {
		s.ended[dir] = pid
	}
	ts.Check(syscall.Kill(pid, sig))
}

// holder returns the process that holds the lock in dir: a participant that a script's run has
// started. It waits for the next one if the last was told to end.
func (s *state) holder(ts *testscript.TestScript, dir string) (pid int) {
	if !poll(func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "lock")) // it may not be there yet
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 1 && pid != os.Getpid() && pid != s.ended[dir] && locked(dir)
	}) {
		ts.Fatalf("no process holds the lock in %s", dir)
	}
	return pid
}

// locked reports whether a living process holds the lock in dir.
func locked(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

func cmdReleased(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "released DIR")
	if !poll(func() bool { return !locked(ts.MkAbs(args[0])) }) {
		ts.Fatalf("a process still holds the lock in %s", args[0])
	}
}

func cmdCommitted(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "committed DIR N")
	var got uint64
	if !poll(func() bool {
		logs, err := inspect.Dir(ts.MkAbs(args[0]))
		if err == nil && len(logs) == 1 {
			got = uint64(logs[0].Committed)
		}
		return got >= uint64(number(ts, args[1]))
	}) {
		ts.Fatalf("%s has committed %d batches, want %s", args[0], got, args[1])
	}
}

func cmdGrows(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "grows DIR N")
	commands := func() (sum uint64) {
		logs, err := inspect.Dir(ts.MkAbs(args[0]))
		if err != nil {
			return 0 // it may not be there yet
		}
		for _, l := range logs {
			sum += l.Commands
		}
		return sum
	}
	before := commands()
	if after := before; !poll(func() bool { after = commands(); return after >= before+uint64(number(ts, args[1])) }) {
		ts.Fatalf("%s has %d commands, before it had %d, want %s more", args[0], after, before, args[1])
	}
}
