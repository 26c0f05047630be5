package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/tezi-exchange/tezi/internal/rundir"
)

// After these faults another engine has to commit: one that stood by, and one that begins with the log.
const (
	killEngine  = "kill engine"
	killEngines = "kill all engines"
	beforeOpen  = ", not open" // behind the name of a fault
)

// faults are what chaos does to a run. Each returns when the fault is over, and the moment from which
// recovery counts.
var faults = []struct {
	name   string
	weight int
	do     func(c *chaos) time.Time
}{
	// Kills of the engine meet a run that is whole: another engine stands by. One that is not there yet is a fault of its own.
	{killEngine, 6, func(c *chaos) time.Time { return c.kill(c.leader()) }},
	{killEngines, 1, func(c *chaos) time.Time { return c.killEngines() }},
	{"kill standby", 2, func(c *chaos) time.Time { return c.kill(c.another("engine", c.leader())) }},
	{"kill participant", 4, func(c *chaos) time.Time { return c.killParticipant() }},
	{"stop engine", 2, func(c *chaos) time.Time { return c.pause(c.leader()) }},
	{"stop participant", 2, func(c *chaos) time.Time { return c.pause(c.another("participant", 0)) }},
	{"kill everything", 2, func(c *chaos) time.Time { return c.killAll() }},
	{"exclude market data", 2, func(c *chaos) time.Time { return c.exclude(false) }},
	{"and kill engine", 1, func(c *chaos) time.Time { return c.exclude(true) }},
}

func (c *chaos) kill(pid int) time.Time {
	c.read()
	from := time.Now()
	_ = syscall.Kill(pid, syscall.SIGKILL) // it may have died by itself
	return from
}

// killParticipant kills a participant and waits until it is started again. A batch that was sealed before the kill
// may need no more of it than the vote that it has given, or be sealed and not yet read here: such a commit is no
// recovery, and one of a batch that is sealed from now on cannot do without it.
func (c *chaos) killParticipant() time.Time {
	pid := c.another("participant", 0)
	from := c.kill(pid)
	c.await("the participant to be started again", func() bool {
		now := c.children("participant")
		return len(now) == len(rundir.RoleNames) && !slices.Contains(now, pid)
	})
	c.read()
	return from
}

// killEngines kills those that stand by, and then the one that leads: the run goes on with the first engine that is started
// again and has read the log.
func (c *chaos) killEngines() time.Time {
	leader := c.leader()
	for _, pid := range c.children("engine") {
		if pid != leader {
			c.kill(pid)
		}
	}
	return c.kill(leader)
}

// pause stops a process for 10 ms to 3 s. Recovery counts from its end.
func (c *chaos) pause(pid int) time.Time {
	d := time.Duration(10+c.r.IntN(90)) * time.Millisecond
	if c.r.IntN(3) == 0 {
		d = time.Duration(1000+c.r.IntN(2000)) * time.Millisecond
	}
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	time.Sleep(d) // the fault itself
	c.read()
	from := time.Now()
	_ = syscall.Kill(pid, syscall.SIGCONT)
	return from
}

// exclude stops market data for so long that commits go on without it, lets some follow, and waits until it has
// caught up and is let in again. With kill the engine dies while it is out, and again while it comes in. Recovery
// counts from the moment when it runs again.
func (c *chaos) exclude(kill bool) time.Time {
	var pid int
	c.await("market data", func() bool {
		for _, p := range c.children("participant") {
			if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p)); bytes.Contains(line, []byte("\x00marketdata\x00")) {
				pid = p
			}
		}
		return pid != 0
	})
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	c.awaitLog("commits without market data", func() bool { return c.out })
	if kill {
		c.kill(c.leader())
	}
	c.commits(5)
	from := time.Now()
	_ = syscall.Kill(pid, syscall.SIGCONT)
	if kill {
		time.Sleep(time.Duration(c.r.IntN(300)) * time.Millisecond) // any moment of its way back
		c.kill(c.leader())
	}
	c.awaitLog("market data to be let in", func() bool { return !c.out })
	return from
}

// killAll kills every process of the run at once, and takes the run up.
func (c *chaos) killAll() time.Time {
	c.killTree()
	from := time.Now()
	c.awaitDeath()
	c.start("--resume")
	return from
}

// awaitDeath waits until nobody of a run that was killed has a lock any more: on a busy machine that takes longer than the next
// run would wait.
func (c *chaos) awaitDeath() {
	c.t.Helper()
	c.await("the locks of the dead", func() bool {
		logs, _ := filepath.Glob(filepath.Join(c.dir, "run", "*", "lock"))
		ranks, _ := filepath.Glob(filepath.Join(c.dir, "run", "*", "rank-*"))
		return !slices.ContainsFunc(append(logs, ranks...), lockedFile)
	})
}

// killTree kills every process of the run at once.
func (c *chaos) killTree() {
	if c.over == nil {
		return
	}
	pids := append(c.children("engine"), c.children("participant")...)
	for _, pid := range append([]int{c.run.Process.Pid}, pids...) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-c.over
	c.over = nil
}
