package main

import (
	"bytes"
	"cmp"
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
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/box"
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

// TestChaos runs a day on real processes, with two engines that stand by, while processes are killed and
// stopped at seeded moments. Afterwards every log agrees, and the states are those of a day without.
func TestChaos(t *testing.T) {
	cycles := number0(t, chaosCycles, chaosFew)
	c := newChaos(t, cycles)
	c.start()
	var all recoveries
	for range cycles {
		said := c.said()
		name, took := c.cycle()
		all = append(all, recovery{seed: c.seed, fault: name, took: took})
		if name == killEngine && took > slowTakeover {
			t.Logf("%v from fault %d, %s, to a new commit; from its wait for a standby on the run said\n%s", took, len(all), name, c.said()[len(said):])
		}
	}
	c.killAll()
	c.end()
	if name := os.Getenv(chaosLog); name != "" {
		all = all.share(t, name)
	}
	t.Logf("the same faults again: %s=%d %s=%d\n%v", chaosSeed, c.seed, chaosCycles, cycles, all)
}

// said returns what the processes of the run have said so far.
func (c *chaos) said() []byte {
	said, _ := os.ReadFile(c.errs.Name())
	return said
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
	rate   int
	dir    string // has day.tzc, want and run
	run    *exec.Cmd
	over   chan struct{} // closed when it has ended; nil: nothing runs
	errs   *os.File
	log    *journal.Follower
	next   batch3pc.Seq // the first one that was sealed since commits has set this to 0
	done   batch3pc.Seq // highest decided
	opened int          // ballots in the log
	first  batch3pc.Seq // the first one that was sealed since the last of them; 0: none was
	out    bool         // market data is no member
	open   bool         // somebody has traded: before that few batches are sealed, and the time to the next says little
}

// chaosRate is the load in commands a second, and orders what it needs at most for one cycle, on a busy machine too, beside
// some that few cycles need. Of those that are tested always each may take a minute and a half, at a lower load.
const (
	chaosEngines   = 3
	chaosRate      = 10_000
	chaosFew       = 7
	ordersPerCycle = 60_000
	ordersBeside   = 200_000
	slowTakeover   = 250 * time.Millisecond // goal of the 99th percentile: what takes longer is explained
)

func newChaos(t *testing.T, cycles int) *chaos {
	seed := number0(t, chaosSeed, 1)
	c := &chaos{t: t, seed: seed, r: rand.New(rand.NewPCG(uint64(seed), 0)), rate: chaosRate, dir: t.TempDir()}
	if cycles <= chaosFew {
		c.rate /= 10
	}
	if raceDetector {
		c.rate /= 2 // everything takes longer, the cycles too
	}
	c.exits("generate", "--orders", strconv.Itoa(ordersPerCycle*cycles+ordersBeside), "--out", "day.tzc")
	c.exits("replay", "day.tzc", "--dir", "want", "--in-process", "--durable=false")
	errs, err := os.Create(filepath.Join(c.dir, "run.err"))
	if err != nil {
		t.Fatal(err)
	}
	c.errs = errs
	t.Cleanup(func() {
		c.killTree()
		if t.Failed() {
			text := c.said()
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
		"--rate", strconv.Itoa(c.rate)}, more...)
	c.run = exec.Command("tezi", args...)
	c.run.Dir, c.run.Stderr = c.dir, c.errs
	if err := c.run.Start(); err != nil {
		c.t.Fatal(err)
	}
	run, over := c.run, make(chan struct{})
	c.over = over
	go func() {
		_ = run.Wait()
		close(over)
	}()
	if c.log == nil {
		c.await("the command log", func() bool {
			var err error
			c.log, err = journal.Follow(disk.Real, filepath.Join(c.dir, "run", rundir.EngineDir), journal.Position{})
			return err == nil
		})
	}
}

// await waits until ok. Nothing depends on how long that takes. It looks at the processes every few milliseconds only: a look
// costs up to one of a core, which those that recover need.
func (c *chaos) await(what string, ok func() bool) {
	c.t.Helper()
	if !poll(func() bool { return c.ended(what) || ok() }) {
		c.t.Fatalf("waited in vain for %s", what)
	}
}

// ended reports false, unless the run has ended by itself: then there is nothing to wait for.
func (c *chaos) ended(what string) bool {
	select {
	case <-c.over:
		c.t.Fatalf("the run ended by itself, before there was %s", what)
	default:
	}
	return false
}

// awaitLog is await of something in the log: the moment counts, and a look is one read.
func (c *chaos) awaitLog(what string, ok func() bool) {
	c.t.Helper()
	if !pollEvery(200*time.Microsecond, func() bool { c.read(); return c.ended(what) || ok() }) {
		c.t.Fatalf("waited in vain for %s", what)
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
			c.open = c.open || s.Trades > 0
			c.first, c.next = cmp.Or(c.first, s.Seq), cmp.Or(c.next, s.Seq)
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

// commits waits n times until one more batch is sealed, and decided.
func (c *chaos) commits(n int) {
	c.t.Helper()
	c.read()
	for range n {
		c.next = 0
		c.awaitLog("commits", func() bool { return c.next > 0 && c.done >= c.next })
	}
}

// succeeds waits until an engine has opened a ballot behind so many, and a batch that it has sealed is decided. What the
// one before had written and the test had not read, or had sent and not heard of, is no sign of recovery.
func (c *chaos) succeeds(opened int) {
	c.t.Helper()
	c.awaitLog("another engine to commit", func() bool { return c.opened > opened && c.first > 0 && c.done >= c.first })
}

// cycle lets the run get on, does one fault, and waits for the first commit of a batch that was sealed
// after it.
func (c *chaos) cycle() (name string, took time.Duration) {
	c.await("all engines", func() bool { return len(c.children("engine")) == chaosEngines })
	c.await("an engine that stands by", c.whole)
	c.commits(5 + c.r.IntN(20))
	total := 0
	for _, f := range faults {
		total += f.weight
	}
	pick := c.r.IntN(total)
	for _, f := range faults {
		if only := os.Getenv(chaosOnly); only == f.name || only == "" && pick < f.weight {
			opened, when := c.opened, ""
			if !c.open {
				when = beforeOpen
			}
			from := f.do(c)
			if f.name == killEngine || f.name == killEngines {
				c.succeeds(opened)
			} else {
				c.commits(1)
			}
			return f.name + when, time.Since(from)
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

// whole reports whether an engine would take over at once. Of the participants that is known already: a batch that is decided had
// the yes of every member, and who stands by has a link to each.
func (c *chaos) whole() bool {
	engines := c.children("engine")
	for n := range chaosEngines {
		pid, state, err := box.ReadRank(filepath.Join(c.dir, "run", rundir.EngineDir), n)
		if err == nil && state == box.RankStanding && slices.Contains(engines, pid) {
			return true
		}
	}
	return false
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

// end lets the day end at full speed and proves it.
func (c *chaos) end() {
	c.killTree()
	c.awaitDeath()
	c.exits("replay", "day.tzc", "--dir", "run", "--backups", "1", "--resume")
	if r, err := rundir.Read(filepath.Join(c.dir, "run")); err != nil || !r.Begun().After(r.Started) {
		c.t.Errorf("engines of a run that was taken up count its time from %v, when it started (%v)", r.Begun(), err)
	}
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
	if !c.t.Failed() {
		c.t.Logf("0 trades lost, 0 twice, 0 seen before their commit, of %d in %d batches; states as without chaos", got.Trades, got.Batches)
	}
}
