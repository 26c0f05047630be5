package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/proxy"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// A log is cut by whole segments, and those of a participant are larger than what a test writes. So this one is
// "tezi participant" with small ones, and with checkpoints that follow one another closely.
func init() { programs["cutparticipant"] = cutParticipant }

func cutParticipant() {
	var p participantFlags
	cmd := &cobra.Command{Use: "cutparticipant ROLE", Args: cobra.ExactArgs(1)}
	p.flags(cmd)
	p.options.Files = rounds.Files{SegmentSize: 80 << 10, RecordMax: 72 << 10}
	p.options.Checkpoint, p.options.CutLog = 20, true
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return p.run(cmd, args[0]) }
	ctx, stop := interruptible(os.Stderr)
	defer stop()
	if err := cmd.ExecuteContext(ctx); err != nil && ctx.Err() == nil {
		os.Exit(exitFailure)
	}
}

// catchUpRate is the load of a day on which market data is away for long, in commands a second, and catchUpDay how many
// there are.
const (
	catchUpRate = 600
	catchUpDay  = 300 * catchUpRate
)

// catchUpMarks are the messages by which market data gets the batches that it lacks, from the log of another one through the
// coordinator: on the links of the two helpers, or on its own.
var catchUpMarks = []struct {
	name   string
	helper bool
	up     bool // from the coordinator
	mark   proxy.Mark
}{
	{"state request", false, true, proxy.Mark{Kind: "StateReq", At: 1}},
	{"state", false, false, proxy.Mark{Kind: "State", At: 1}},
	{"asked for", true, true, proxy.Mark{Kind: "Fetch", At: 1}},
	{"fill from the helper", true, false, proxy.Mark{Kind: "Fill", At: 1}},
	{"fill", false, true, proxy.Mark{Kind: "Fill", At: 1}},
	{"more wanted", false, false, proxy.Mark{Kind: "Fetch", At: 1}},
	{"asked for more", true, true, proxy.Mark{Kind: "Fetch", At: 3}},
	{"start", false, true, proxy.Mark{Kind: "Start", At: 1}},
	{"start ack", false, false, proxy.Mark{Kind: "StartAck", At: 1}},
}

// cut reports whether every participant has let go of the beginning of its log.
func (c *cluster) cut() bool {
	c.t.Helper()
	for i := range c.nodes {
		firsts, err := journal.Segments(disk.Real, c.nodeDir(i))
		if err != nil {
			c.t.Fatal(err)
		}
		if len(firsts) == 0 || firsts[0] == 1 {
			return false
		}
	}
	return true
}

// batchesAway are how many batches are committed without market data: more than the coordinator keeps, and than the others
// have between two checkpoints.
const batchesAway = 150

// TestKilledInACatchUp kills processes between any two messages of the way back of market data, where everybody cuts its log:
// it was away for so long that the coordinator has let go of what it lacks, and the others have cut what it had. It gets the
// rest from their logs, is let in again, and the day ends as without.
func TestKilledInACatchUp(t *testing.T) {
	d := newDay(t, catchUpDay)
	for i, m := range catchUpMarks {
		for v, victim := range victims {
			if !wholeMatrix() && (i != 3 || v != 4) {
				continue
			}
			t.Run(m.name+"/"+victim.name, func(t *testing.T) {
				cell(t)
				t.Parallel() // they mostly wait
				c := startCluster(t, d, true, "--batch", "50", "--rate", fmt.Sprint(catchUpRate), "--exclude-after", excludeAfter)
				c.startEngine()
				c.until("the logs to be cut", c.cut)
				c.leaves()
				c.leftOut()
				from := c.mostCommitted()
				c.until("commits without market data", func() bool { return c.mostCommitted() >= from+batchesAway })
				for i, n := range c.nodes {
					switch rules := (proxy.Rules{Hold: m.mark}); {
					case m.helper != (i != awayNode):
					case m.up:
						n.proxy.SetUp(rules)
					default:
						n.proxy.SetDown(rules)
					}
				}
				c.startNode(awayNode)
				c.anyHeld()
				c.killed(v)
				c.goesOn()
				c.hurry()
				c.finish()
			})
		}
	}
}
