package main

import (
	"fmt"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/proxy"
)

// killBatch is the batch at which processes are killed, and killDay what they are killed on.
const (
	killBatch = 10
	killDay   = 3000
)

// phase is a message of the protocol with the direction in which it goes.
type phase struct {
	name string
	up   bool // from the engine
	kind string
	at   uint64
}

// commitPhases are those of a batch in peace.
var commitPhases = []phase{
	{"can-commit", true, "Batch", killBatch},
	{"yes", false, "Yes", killBatch},
	{"pre-commit", true, "PreCommit", killBatch},
	{"pre-commit ack", false, "PreCommitAck", killBatch},
	{"do-commit", true, proxy.DoCommit, killBatch},
	{"applied", false, "Applied", killBatch},
}

// electionPhases are those of a ballot.
var electionPhases = []phase{
	{"state request", true, "StateReq", 1},
	{"promise", false, "State", 1},
	{"start", true, "Start", 1},
	{"start ack", false, "StartAck", 1},
}

// victims are who is killed: participants by number, the engine, and what takes its place.
var victims = []struct {
	name    string
	engine  bool
	standby bool // another engine takes over; otherwise the run is taken up
	nodes   []int
}{
	{name: "engine", engine: true},
	{name: "engine, another takes over", engine: true, standby: true},
	{name: "risk", nodes: []int{0}},
	{name: "settlement", nodes: []int{1}},
	{name: "marketdata", nodes: []int{2}},
	{name: "engine and risk", engine: true, nodes: []int{0}},
	{name: "everybody", engine: true, nodes: []int{0, 1, 2}},
}

// TestKilledAtEachMessage kills processes with SIGKILL between two messages: when a message of each phase has
// reached the first 0, 1, 2 or 3 participants, or has come from them, and no more. Whatever was killed, the day
// ends as without.
func TestKilledAtEachMessage(t *testing.T) {
	eachKill(t, commitPhases, func(c *cluster, p phase, pass int) {
		c.arm(p.up, p.kind, p.at, pass)
		c.startEngine()
		c.held()
		c.nothingSeen(p, pass)
	})
}

// TestKilledInAnElection is the same while a ballot is opened, over batches that are in doubt: the engine has died
// between two of its PRE-COMMITs, the moment at which the textbooks' protocol splits.
func TestKilledInAnElection(t *testing.T) {
	eachKill(t, electionPhases, func(c *cluster, p phase, pass int) {
		c.arm(true, "PreCommit", killBatch, 1)
		c.startEngine()
		c.held()
		kill9(c.engine())
		c.lose()
		c.arm(p.up, p.kind, p.at, pass)
		c.resumeEngine()
		c.held()
	})
}

// eachKill runs a test for each cell of the matrix: until brings a cluster to the moment at which so many messages of
// the phase have passed, the victim is killed there, and the day has to end as without.
func eachKill(t *testing.T, phases []phase, until func(c *cluster, p phase, pass int)) {
	d := newDay(t, killDay)
	for i, p := range phases {
		for pass := range 4 {
			for v := range victims {
				if !chosen(i, pass, v) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%d/%s", p.name, pass, victims[v].name), func(t *testing.T) {
					cell(t)
					t.Parallel() // they mostly wait for disks
					c := newCluster(t, d, "--batch", "50")
					until(c, p, pass)
					c.killed(v)
					c.finish()
				})
			}
		}
	}
}

// chosen reports whether a cell of the matrix is tested: all of them, or one for each phase, with another victim and
// another number of messages.
func chosen(phase, pass, victim int) bool {
	return wholeMatrix() || pass == (phase+1)%4 && victim == (3*phase+1)%len(victims)
}

// lose breaks every link, with what is under way.
func (c *cluster) lose() {
	for _, n := range c.nodes {
		n.proxy.Lose()
	}
}

// killed kills a victim, lets the links of the others go on, and starts again what was killed.
func (c *cluster) killed(v int) {
	c.t.Helper()
	victim, leader := victims[v], c.engine()
	if victim.standby {
		c.launch("engine", "--dir", "run", "--rank", "1")
	}
	if victim.engine {
		kill9(leader)
		c.lose()
	}
	for _, i := range victim.nodes {
		kill9(c.nodes[i].cmd)
		c.nodes[i].proxy.Lose()
	}
	for _, n := range c.nodes {
		n.proxy.Go()
	}
	for _, i := range victim.nodes {
		c.startNode(i)
	}
	if victim.engine && !victim.standby {
		c.resumeEngine()
	}
}

// nothingSeen checks that nothing of a batch is visible whose COMMIT has not been sent to anybody.
func (c *cluster) nothingSeen(p phase, pass int) {
	c.t.Helper()
	decided := p.kind == "Applied" || p.kind == "PreCommitAck" && pass >= 2 || p.kind == "Yes" && pass == 3
	for i, n := range c.nodes {
		if decided || p.kind == proxy.DoCommit && i < pass {
			continue
		}
		if seq := c.committed(i); seq >= batch3pc.Seq(killBatch) {
			c.t.Errorf("%s has committed batch %d, and nobody has told it to", n.role, seq)
		}
	}
}
