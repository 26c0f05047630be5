package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/inspect"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/proxy"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// outcome is what a run has come to, as the verification tells it.
type outcome struct {
	Batches, Trades, Commands uint64
	StateHash                 string `json:"state_hash"`
	Complete                  bool
	Participants              []struct{ Role, Digest string }
}

// same reports whether two runs of one day have come to the same end. Batches may differ.
func (o *outcome) same(other *outcome) bool {
	return o.Complete && other.Complete && o.Trades == other.Trades && o.Commands == other.Commands && o.Trades > 0 &&
		o.StateHash == other.StateHash && slices.Equal(o.Participants, other.Participants)
}

// day is a capture, and what it comes to without faults.
type day struct {
	file string
	want outcome
}

// newDay makes a day of so many orders. With -short there is none: under the race detector
// processes are too slow for a load, and the test for their logs.
func newDay(t *testing.T, orders int) *day {
	t.Helper()
	if testing.Short() {
		t.Skip("faults on processes under load")
	}
	dir := t.TempDir()
	d := &day{file: filepath.Join(dir, "day.tzc")}
	tezi(t, dir, "generate", "--orders", fmt.Sprint(orders), "--instruments", "20", "--out", d.file)
	tezi(t, dir, "replay", d.file, "--dir", "want", "--in-process", "--durable=false", "--verify=false")
	d.want = verified(t, filepath.Join(dir, "want"))
	if err := os.RemoveAll(filepath.Join(dir, "want")); err != nil {
		t.Fatal(err)
	}
	return d
}

// tezi runs a command that must succeed, and returns what it says.
func tezi(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("tezi", args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tezi %s: %v\n%s", strings.Join(args, " "), err, said.Bytes())
	}
	return out
}

func verified(t *testing.T, dir string) (o outcome) {
	t.Helper()
	lawful(t, dir)
	if err := json.Unmarshal(tezi(t, "", "verify", dir, "-o", "json"), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// cluster is a run of a day whose engine and participants are processes that the test has started, with a
// proxy in front of each participant.
type cluster struct {
	t       *testing.T
	day     *day
	dir     string   // has nodes/ROLE and run
	more    []string // further arguments of the engine
	under   []string // the command that runs it; nil: none
	nodes   []*node
	engines []*exec.Cmd // the last one is to finish the run
	said    *os.File    // by everybody
}

// node is a participant.
type node struct {
	role, addr string
	boot       int
	under      []string // the command that runs it; nil: none
	cuts       bool     // its logs are short, and are cut
	cmd        *exec.Cmd
	away       bool // it was killed, and is not back yet
	proxy      *proxy.Proxy
	held       chan struct{}
	log        *journal.Follower // nil: nobody has asked for it
	committed  batch3pc.Seq      // as far as log was read
}

const clusterID = "7"

// newCluster starts the participants. The engine gets the further arguments.
func newCluster(t *testing.T, d *day, more ...string) *cluster {
	t.Helper()
	return startCluster(t, d, false, more...)
}

// startCluster is newCluster, with participants that cut their logs or do not.
func startCluster(t *testing.T, d *day, cuts bool, more ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, day: d, dir: t.TempDir(), more: more}
	var err error
	if c.said, err = os.Create(filepath.Join(c.dir, "said")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.end)
	for i, role := range rundir.RoleNames {
		c.nodes = append(c.nodes, &node{role: role, addr: ownHost() + ":0", cuts: cuts, held: make(chan struct{}, 100)})
		c.startNode(i)
		n := c.nodes[i]
		n.proxy, err = proxy.Start(proxy.Options{Network: proxy.Tezi, Listen: "127.0.0.1:0", Target: n.addr, Held: func(bool, proxy.Mark) {
			n.held <- struct{}{}
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// end leaves nothing behind.
func (c *cluster) end() {
	for _, cmd := range c.engines {
		kill9(cmd)
	}
	for _, n := range c.nodes {
		kill9(n.cmd)
		if n.proxy != nil {
			n.proxy.Close()
		}
		if n.log != nil {
			_ = n.log.Close()
		}
	}
	if text, _ := os.ReadFile(c.said.Name()); c.t.Failed() {
		c.t.Logf("the processes said:\n%s", text[max(0, len(text)-4000):])
	}
	c.said.Close()
}

// command is tezi with arguments, run by another command or by itself.
func command(under []string, args ...string) *exec.Cmd {
	words := append(append(slices.Clone(under), "tezi"), args...)
	return exec.Command(words[0], words[1:]...)
}

// kill9 ends a process, also one that is stopped.
func kill9(cmd *exec.Cmd) {
	if cmd != nil && cmd.Process != nil && cmd.ProcessState == nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// startNode starts a participant, or starts it again where it was.
func (c *cluster) startNode(i int) {
	c.t.Helper()
	if err := c.tryNode(i); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) tryNode(i int) error {
	n := c.nodes[i]
	n.boot++
	n.away = false
	n.cmd = command(n.under, "participant", n.role, "--dir", c.nodeDir(i), "--cluster", clusterID, "--listen", n.addr, fmt.Sprintf("--boot=%d", n.boot))
	if n.cuts {
		n.cmd = exec.Command("cutparticipant", n.cmd.Args[2:]...)
	}
	n.cmd.Dir, n.cmd.Stderr = c.dir, c.said
	out, err := n.cmd.StdoutPipe()
	if err == nil {
		err = n.cmd.Start()
	}
	if err != nil {
		return err
	}
	var line string
	c.within("the start of "+n.role, func() { line, _ = bufio.NewReader(out).ReadString('\n') })
	addr, ok := strings.CutPrefix(line, box.ListeningPrefix)
	if !ok {
		return fmt.Errorf("%s does not listen: %w", n.role, n.cmd.Wait())
	}
	n.addr = strings.TrimSpace(addr)
	return nil
}

func (c *cluster) nodeDir(i int) string { return filepath.Join(c.dir, "nodes", c.nodes[i].role) }
func (c *cluster) runDir() string       { return filepath.Join(c.dir, "run") }

// startEngine begins the run, or takes it up.
func (c *cluster) startEngine(more ...string) {
	c.t.Helper()
	var addrs []string
	for _, n := range c.nodes {
		addrs = append(addrs, n.role+"="+n.proxy.Addr())
	}
	args := []string{"replay", c.day.file, "--dir", "run", "--cluster", clusterID, "--participants", strings.Join(addrs, ",")}
	c.launch(append(append(args, c.more...), more...)...)
}

// resumeEngine takes the run up. What a run keeps for its whole life is not said again.
func (c *cluster) resumeEngine() {
	c.t.Helper()
	c.without("--batch")
	c.startEngine("--resume")
}

// hurry takes the run up at full speed, and lets it end without nobody. A run that has ended meanwhile is left alone:
// there is nothing to take up.
func (c *cluster) hurry() {
	c.t.Helper()
	_ = c.engine().Process.Signal(syscall.SIGSTOP) // it does not end between the look and the kill
	logs, err := inspect.Dir(filepath.Join(c.runDir(), rundir.EngineDir))
	if err != nil {
		c.t.Fatal(err)
	}
	if logs[0].ByKind["end"] > 0 {
		_ = c.engine().Process.Signal(syscall.SIGCONT)
		return
	}
	kill9(c.engine())
	c.without("--rate")
	c.without("--exclude-after")
	c.more = append(c.more, "--exclude-after", "marketdata=0")
	c.resumeEngine()
}

// without drops an argument of the engine, with its value.
func (c *cluster) without(name string) {
	if i := slices.Index(c.more, name); i >= 0 {
		c.more = slices.Delete(slices.Clone(c.more), i, i+2)
	}
}

func (c *cluster) launch(args ...string) {
	c.t.Helper()
	cmd := command(c.under, args...)
	cmd.Dir, cmd.Stderr = c.dir, c.said
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.engines = append(c.engines, cmd)
}

// engine is the one that was started last.
func (c *cluster) engine() *exec.Cmd { return c.engines[len(c.engines)-1] }

// within waits for f, which must not take for ever.
func (c *cluster) within(what string, f func()) {
	c.t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(time.Until(waitEnd())):
		c.t.Fatalf("waited in vain for %s", what)
	}
}

// until asks ok again and again until it is true, but not for ever.
func (c *cluster) until(what string, ok func() bool) {
	c.t.Helper()
	if !pollEvery(20*time.Millisecond, ok) {
		c.t.Fatalf("waited in vain for %s", what)
	}
}

// arm holds the link of everybody who is there at a message, in one direction: the first pass links behind it, the
// others before.
func (c *cluster) arm(up bool, kind string, at uint64, pass int) {
	for i, n := range c.nodes {
		if n.away {
			continue
		}
		for len(n.held) > 0 {
			<-n.held
		}
		rules := proxy.Rules{Hold: proxy.Mark{Kind: kind, At: at, After: i < pass}}
		if up {
			n.proxy.SetUp(rules)
		} else {
			n.proxy.SetDown(rules)
		}
	}
}

// held waits until the link of everybody who is there is.
func (c *cluster) held() {
	c.t.Helper()
	for _, n := range c.nodes {
		if !n.away {
			c.within("the link of "+n.role+" to be held", func() { <-n.held })
		}
	}
}

// log is what a participant's log says, if there is one yet.
func (c *cluster) log(i int) *inspect.Log {
	c.t.Helper()
	logs, err := inspect.Dir(c.nodeDir(i))
	if errors.Is(err, inspect.ErrNoLog) {
		return &inspect.Log{}
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return logs[0]
}

// committed is how far a participant's log says that the stream is committed.
func (c *cluster) committed(i int) batch3pc.Seq {
	c.t.Helper()
	return c.log(i).Committed
}

// follow is committed for who asks again and again: what the log has grown by is read.
func (c *cluster) follow(i int) batch3pc.Seq {
	c.t.Helper()
	n := c.nodes[i]
	var err error
	if n.log == nil {
		n.log, err = journal.Follow(disk.Real, c.nodeDir(i), journal.Position{})
	}
	for err == nil {
		var r journal.Record
		if r, err = n.log.Next(); err != nil || r.Kind != uint8(batch3pc.RecordCommit) {
			continue
		}
		var commit batch3pc.Record
		if err = codec.DecodeRecord(r.Kind, r.Body, &commit, nil); err == nil {
			n.committed = max(n.committed, commit.Seq)
		}
	}
	if overtaken := (*journal.PositionError)(nil); errors.As(err, &overtaken) {
		_ = n.log.Close() // the log was cut meanwhile
		n.log = nil
		return c.follow(i)
	}
	if !errors.Is(err, io.EOF) {
		c.t.Fatal(err)
	}
	return n.committed
}

// finish waits for the end of the run, and proves that it is the same as without faults.
func (c *cluster) finish() {
	c.t.Helper()
	var codes sync.Map
	c.within("the end of the run", func() {
		_ = c.engine().Wait()
		codes.Store("engine", c.engine().ProcessState.ExitCode())
		for _, n := range c.nodes {
			_ = n.cmd.Process.Signal(syscall.SIGTERM) // it has finished, and only lingers
			_ = n.cmd.Wait()
			codes.Store(n.role, n.cmd.ProcessState.ExitCode())
		}
	})
	codes.Range(func(who, code any) bool {
		if code != 0 {
			c.t.Errorf("%s ended with exit code %d", who, code)
		}
		return true
	})
	if c.t.Failed() {
		return
	}
	for i, n := range c.nodes {
		if err := os.Rename(c.nodeDir(i), rundir.RoleDir(c.runDir(), n.role)); err != nil {
			c.t.Fatal(err)
		}
	}
	if !slices.ContainsFunc(c.nodes, func(n *node) bool { return n.boot > 1 || n.cuts }) {
		voted(c.t, c.runDir())
	}
	if got := verified(c.t, c.runDir()); !got.same(&c.day.want) {
		c.t.Errorf("the day ended as %+v, without faults as %+v", got, c.day.want)
	}
}
