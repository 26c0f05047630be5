package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// Settings of TestChaos in the environment; make chaos sets them.
const (
	chaosCycles = "TEZI_CHAOS"      // faults, one after the other
	chaosOnly   = "TEZI_CHAOS_ONLY" // only this kind of fault
	chaosSeed   = "TEZI_SEED"
	chaosLog    = "TEZI_CHAOS_LOG" // a file to which each recovery is added: the report is then about all of it
)

// killEngine is the fault after which another engine has to commit.
const killEngine = "kill engine"

// faults are what chaos does to a run. Each returns when the fault is over, and the moment from which
// recovery counts.
var faults = []struct {
	name   string
	weight int
	do     func(c *chaos) time.Time
}{
	{killEngine, 6, func(c *chaos) time.Time { return c.kill(c.leader()) }},
	{"kill standby", 2, func(c *chaos) time.Time { return c.kill(c.another("engine", c.leader())) }},
	{"kill participant", 4, func(c *chaos) time.Time { return c.kill(c.another("participant", 0)) }},
	{"stop engine", 2, func(c *chaos) time.Time { return c.pause(c.leader()) }},
	{"stop participant", 2, func(c *chaos) time.Time { return c.pause(c.another("participant", 0)) }},
	{"kill everything", 2, func(c *chaos) time.Time { return c.killAll() }},
	{"exclude market data", 2, func(c *chaos) time.Time { return c.exclude(false) }},
	{"and kill engine", 1, func(c *chaos) time.Time { return c.exclude(true) }},
}

// TestChaos runs a day on real processes, with two engines that stand by, while processes are killed and
// stopped at seeded moments. Afterwards every log agrees, and the states are those of a day without.
func TestChaos(t *testing.T) {
	cycles := number0(t, chaosCycles, 7)
	c := newChaos(t, cycles)
	c.start()
	var all recoveries
	for range cycles {
		name, took := c.cycle()
		all = append(all, recovery{seed: c.seed, fault: name, took: took})
	}
	c.killAll()
	c.end()
	if name := os.Getenv(chaosLog); name != "" {
		all = all.share(t, name)
	}
	t.Log(all)
}

func number0(t *testing.T, name string, preset int) int {
	t.Helper()
	if text := os.Getenv(name); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	return preset
}

// chaos is a run in progress.
type chaos struct {
	t      *testing.T
	r      *rand.Rand
	seed   int
	dir    string // has day.tzc, want and run
	run    *exec.Cmd
	errs   *os.File
	log    *journal.Follower
	sealed batch3pc.Seq // highest in the log
	done   batch3pc.Seq // highest decided
	opened int          // ballots in the log
	first  batch3pc.Seq // the first one that was sealed since the last of them; 0: none was
	out    bool         // market data is no member
}

// chaosRate is the load in commands a second, and orders what it needs at most for one cycle, on a busy machine too.
const (
	chaosEngines   = 3
	chaosRate      = 10_000
	ordersPerCycle = 60_000
)

func newChaos(t *testing.T, cycles int) *chaos {
	seed := number0(t, chaosSeed, 1)
	c := &chaos{t: t, seed: seed, r: rand.New(rand.NewPCG(uint64(seed), 0)), dir: t.TempDir()}
	c.exits("generate", "--orders", strconv.Itoa(ordersPerCycle*cycles), "--out", "day.tzc")
	c.exits("replay", "day.tzc", "--dir", "want", "--in-process", "--durable=false")
	errs, err := os.Create(filepath.Join(c.dir, "run.err"))
	if err != nil {
		t.Fatal(err)
	}
	c.errs = errs
	t.Cleanup(func() {
		c.killTree()
		if t.Failed() {
			text, _ := os.ReadFile(errs.Name())
			t.Logf("seed %d; the run said:\n%s", seed, text[max(0, len(text)-6000):])
		}
	})
	return c
}

// exits runs a command that must succeed, and returns what it says.
func (c *chaos) exits(args ...string) []byte {
	c.t.Helper()
	cmd := exec.Command("tezi", args...)
	cmd.Dir = c.dir
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("tezi %s: %v\n%s", strings.Join(args, " "), err, said.Bytes())
	}
	return out
}

// start begins the run, or takes it up.
func (c *chaos) start(more ...string) {
	c.t.Helper()
	args := append([]string{"replay", "day.tzc", "--dir", "run", "--backups", "2", "--restarts-max", "1000000", "--exclude-after", "marketdata=2s",
		"--rate", strconv.Itoa(chaosRate)}, more...)
	c.run = exec.Command("tezi", args...)
	c.run.Dir, c.run.Stderr = c.dir, c.errs
	if err := c.run.Start(); err != nil {
		c.t.Fatal(err)
	}
	if c.log == nil {
		c.await("the command log", func() bool {
			var err error
			c.log, err = journal.Follow(disk.Real, filepath.Join(c.dir, "run", rundir.EngineDir), journal.Position{})
			return err == nil
		})
	}
}

// await waits until ok. Nothing depends on how long that takes.
func (c *chaos) await(what string, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(200 * time.Microsecond) {
		if time.Now().After(end) {
			c.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// read takes what the log has grown by.
func (c *chaos) read() {
	c.t.Helper()
	for {
		r, err := c.log.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			c.t.Fatal(err)
		}
		switch r.Kind {
		case engine.RecordSealed:
			s, err := engine.DecodeSealed(r.Body)
			if err != nil {
				c.t.Fatal(err)
			}
			c.sealed = s.Seq
			if c.first == 0 {
				c.first = s.Seq
			}
		case uint8(batch3pc.RecordEpoch):
			c.opened, c.first = c.opened+1, 0
		case engine.RecordDecided:
			d, err := engine.DecodeDecided(r.Body)
			if err != nil {
				c.t.Fatal(err)
			}
			c.done = d.Seq
		case engine.RecordGeneration:
			m, err := engine.DecodeMembership(r.Body)
			if err != nil {
				c.t.Fatal(err)
			}
			node, _ := rundir.NodeOf("marketdata")
			c.out = !m.Generation.Find(node).Member
		case engine.RecordEnd:
			c.t.Fatal("the day is over before the chaos is: it needs more orders")
		}
	}
}

// commits waits until so many more batches are sealed, and the last of them is decided.
func (c *chaos) commits(n int) {
	c.t.Helper()
	c.read()
	for range n {
		sealed := c.sealed
		c.await("commits", func() bool { c.read(); return c.done > sealed })
	}
}

// succeeds waits until an engine has opened a ballot behind so many, and a batch that it has sealed is decided. What the
// one before had written and the test had not read, or had sent and not heard of, is no sign of recovery.
func (c *chaos) succeeds(opened int) {
	c.t.Helper()
	c.await("another engine to commit", func() bool {
		c.read()
		return c.opened > opened && c.first > 0 && c.done >= c.first
	})
}

// cycle lets the run get on, does one fault, and waits for the first commit of a batch that was sealed
// after it.
func (c *chaos) cycle() (name string, took time.Duration) {
	c.await("all engines", func() bool { return len(c.children("engine")) == chaosEngines })
	c.commits(5 + c.r.IntN(20))
	total := 0
	for _, f := range faults {
		total += f.weight
	}
	pick := c.r.IntN(total)
	for _, f := range faults {
		if only := os.Getenv(chaosOnly); only == f.name || only == "" && pick < f.weight {
			opened := c.opened
			from := f.do(c)
			if f.name == killEngine {
				c.succeeds(opened)
			} else {
				c.commits(1)
			}
			return f.name, time.Since(from)
		}
		pick -= f.weight
	}
	c.t.Fatalf("%s: no such fault", chaosOnly)
	return "", 0
}

// children returns the processes of the run by what they are: "engine" or "participant".
func (c *chaos) children(kind string) (pids []int) {
	pid := c.run.Process.Pid
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, word := range strings.Fields(string(text)) {
			line, _ := os.ReadFile(filepath.Join("/proc", word, "cmdline"))
			if args := strings.Split(string(line), "\x00"); len(args) > 1 && args[1] == kind {
				child, _ := strconv.Atoi(word)
				pids = append(pids, child)
			}
		}
	}
	slices.Sort(pids)
	return pids
}

// leader returns the engine that has the command log.
func (c *chaos) leader() (pid int) {
	dir := filepath.Join(c.dir, "run", rundir.EngineDir)
	c.await("an engine that leads", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "lock"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return locked(dir) && slices.Contains(c.children("engine"), pid)
	})
	return pid
}

// another returns one of the processes of a kind, but not that one.
func (c *chaos) another(kind string, not int) (pid int) {
	c.await("a process of kind "+kind, func() bool {
		pids := slices.DeleteFunc(c.children(kind), func(p int) bool { return p == not })
		if len(pids) == 0 {
			return false
		}
		pid = pids[c.r.IntN(len(pids))]
		return true
	})
	return pid
}

func (c *chaos) kill(pid int) time.Time {
	c.read()
	from := time.Now()
	_ = syscall.Kill(pid, syscall.SIGKILL) // it may have died by itself
	return from
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
	c.await("commits without market data", func() bool { c.read(); return c.out })
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
	c.await("market data to be let in", func() bool { c.read(); return !c.out })
	return from
}

// killAll kills every process of the run at once, and takes the run up.
func (c *chaos) killAll() time.Time {
	c.killTree()
	from := time.Now()
	c.start("--resume")
	return from
}

// killTree kills every process of the run at once.
func (c *chaos) killTree() {
	if c.run == nil || c.run.ProcessState != nil {
		return
	}
	pids := append(c.children("engine"), c.children("participant")...)
	for _, pid := range append([]int{c.run.Process.Pid}, pids...) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = c.run.Wait()
}

// end lets the day end at full speed and proves it.
func (c *chaos) end() {
	c.killTree()
	c.exits("replay", "day.tzc", "--dir", "run", "--backups", "1", "--resume")
	lawful(c.t, filepath.Join(c.dir, "run"))
	var want, got struct {
		Batches, Trades, Commands uint64
		StateHash                 string `json:"state_hash"`
		Complete                  bool
		Participants              []struct{ Role, Digest string }
	}
	for dir, v := range map[string]any{"want": &want, "run": &got} {
		if err := json.Unmarshal(c.exits("verify", dir, "-o", "json"), v); err != nil {
			c.t.Fatal(err)
		}
	}
	if !got.Complete || got.Trades != want.Trades || got.Commands != want.Commands || got.StateHash != want.StateHash ||
		!slices.Equal(got.Participants, want.Participants) || got.Trades == 0 {
		c.t.Errorf("the day ended as %+v, without chaos as %+v", got, want)
	}
	c.t.Logf("%d trades in %d batches, each exactly once and none before its commit; states as without chaos", got.Trades, got.Batches)
}
