package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/proxy"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// awayNode is the participant that commits may go on without: market data. excludeAfter is the time it is given: longer than a
// busy disk stands still, or it is left out before the test leaves it out.
const (
	awayNode     = 2
	excludeAfter = "marketdata=2s"
)

// memberRate is the load of a day on which market data goes and comes back, in commands a second, and memberDay how many
// there are: it must not be over before the cell is, which takes a minute where many run at a time. Most of it is hurried
// through.
const (
	memberRate = 200
	memberDay  = 300 * memberRate
)

// TestKilledInAnExclusion kills processes between any two messages of the change of the members that leaves market data
// out: those of the ballot that it takes, and those of the entry that says so. Market data itself is dead, or comes back
// in that very moment. It is let in again, and the day ends as without.
func TestKilledInAnExclusion(t *testing.T) {
	phases := slices.Concat(electionPhases, commitPhases)
	eachMemberKill(t, phases, 3, [3]int{6, 1, 1}, func(c *cluster, p phase, pass int) {
		if slices.Contains(electionPhases, p) {
			c.leaves()
			c.arm(p.up, p.kind, p.at, pass)
			c.held()
			return
		}
		c.armEntry(p, pass, c.leaves)
	})
}

// TestKilledInAReadmission is the same for the entry that lets market data in again.
func TestKilledInAReadmission(t *testing.T) {
	eachMemberKill(t, commitPhases, 4, [3]int{3, 2, 6}, func(c *cluster, p phase, pass int) {
		c.leaves()
		c.leftOut()
		c.nodes[awayNode].away = false // to be armed before it is back
		c.armEntry(p, pass, func() { c.startNode(awayNode) })
	})
}

// eachMemberKill is eachKill for a day on which market data goes and comes back. one is the cell that is always tested:
// phase, number of messages, victim.
func eachMemberKill(t *testing.T, phases []phase, passes int, one [3]int, until func(c *cluster, p phase, pass int)) {
	d := newDay(t, memberDay)
	for i, p := range phases {
		for pass := range passes {
			for v := range victims {
				if cell := [3]int{i, pass, v}; !wholeMatrix() && cell != one {
					continue
				}
				t.Run(fmt.Sprintf("%s/%d/%s", p.name, pass, victims[v].name), func(t *testing.T) {
					cell(t)
					t.Parallel() // they mostly wait
					c := newCluster(t, d, "--batch", "50", "--rate", fmt.Sprint(memberRate), "--exclude-after", excludeAfter)
					c.startEngine()
					c.goesOn()
					c.goesOn() // the first batch names the logs; now there are trades, of which some will be in doubt
					until(c, p, pass)
					c.killed(v)
					if c.nodes[awayNode].away {
						c.leftOut()
						c.startNode(awayNode)
					}
					c.goesOn()
					c.hurry()
					c.finish()
				})
			}
		}
	}
}

// leaves kills market data.
func (c *cluster) leaves() {
	n := c.nodes[awayNode]
	kill9(n.cmd)
	n.proxy.Lose()
	n.away = true
}

// leftOut waits until the command log says that market data is no member.
func (c *cluster) leftOut() {
	c.t.Helper()
	log, err := journal.Follow(disk.Real, filepath.Join(c.runDir(), rundir.EngineDir), journal.Position{})
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	out := false
	c.until("market data to be left out", func() bool {
		for {
			r, err := log.Next()
			if errors.Is(err, io.EOF) {
				return out
			}
			if err != nil {
				c.t.Fatal(err)
			}
			if r.Kind == engine.RecordGeneration {
				m, err := engine.DecodeMembership(r.Body)
				if err != nil {
					c.t.Fatal(err)
				}
				out = !m.Generation.Find(awayNode + 1).Member
			}
		}
	})
}

// armEntry holds every link at a message of the next entry that changes the members, which begin brings about.
func (c *cluster) armEntry(p phase, pass int, begin func()) {
	c.t.Helper()
	if p.kind == batch3pc.KindBatch.String() {
		c.arm(true, proxy.Generation, 1, pass)
		begin()
		c.held()
		return
	}
	c.arm(true, proxy.Generation, 1, 0)
	begin()
	c.held() // nothing is under way: the entry is the next batch (rule G2)
	var last batch3pc.Seq
	for i := range c.nodes {
		last = max(last, c.log(i).LastBatch)
	}
	c.arm(p.up, p.kind, uint64(last)+1, pass)
	for _, n := range c.nodes {
		if !p.up {
			n.proxy.SetUp(proxy.Rules{})
		}
	}
	c.held()
}
