package demo

import (
	"fmt"
	"strings"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Times of the scenarios and of the protocols' timers.
const (
	backAfterNs  = int64(30 * time.Second) // a dead coordinator is back
	healAfterNs  = int64(5 * time.Second)  // a partition is over
	marginNs     = int64(time.Second)      // that is looked at after the fault is mended
	tickNs       = int64(100 * time.Millisecond)
	timeoutTicks = 10 // a second of silence: the textbooks' participants think the coordinator dead
	watchNs      = int64(10 * time.Millisecond)
	watchTicks   = 5 // 50 ms without a sign of a leader: the standby opens a ballot
)

// Nodes of the group.
const (
	engineNode batch3pc.NodeID = 16
	backupNode batch3pc.NodeID = 17
)

// Names of the nodes.
const (
	coordinator = "coordinator"
	backup      = "backup"
)

// lanes are the participants, nodes 1 to 3.
var lanes = []string{"risk", "settlement", "market data"}

// scenario is a fault that strikes at a certain message.
type scenario struct {
	name    string
	title   string
	about   string
	lastsNs int64
	kills   bool // the coordinator, before the message leaves that it strikes at
	strike  func(t *trial)
}

// Scenarios are the names that Run knows.
func Scenarios() (names []string) {
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

var scenarios = []scenario{
	{
		name:  "coordinator-crash",
		title: "the coordinator is killed between two of its messages",
		about: "One batch of trades: risk, settlement and market data have all voted yes. In the middle of the next step " +
			"the coordinator is killed: risk has got its PRE-COMMIT, the others have not. (2PC has no such step: there it is " +
			"killed while it writes down its decision.) It is back after 30 s.",
		lastsNs: backAfterNs,
		kills:   true,
		strike: func(t *trial) {
			t.story.tell(coordinator, "KILLED")
			t.engine.kill()
			t.world.after(backAfterNs, t.comeBack)
		},
	},
	{
		name:  "partition",
		title: "the network breaks between two messages of the coordinator",
		about: "One batch of trades: risk, settlement and market data have all voted yes. In the middle of the next step, " +
			"as risk has got its PRE-COMMIT (in 2PC its COMMIT) and the others have not, the network breaks in two. " +
			"Nobody dies. It heals after 5 s.",
		lastsNs: healAfterNs,
		strike: func(t *trial) {
			t.story.tell("", "the network breaks: coordinator, risk | settlement, market data, backup")
			near := func(n batch3pc.NodeID) bool { return n == engineNode || n == 1 }
			t.world.severed = func(a, b batch3pc.NodeID) bool { return near(a) != near(b) }
			t.world.after(healAfterNs, func() {
				t.world.severed = nil
				t.story.tell("", "the network heals")
			})
		},
	},
}

// About says what happens in a scenario: in a few words, and in lines for a terminal.
func About(name string) (title, long string) {
	p := &painter{}
	for _, s := range scenarios {
		if s.name == name {
			title = s.title
			p.wrap(s.about)
		}
	}
	return title, strings.TrimSuffix(p.text.String(), "\n")
}

// Run plays a scenario under each of the three protocols. The error is one of an unknown scenario, or
// a fault of the machines.
func Run(name string, seed uint64) (*Report, error) {
	for i := range scenarios {
		s := &scenarios[i]
		if s.name != name {
			continue
		}
		r := &Report{Scenario: name, About: s.about, Seed: seed}
		for _, p := range protocols {
			t := newTrial(s, &p, seed)
			if err := t.run(); err != nil {
				return nil, fmt.Errorf("%s, %s: %w", name, p.id, err)
			}
			r.Runs = append(r.Runs, t.result())
		}
		return r, nil
	}
	return nil, fmt.Errorf("unknown scenario %q", name)
}
