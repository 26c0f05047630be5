package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/internal/proxy"
)

// snapshotMark is a message by which a state goes from one participant to another, through the coordinator. The helper
// is whoever is asked: the link of any participant but the last one.
type snapshotMark struct {
	name   string
	helper bool // on the helper's link, else on that of the one that was away
	up     bool // from the coordinator
	mark   proxy.Mark
}

// snapshotPieces are what a state takes here.
const snapshotPieces = 4

// snapshotMarks are all of them: the four of each piece, and the last one again, behind it. The first piece is asked for
// by the coordinator, and nobody has to want it.
func snapshotMarks() (all []snapshotMark) {
	for n := range uint64(snapshotPieces) {
		ask, piece := proxy.Mark{Kind: "SnapshotReq", At: n + 1}, proxy.Mark{Kind: "Snapshot", At: n + 1}
		if n > 0 {
			wanted := proxy.Mark{Kind: "SnapshotReq", At: n}
			all = append(all, snapshotMark{fmt.Sprintf("piece %d wanted", n+1), false, false, wanted})
		}
		all = append(all,
			snapshotMark{fmt.Sprintf("piece %d asked for", n+1), true, true, ask},
			snapshotMark{fmt.Sprintf("piece %d from the helper", n+1), true, false, piece},
			snapshotMark{fmt.Sprintf("piece %d", n+1), false, true, piece})
	}
	last := all[len(all)-1]
	last.name, last.mark.After = "behind "+last.name, true
	return append(all, last)
}

// snapshotVictims are who is killed: participants by number, and the coordinator.
var snapshotVictims = []struct {
	name        string
	coordinator bool
	nodes       []int
}{
	{"coordinator", true, nil},
	{"first helper", false, []int{0}},
	{"second helper", false, []int{1}},
	{"helpers", false, []int{0, 1}},
	{"one that was away", false, []int{2}},
	{"coordinator and one that was away", true, []int{2}},
	{"everybody", true, []int{0, 1, 2}},
}

// TestKilledInASnapshot kills processes between any two messages of a catch-up by snapshot: in front of one, or behind it.
// The participant that was away for longer than anybody's log remembers gets its state all the same, is a member again, and
// has each line once.
func TestKilledInASnapshot(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes")
	}
	for i, m := range snapshotMarks() {
		for v, victim := range snapshotVictims {
			if !wholeMatrix() && (i%5 != 1 || v != i%len(snapshotVictims)) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", m.name, victim.name), func(t *testing.T) {
				cell(t)
				t.Parallel() // they mostly wait for disks
				g := newGroup(t)
				g.ask(g.coordinator, "commit 0 3")
				g.kill(2)
				g.ask(g.coordinator, "members 1 2")
				g.ask(g.coordinator, "commit 3 63")
				g.hold(m.helper, m.up, m.mark)
				g.start(2)
				members := g.begin("members 1 2 3")
				g.anyHeld()
				g.killed(victim.coordinator, victim.nodes)
				if victim.coordinator {
					members = g.begin("members 1 2 3")
				}
				g.answered(members)
				g.ask(g.coordinator, "commit 63 66")
				g.level(66)
			})
		}
	}
}

// groupProcess is a node of a group.
type groupProcess struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// group is three participants of one class and a coordinator, each a process, with a proxy in front of each participant.
type group struct {
	*cluster
	processes   [3]*groupProcess
	coordinator *groupProcess
}

func newGroup(t *testing.T) *group {
	t.Helper()
	g := &group{cluster: &cluster{t: t, dir: t.TempDir()}}
	var err error
	if g.said, err = os.Create(filepath.Join(g.dir, "said")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.end)
	for i := range g.processes {
		n := &node{role: fmt.Sprint(i + 1), addr: ownHost() + ":0", held: make(chan struct{}, 100)}
		g.nodes = append(g.nodes, n)
		g.start(i)
		n.proxy, err = proxy.Start(proxy.Options{Network: proxy.Tezi, Listen: "127.0.0.1:0", Target: n.addr, Held: func(bool, proxy.Mark) {
			n.held <- struct{}{}
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	g.lead()
	return g
}

// run starts a process.
func (g *group) run(args ...string) *groupProcess {
	g.t.Helper()
	p := &groupProcess{cmd: exec.Command("groupnode", args...)}
	p.cmd.Dir, p.cmd.Stderr = g.dir, g.said
	in, err := p.cmd.StdinPipe()
	if err != nil {
		g.t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		g.t.Fatal(err)
	}
	p.in, p.out = in, bufio.NewReader(out)
	return p
}

// start starts a participant, or starts it again where it was.
func (g *group) start(i int) {
	g.t.Helper()
	n := g.nodes[i]
	p := g.run("participant", n.role, n.addr, n.role)
	g.processes[i], n.cmd = p, p.cmd
	addr, ok := strings.CutPrefix(g.line(p), "listening ")
	if !ok {
		g.t.Fatalf("participant %s does not listen", n.role)
	}
	n.addr = addr
}

// lead starts the coordinator, or starts it again.
func (g *group) lead() {
	g.t.Helper()
	args := []string{"coordinator", "16"}
	for _, n := range g.nodes {
		args = append(args, n.proxy.Addr())
	}
	g.coordinator = g.run(args...)
	g.engines = append(g.engines, g.coordinator.cmd)
}

// line is the next thing that a process says.
func (g *group) line(p *groupProcess) (line string) {
	g.t.Helper()
	g.within("an answer", func() { line, _ = p.out.ReadString('\n') })
	return strings.TrimSpace(line)
}

// begin tells the coordinator to do something, and answered waits until it has.
func (g *group) begin(text string) *groupProcess {
	fmt.Fprintln(g.coordinator.in, text) // one that is dead does not answer
	return g.coordinator
}

func (g *group) answered(p *groupProcess) {
	g.t.Helper()
	if line := g.line(p); line != "ok" {
		g.t.Fatalf("the coordinator said %q", line)
	}
}

func (g *group) ask(p *groupProcess, text string) {
	g.t.Helper()
	g.answered(g.begin(text))
}

func (g *group) kill(i int) {
	kill9(g.nodes[i].cmd)
	g.nodes[i].proxy.Lose()
}

// hold holds the links of the helpers, or that of the one that was away, at a message.
func (g *group) hold(helper, up bool, mark proxy.Mark) {
	for i, n := range g.nodes {
		switch {
		case helper != (i < 2):
		case up:
			n.proxy.SetUp(proxy.Rules{Hold: mark})
		default:
			n.proxy.SetDown(proxy.Rules{Hold: mark})
		}
	}
}

// killed kills processes, lets the links of the others go on, and starts again what was killed.
func (g *group) killed(coordinator bool, nodes []int) {
	g.t.Helper()
	if coordinator {
		kill9(g.coordinator.cmd)
		g.lose()
	}
	for _, i := range nodes {
		g.kill(i)
	}
	for _, n := range g.nodes {
		n.proxy.Go()
	}
	for _, i := range nodes {
		g.start(i)
	}
	if coordinator {
		g.lead()
	}
}

// level waits until everybody has each of so many lines, once.
func (g *group) level(lines int) {
	g.t.Helper()
	var all [][]byte
	for n := range lines {
		all = append(all, groupLine(n))
	}
	want := groupState(slices.Concat(all...))
	for i, p := range g.processes {
		g.until(fmt.Sprintf("participant %d to have %s", i+1, want), func() bool {
			fmt.Fprintln(p.in, "state")
			return g.line(p) == want
		})
	}
}
