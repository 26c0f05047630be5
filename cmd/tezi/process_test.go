package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	stopped   map[string]int // by directory: the process there that was stopped
}

func stateOf(ts *testscript.TestScript) *state { return ts.Value(stateKey{}).(*state) }

// process is a program in the background.
type process struct {
	cmd      *exec.Cmd
	stdin    *os.File // its pipe, if it has one
	out, err string   // files with its output
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
		p.stdin = w.(*os.File)
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
	pipe := stateOf(ts).named(ts, args[0]).stdin
	ts.Check(pipe.SetWriteDeadline(waitEnd()))
	_, err := pipe.Write(bytes.Join(lines[from:to], nil))
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
	case <-time.After(time.Until(waitEnd())):
		late = true
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // shows where it hangs
		_ = p.cmd.Process.Signal(syscall.SIGCONT) // or stands
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
	"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
}

func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2 && signals[args[0]] != 0, "signal INT|TERM|HUP|KILL|STOP|CONT NAME|DIR")
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
	if pid := s.stopped[dir]; pid > 0 && sig == syscall.SIGCONT {
		delete(s.stopped, dir)
		if err := syscall.Kill(pid, sig); !errors.Is(err, syscall.ESRCH) { // the kernel lets those who have lost their parents go on
			ts.Check(err)
		}
		return
	}
	pid := s.holder(ts, dir)
	switch sig {
	case syscall.SIGKILL, syscall.SIGTERM:
		s.ended[dir] = pid
	case syscall.SIGSTOP:
		s.stopped[dir] = pid
	}
	ts.Check(syscall.Kill(pid, sig))
}

// vain ends a script that has waited in vain, and shows what each of its processes has said last, and whether it is there.
func (s *state) vain(ts *testscript.TestScript, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for name, p := range s.processes {
		said, _ := os.ReadFile(p.err)
		text += fmt.Sprintf("\n%s, ended %t, said:\n%s", name, len(p.done) > 0, said[max(0, len(said)-1000):])
	}
	ts.Fatalf("%s", text)
}

// holder returns the process that holds the lock in dir: a participant that a script's run has
// started. It waits for the next one if the last was told to end.
func (s *state) holder(ts *testscript.TestScript, dir string) (pid int) {
	if !poll(func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "lock")) // it may not be there yet
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 1 && pid != os.Getpid() && pid != s.ended[dir] && locked(dir)
	}) {
		s.vain(ts, "no process holds the lock in %s", dir)
	}
	return pid
}

// locked reports whether a living process holds the lock in dir.
func locked(dir string) bool { return lockedFile(filepath.Join(dir, "lock")) }

func lockedFile(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

func cmdReleased(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "released DIR")
	if !poll(func() bool { return !locked(ts.MkAbs(args[0])) }) {
		stateOf(ts).vain(ts, "a process still holds the lock in %s", args[0])
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
		stateOf(ts).vain(ts, "%s has committed %d batches, want %s", args[0], got, args[1])
	}
}

func cmdGrows(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "grows DIR N")
	waitLogged(ts, args[0], logged(ts, args[0])+uint64(number(ts, args[1])))
}

func cmdLogged(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "logged DIR N")
	waitLogged(ts, args[0], uint64(number(ts, args[1])))
}

// waitLogged waits until the command log of the run in dir has so many commands.
func waitLogged(ts *testscript.TestScript, dir string, want uint64) {
	before := logged(ts, dir)
	if got := before; !poll(func() bool { got = logged(ts, dir); return got >= want }) {
		stateOf(ts).vain(ts, "%s has %d commands, at first it had %d, want %d", dir, got, before, want)
	}
}

// logged returns how many commands the log of the run in dir has.
func logged(ts *testscript.TestScript, dir string) (sum uint64) {
	logs, err := inspect.Dir(ts.MkAbs(dir))
	if err != nil {
		return 0 // it may not be there yet
	}
	for _, l := range logs {
		sum += l.Commands
	}
	return sum
}

// cmdShows waits for what another program is about to bring about. What is in use while it is looked at is looked at again.
func cmdShows(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "shows REGEXP PROGRAM ARG...")
	re, err := regexp.Compile(`(?m)` + args[0])
	ts.Check(err)
	var out, said bytes.Buffer
	var cmd *exec.Cmd
	found := pollEvery(50*time.Millisecond, func() bool {
		out.Reset()
		said.Reset()
		cmd = exec.Command(args[1], args[2:]...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), &out, &said
		_ = cmd.Run()
		code := cmd.ProcessState.ExitCode()
		return code == exitOK && re.Match(out.Bytes()) || code != exitOK && code != exitUsage
	})
	for from, to := range map[*bytes.Buffer]io.Writer{&out: ts.Stdout(), &said: ts.Stderr()} {
		_, err := from.WriteTo(to)
		ts.Check(err)
	}
	if !found || !cmd.ProcessState.Success() {
		ts.Fatalf("%v: want exit code 0 and %q", cmd.ProcessState, args[0])
	}
}
