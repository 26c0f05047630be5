package box

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Restart rules of the supervisor: a participant that dies comes back after a moment, but one that
// dies again and again is a fault that a restart does not mend.
const (
	restartDelay  = 200 * time.Millisecond
	steadyAfter   = time.Minute // what has run for so long and dies, does not die again and again
	startDeadline = time.Minute // a start rebuilds the state from the journal
	stopDeadline  = 10 * time.Second
	wordsDeadline = time.Second // for what a child said before it ended, if nobody takes it or somebody else has the pipe
	spareDelayMax = 10 * time.Second
	aloneMax      = 4 // deaths in a row, after the first, for the whole delay, where nobody else lives
)

// RestartsMax is how often in a row a process is started again, by default.
const RestartsMax = 20

// ListeningPrefix starts the line by which a participant process says on its standard output where
// it listens.
const ListeningPrefix = "listening "

// processGroup runs the participants as processes of this program and restarts those that die.
type processGroup struct {
	children []*child
	delay    time.Duration // before a restart
	yields   bool          // delay is for the others' sake: without any that lives there is nothing to wait for
	alive    atomic.Int32  // children that run, or are being started
	patience time.Duration // with a child that was told to end
	log      *slog.Logger
	onFail   func(error)
	onEnd    func(*child)    // for one that ended in order, which then is not started again; nil: it is
	died     string          // what is told of one that died
	restarts int             // in a row, without steadyAfter between
	ctx      context.Context // ends when the group is stopped
	cancel   context.CancelFunc
	done     sync.WaitGroup
	mu       sync.Mutex
	failed   error // the first fault that a restart does not mend
}

// child is one participant process. Its standard input is a pipe that nobody writes to: its end
// tells the child that the engine is gone, however the engine ended.
type child struct {
	name     string
	args     []string
	says     string // how the line begins by which it says that it is ready; the address follows, if it has one
	word     string // what it is told before the end of its standard input, when it is to end in order
	addr     string
	spare    bool          // the run goes on without it: it is started again for ever
	patience time.Duration // with one that neither is ready nor ends
	exe      string
	messages io.Writer // takes what it says
	stdin    io.WriteCloser
	cmd      *exec.Cmd
	words    *lastWords
	why      string // what it said of why it failed, when it had ended
	link     *transport.Link
	ended    func(role string, processor time.Duration) // Options.Ended
}

func newProcessGroup(o *Options, died string, onFail func(error)) *processGroup {
	g := &processGroup{log: o.Log, onFail: onFail, died: died, delay: restartDelay, patience: stopDeadline, restarts: cmp.Or(o.Restarts, RestartsMax)}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

// startProcesses starts the three participants, side by side, and connects to them if there is a bell.
func startProcesses(ctx context.Context, o *Options, run *rundir.Run, bell *ringbuf.Bell, onFail func(error)) (*processGroup, error) {
	g := newProcessGroup(o, "participant died: new commits wait until it is back", onFail)
	var starts sync.WaitGroup
	errs := make([]error, len(rundir.RoleNames))
	for i, name := range rundir.RoleNames {
		c := &child{
			name: name, exe: o.Executable, says: ListeningPrefix, addr: "127.0.0.1:0", spare: o.spare(name), ended: o.Ended, patience: stopDeadline, messages: o.messages(),
			args: childArgs(o, run, name),
		}
		g.children = append(g.children, c)
		starts.Go(func() { errs[i] = c.start(ctx, 1) })
	}
	starts.Wait()
	first := cmp.Or(errs...)
	for i, c := range g.children {
		if errs[i] != nil {
			continue
		}
		if first == nil && bell != nil {
			c.link = dial(run, c.addr, batch3pc.NodeID(i+1), c.name, bell, quiet(o.Log), o.Log, hello{node: engineNode, carrier: carriers[o.Transport]})
		}
		g.done.Add(1)
		go g.watch(c)
	}
	if first != nil {
		g.stop() //nolint:errcheck // the error that stopped us says more
		return nil, first
	}
	return g, nil
}

// quiet drops a log unless it is verbose: of a process that it watches itself, the supervisor tells
// all that matters but what its link cannot use.
func quiet(log *slog.Logger) *slog.Logger {
	if log.Enabled(context.Background(), slog.LevelInfo) {
		return log
	}
	return nil
}

// hello is as whom an engine connects.
type hello struct {
	node    uint8
	boot    uint32
	carrier transport.Carrier
}

func dial(run *rundir.Run, addr string, node batch3pc.NodeID, role string, bell *ringbuf.Bell, log, unused *slog.Logger, as hello) *transport.Link {
	return transport.Dial(transport.DialOptions{
		Addr:   addr,
		Hello:  codec.Hello{Node: as.node, Role: "engine"},
		Want:   codec.Hello{Node: uint8(node), Role: role},
		Header: codec.Header{Cluster: run.Cluster, Boot: as.boot},
		OutCap: batchRingBytes, InCap: answerRingBytes, Bell: bell, Log: log,
		Carrier: as.carrier, LogUnused: unused,
	})
}

// profileFlags are those of a participant process.
var profileFlags = map[profile.Kind]string{
	profile.CPU: "cpuprofile", profile.Mem: "memprofile", profile.Block: "blockprofile", profile.Trace: "trace",
}

// childArgs are the arguments of a participant process, but for the address and boot number.
func childArgs(o *Options, run *rundir.Run, name string) []string {
	args := []string{
		"participant", name, "--supervised", "--dir", rundir.RoleDir(o.Dir, name),
		fmt.Sprintf("--cluster=%d", run.Cluster), fmt.Sprintf("--window=%d", o.Engine.RetainMax),
		fmt.Sprintf("--durable=%t", o.Engine.Durable), fmt.Sprintf("--checkpoint-every=%d", o.Checkpoint), fmt.Sprintf("--cut-logs=%t", o.CutLogs),
		fmt.Sprintf("--disk-reserve-mib=%d", o.DiskReserve>>20),
	}
	if o.Memory.Lock {
		args = append(args, "--lock-memory")
	}
	if o.Memory.GC != host.GCLeave {
		args = append(args, "--gc="+o.Memory.GCText())
	}
	if o.Profile.Name == host.Pinned {
		args = append(args, fmt.Sprintf("--core=%d", o.Profile.Cores[stageParticipants+slices.Index(rundir.RoleNames, name)]))
	}
	for _, kind := range o.Profiles.Kinds {
		args = append(args, fmt.Sprintf("--%s=%s", profileFlags[kind], o.Profiles.File(name, kind)))
	}
	r := run.Roles
	switch name {
	case "risk":
		args = append(args, fmt.Sprintf("--margin-bps=%d", r.MarginBps), fmt.Sprintf("--client-exposure-max=%d", r.ClientExposureMax),
			fmt.Sprintf("--member-exposure-max=%d", r.MemberExposureMax), fmt.Sprintf("--trade-value-max=%d", r.TradeValueMax))
	case "settlement":
		for _, d := range r.Holidays {
			args = append(args, "--holiday="+d)
		}
	}
	return args
}

// start starts the process and waits until it listens. The first start takes any free port; later
// ones take the same again.
func (c *child) start(ctx context.Context, boot int) error {
	args := slices.Clone(c.args)
	if c.addr != "" {
		args = append(args, "--listen", c.addr, fmt.Sprintf("--boot=%d", boot))
	}
	cmd := exec.Command(c.exe, args...)
	c.words = &lastWords{out: c.messages}
	cmd.Stderr, cmd.WaitDelay = c.words, wordsDeadline
	// A Ctrl-C in the terminal is for the engine alone, which then finishes the participants.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: cannot start %s: %w", c.name, c.exe, err)
	}
	c.cmd, c.stdin = cmd, stdin
	line := make(chan string, 1)
	go func() {
		s, _ := bufio.NewReader(stdout).ReadString('\n') // what follows it, the child does not write
		line <- s
	}()
	timer := time.NewTimer(startDeadline)
	defer timer.Stop()
	select {
	case s := <-line:
		addr, ok := strings.CutPrefix(s, c.says)
		if ok && boot == 1 { // the later ones have been told the same
			c.addr = strings.TrimSpace(addr)
		}
		if ok {
			return nil
		}
		end := func() { _ = cmd.Process.Kill() } // one that says something else may go on for ever
		defer time.AfterFunc(c.patience, end).Stop()
		defer context.AfterFunc(ctx, end)()
		return c.fault("did not start", c.wait())
	case <-timer.C:
		err = fmt.Errorf("%s: did not listen within %v", c.name, startDeadline)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	_ = cmd.Process.Kill()
	_ = c.wait()
	return err
}

// wait reaps the process and closes our end of its standard input. What it said last is a reason
// only if it ended itself, with an error.
func (c *child) wait() error {
	err := c.cmd.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it has ended in order
	}
	_ = c.stdin.Close()
	if s := c.cmd.ProcessState; s != nil && c.ended != nil {
		c.ended(c.name, s.UserTime()+s.SystemTime())
	}
	var exit *exec.ExitError
	if c.why = ""; errors.As(err, &exit) && exit.Exited() {
		c.why = c.words.why()
	}
	return err
}

// fault is the error of a child that ended: what it said itself, or else how it ended.
func (c *child) fault(what string, err error) error {
	switch {
	case c.why != "":
		return errors.New(c.why)
	case err == nil:
		return fmt.Errorf("%s: %s: it ended without an error", c.name, what)
	}
	return fmt.Errorf("%s: %s: %w", c.name, what, err)
}

// watch owns the child: it restarts it whenever it dies, and ends it when the group is stopped. A
// child that said why it cannot go on is not restarted: a full disk is still full a moment later.
func (g *processGroup) watch(c *child) {
	defer g.done.Done()
	started, deaths := time.Now(), 0
	g.alive.Add(1)
	stopped, err := g.waitOrStop(c)
	g.alive.Add(-1)
	for boot := 2; !stopped; boot++ {
		if g.onEnd != nil && err == nil {
			g.onEnd(c)
			return
		}
		if c.why != "" && !passing(err) && !c.spare {
			g.fail(c.fault("ended", err))
			return
		}
		if time.Since(started) > steadyAfter {
			deaths = 0
		}
		if deaths++; deaths > g.restarts && !c.spare {
			g.fail(c.fault(fmt.Sprintf("died %d times, giving up", deaths), err))
			return
		}
		g.log.Warn(g.died, "role", c.name, "pid", c.cmd.Process.Pid, "cause", c.cause(err))
		select {
		case <-g.ctx.Done():
			return
		case <-time.After(g.pause(c, deaths)):
		}
		started = time.Now()
		g.alive.Add(1)
		if err = c.start(g.ctx, boot); err == nil {
			g.log.Info("process restarted", "role", c.name, "pid", c.cmd.Process.Pid, "address", c.addr)
			stopped, err = g.waitOrStop(c)
		} else if g.ctx.Err() != nil {
			return
		}
		g.alive.Add(-1)
	}
}

// pause is how long it takes before a child is started again: longer and longer for one that dies again and
// again, or has said why it cannot go on, and that the run can do without. So it is, from nothing to the
// whole delay, where the delay is for the sake of others and there are none.
func (g *processGroup) pause(c *child, deaths int) time.Duration {
	if g.yields && g.alive.Load() == 0 {
		return g.delay * time.Duration(min(deaths-1, aloneMax)) / aloneMax
	}
	if !c.spare || deaths == 1 && c.why == "" {
		return g.delay
	}
	return min(g.delay<<min(deaths, 10), spareDelayMax)
}

func (g *processGroup) fail(err error) {
	g.mu.Lock()
	first := g.failed == nil
	if first {
		g.failed = err
	}
	g.mu.Unlock()
	if first {
		g.onFail(err)
	}
}

// cause says how a child ended, or why, if it has said that. One that ends in order although the run goes on was told to by
// somebody else.
func (c *child) cause(err error) string {
	switch {
	case err == nil || endedWith(err, ExitInterrupted):
		return "it was told to end"
	case c.why != "":
		return c.why
	}
	return err.Error()
}

// waitOrStop waits for the child to end. When the group is stopped first it closes the child's
// standard input, on which the child saves and ends, and kills it if it does not.
func (g *processGroup) waitOrStop(c *child) (stopped bool, err error) {
	ended := make(chan error, 1)
	go func() { ended <- c.wait() }()
	select {
	case err := <-ended:
		return false, err
	case <-g.ctx.Done():
	}
	_, _ = io.WriteString(c.stdin, c.word) // one that is gone needs no word
	_ = c.stdin.Close()
	select {
	case err = <-ended:
	case <-time.After(g.patience):
		g.log.Warn("process does not exit: killing it", "role", c.name, "pid", c.cmd.Process.Pid)
		_ = c.cmd.Process.Kill()
		err = <-ended
	}
	return true, err
}

func (g *processGroup) links() []*transport.Link {
	var links []*transport.Link
	for _, c := range g.children {
		if c.link != nil {
			links = append(links, c.link)
		}
	}
	return links
}

// stop closes the links and ends the children. It is said first that they are to end: a child that
// has finished ends when its link is closed.
func (g *processGroup) stop() error {
	g.cancel()
	var first error
	for _, l := range g.links() {
		if err := l.Close(); err != nil && first == nil {
			first = err
		}
	}
	g.done.Wait()
	if g.failed != nil {
		return g.failed
	}
	return first
}
