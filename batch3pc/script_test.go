package batch3pc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// script runs a testdata file: each command moves a world, its output is the full trace. Run the
// test with -rewrite to take the traces as they are, and review the difference.
//
//	new [window=N] [retain=N] [learner] [gate] [standby] [twins] [identified]
//	                          three participants 1, 2, 3 and coordinators 10, 11, all links up, no
//	                          ballot open; 3 may be excluded; learner: 3 is no member; gate: without
//	                          NoInputGate; standby: 11 watches, with a patience of 2 ticks; twins: all run the
//	                          same business; identified: logs have incarnations
//	open C                    opens a ballot at a coordinator
//	propose C TEXT            proposes a batch with that payload
//	veto P TEXT               participant P refuses the batch with that payload
//	drain P on|off            participant P cannot vote
//	inputs C SEQ              InputsDurable; logged C SEQ: Logged
//	members C P...            proposes a generation with these members
//	replace C N P...          the same, and N is known by its new log
//	peers C                   what a coordinator knows of each participant
//	checkpoint P              a participant records its state; cut P: cuts its log in front of that
//	hole P FIRST COUNT        records of a crashed participant become unreadable
//	forget P INCARNATION      a crashed participant has lost its log and begins a new one
//	deliver|drop|repeat [kind=K] [from=N] [to=N] [seq=S]
//	                          what is in flight and matches, in order; repeat leaves it in flight;
//	                          seq is that of the batch inside
//	sync N...                 makes the logs of nodes durable
//	settle                    delivers and syncs until nothing moves
//	crash N                   a node stops; what it had not synced is lost
//	restart N                 it comes back with what was
//	up|down C P               tells a coordinator about a link
//	tick C                    time passes at a coordinator
//	status                    of every node
type script struct {
	*world
	out    strings.Builder
	vetoes map[batch3pc.NodeID]string
}

func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &script{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			s.command(t, d)
			if s.out.Len() == 0 {
				return "ok"
			}
			return s.out.String()
		})
	})
}

func (s *script) command(t *testing.T, d *datadriven.TestData) {
	switch d.Cmd {
	case "new":
		s.create(t, d)
	case "veto":
		s.vetoes[s.id(t, d, 0)] = d.CmdArgs[1].Key
	case "drain":
		s.participant(s.id(t, d, 0)).app.draining = d.CmdArgs[1].Key == "on"
	case "deliver", "drop", "repeat":
		s.move(t, d)
	case "sync":
		for i := range d.CmdArgs {
			id := s.id(t, d, i)
			s.sync(id, s.disk(id))
		}
	case "settle":
		s.settle()
	case "checkpoint":
		if err := s.checkpointNow(s.participant(s.id(t, d, 0))); err != nil {
			fmt.Fprintln(&s.out, err)
		}
	case "cut":
		if !s.cut(s.participant(s.id(t, d, 0))) {
			fmt.Fprintln(&s.out, "not yet")
		}
	case "hole", "forget":
		s.lose(t, d)
	case "crash":
		s.crash(s.id(t, d, 0))
	case "restart":
		s.restart(t, s.id(t, d, 0))
	case "status":
		for _, c := range s.coordinators {
			fmt.Fprintln(&s.out, formatCoordinator(c))
		}
		for _, p := range s.participants {
			fmt.Fprintln(&s.out, formatParticipant(p))
		}
	default:
		s.lead(t, d)
	}
}

// lead runs the commands that are calls of a coordinator.
func (s *script) lead(t *testing.T, d *datadriven.TestData) {
	c := s.coordinator(s.id(t, d, 0))
	if c == nil || c.machine == nil {
		d.Fatalf(t, "%s: no such coordinator is up", d.Cmd)
	}
	var ready batch3pc.Ready
	switch d.Cmd {
	case "open":
		ready = c.open()
	case "propose":
		var err error
		if _, ready, err = c.machine.Propose(4, []byte(d.CmdArgs[1].Key)); err != nil {
			fmt.Fprintln(&s.out, err)
		}
	case "peers":
		for _, p := range c.machine.AppendPeers(nil) {
			fmt.Fprintf(&s.out, "%d member=%v counts=%v trouble=%v incarnation=%x known=%x durable=%d\n", p.Node, p.Member, p.Counts, p.Trouble, p.Incarnation, p.Known, p.Durable)
		}
	case "members", "replace":
		var members []batch3pc.NodeID
		for i := range d.CmdArgs[1:] {
			members = append(members, s.id(t, d, 1+i))
		}
		var replaced []batch3pc.NodeID
		if d.Cmd == "replace" {
			replaced, members = members[:1], members[1:]
		}
		var err error
		if ready, err = c.machine.ProposeGeneration(members, replaced...); err != nil {
			fmt.Fprintln(&s.out, err)
		}
	case "inputs":
		ready = c.machine.InputsDurable(batch3pc.Seq(s.id(t, d, 1)))
	case "logged":
		c.machine.Logged(batch3pc.Seq(s.id(t, d, 1)))
	case "up":
		ready = c.machine.PeerUp(s.id(t, d, 1))
	case "down":
		c.machine.PeerDown(s.id(t, d, 1))
	case "tick":
		ready = c.tick()
	default:
		d.Fatalf(t, "unknown command %s", d.Cmd)
	}
	s.take(c.cfg.Self, &c.disk, ready)
}

func (s *script) id(t *testing.T, d *datadriven.TestData, i int) batch3pc.NodeID {
	var id int
	if _, err := fmt.Sscan(d.CmdArgs[i].Key, &id); err != nil {
		d.Fatalf(t, "argument %d of %s: %v", i, d.Cmd, err)
	}
	return batch3pc.NodeID(id)
}

func (s *script) disk(id batch3pc.NodeID) *disk {
	if p := s.participant(id); p != nil {
		return &p.disk
	}
	return &s.coordinator(id).disk
}

func (s *script) create(t *testing.T, d *datadriven.TestData) {
	window, retain, members := 4, 8, []batch3pc.NodeID{1, 2, 3}
	d.MaybeScanArgs(t, "window", &window)
	d.MaybeScanArgs(t, "retain", &retain)
	if d.HasArg("learner") {
		members = []batch3pc.NodeID{1, 2}
	}
	var classes []uint8
	if d.HasArg("twins") {
		classes = []uint8{1, 1, 1}
	}
	var coordinators []batch3pc.CoordinatorConfig
	for _, id := range []batch3pc.NodeID{10, 11} {
		coordinators = append(coordinators, batch3pc.CoordinatorConfig{
			Self: id, Participants: []batch3pc.NodeID{1, 2, 3}, Members: members, Generation: 1,
			WindowMax: window, RetainMax: retain, NoInputGate: !d.HasArg("gate"), Excludable: []batch3pc.NodeID{3},
			Classes: classes, Identified: d.HasArg("identified"),
		})
	}
	var participants []batch3pc.ParticipantConfig
	for _, id := range []batch3pc.NodeID{1, 2, 3} {
		participants = append(participants, batch3pc.ParticipantConfig{Self: id, Generation: 1, WindowMax: window, RetainMax: retain})
	}
	s.world = newWorld(coordinators, participants)
	if d.HasArg("identified") {
		for i, p := range s.participants {
			p.cfg.Incarnation = uint64(0xa1 + i)
		}
	}
	s.coordinators[1].watches = d.HasArg("standby")
	s.vetoes = map[batch3pc.NodeID]string{}
	s.note = func(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }
	for _, p := range s.participants {
		p.vetoed = func(id batch3pc.NodeID, b *batch3pc.Batch) bool { return s.vetoes[id] == string(b.Payload) }
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.coordinators {
		s.connect(c)
	}
}

// connect tells a coordinator that all links are up.
func (s *script) connect(c *coordinatorNode) {
	for _, p := range s.participants {
		c.machine.PeerUp(p.cfg.Self)
	}
}

// move delivers, drops or repeats the messages in flight that match.
func (s *script) move(t *testing.T, d *datadriven.TestData) {
	var kind string
	var from, to, seq int
	d.MaybeScanArgs(t, "kind", &kind)
	d.MaybeScanArgs(t, "from", &from)
	d.MaybeScanArgs(t, "to", &to)
	d.MaybeScanArgs(t, "seq", &seq)
	var chosen, rest []batch3pc.Message
	for _, m := range s.flight {
		match := (kind == "" || m.Kind.String() == kind) &&
			(from == 0 || m.From == batch3pc.NodeID(from)) && (to == 0 || m.To == batch3pc.NodeID(to)) &&
			(seq == 0 || m.Batch != nil && m.Batch.Seq == batch3pc.Seq(seq))
		if match {
			chosen = append(chosen, m)
		}
		if !match || d.Cmd == "repeat" {
			rest = append(rest, m)
		}
	}
	s.flight = rest
	for i := range chosen {
		if d.Cmd == "drop" {
			s.note("dropped %s", formatMessage(&chosen[i]))
			continue
		}
		m := cloneMessage(chosen[i])
		s.deliver(&m)
	}
}

func (s *script) crash(id batch3pc.NodeID) {
	if p := s.participant(id); p != nil {
		p.machine = nil
	} else {
		s.coordinator(id).machine = nil
	}
	disk := s.disk(id)
	fmt.Fprintf(&s.out, "%d loses %d records\n", id, len(disk.records)-disk.synced)
	disk.lose()
}

func (s *script) restart(t *testing.T, id batch3pc.NodeID) {
	var err error
	if p := s.participant(id); p != nil {
		err = s.startParticipant(p)
		fmt.Fprintln(&s.out, formatParticipant(p))
	} else {
		err = s.startCoordinator(s.coordinator(id))
		s.connect(s.coordinator(id))
	}
	if err != nil {
		fmt.Fprintln(&s.out, err)
	}
}

// lose makes records of a crashed participant unreadable, or all that it had.
func (s *script) lose(t *testing.T, d *datadriven.TestData) {
	p := s.participant(s.id(t, d, 0))
	if d.Cmd == "forget" {
		p.disk = disk{}
		if _, err := fmt.Sscanf(d.CmdArgs[1].Key, "%x", &p.cfg.Incarnation); err != nil {
			t.Fatal(err)
		}
		return
	}
	first, count := int(s.id(t, d, 1)), int(s.id(t, d, 2))
	for _, r := range p.disk.records[first : first+count] {
		fmt.Fprintf(&s.out, "unreadable: %s\n", formatRecord(&r))
	}
	p.disk.records = slices.Replace(p.disk.records, first, first+count, batch3pc.Record{Kind: recordHole})
	p.disk.synced = len(p.disk.records)
}
