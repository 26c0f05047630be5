package demo

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// trial is one protocol in one scenario.
type trial struct {
	scenario *scenario
	protocol *protocol
	world    *world
	story    *story
	engine   *node
	faultNs  int64 // 0: it has not struck
}

func newTrial(s *scenario, p *protocol, seed uint64) *trial {
	w := newWorld(seed)
	t := &trial{scenario: s, protocol: p, world: w, story: newStory(w)}
	w.sent, w.wrote = t.sent, t.wrote
	return t
}

// run proposes one batch and looks on until everybody knows, or the fault has been over for a while.
func (t *trial) run() error {
	w := t.world
	t.engine = w.add(engineNode)
	var sites []*node
	for _, id := range voters {
		sites = append(sites, w.add(id))
		w.connect(t.engine, sites[len(sites)-1])
	}
	watcher := (*node)(nil)
	if t.protocol.standby != nil {
		watcher = w.add(backupNode)
		for _, n := range sites {
			w.connect(watcher, n)
		}
	}
	for i, n := range sites {
		m, err := t.protocol.participant(n.id, &books{t.story, i})
		if err != nil {
			return err
		}
		n.start(rounds.NewParticipant(rounds.ParticipantConfig{Header: header(n), TickNs: t.protocol.tickNs}, m, n.disk, n.peers()))
	}
	lead, err := t.lead(t.engine, t.protocol.coordinator)
	if err != nil {
		return err
	}
	if watcher != nil {
		if _, err := t.lead(watcher, t.protocol.standby); err != nil {
			return err
		}
	}
	if err := lead.Open(); err != nil {
		return err
	}
	if err := w.run(2*tickNs + tickNs/3); err != nil { // everybody is there; and nothing else is due
		return err
	}
	t.story.beginNs = w.nowNs
	if _, err := lead.Propose(1, []byte("100 RELIANCE @ 1402.50")); err != nil {
		return err
	}
	t.engine.soon()
	for end := w.nowNs + t.scenario.lastsNs + marginNs; w.nowNs < end && !t.story.everybody(); {
		if err := w.run(w.nowNs + tickNs/100); err != nil {
			return err
		}
	}
	t.story.end()
	return nil
}

func header(n *node) codec.Header { return codec.Header{Cluster: 1, From: uint8(n.id), Boot: 1} }

// lead starts a coordinator on what its disk holds.
func (t *trial) lead(n *node, machine func() (rounds.Proposer, error)) (*rounds.Coordinator, error) {
	m, err := machine()
	if err != nil {
		return nil, err
	}
	if err := n.disk.replay(m); err != nil {
		return nil, err
	}
	c := rounds.NewCoordinator(rounds.CoordinatorConfig{Header: header(n), TickNs: t.protocol.tickNs, RetainMax: 16}, m, n.disk, n.peers())
	n.start(c)
	return c, nil
}

// comeBack starts the engine again.
func (t *trial) comeBack() {
	t.story.tell(coordinator, "is back")
	c, err := t.lead(t.engine, t.protocol.coordinator)
	if err == nil {
		err = c.Open()
	}
	if err != nil {
		t.world.failed = err
	}
}

// strike makes the fault happen, once.
func (t *trial) strike() {
	t.faultNs = t.world.nowNs - t.story.beginNs
	t.scenario.strike(t)
}

// wrote sees every record.
func (t *trial) wrote(n *node, kind batch3pc.RecordKind) {
	if kind == batch3pc.RecordPreCommit {
		t.story.tell(nameOf(n.id), "pre-committed")
	}
	if t.faultNs == 0 && t.story.beginNs != 0 && n == t.engine && kind == t.protocol.record && t.scenario.kills {
		t.strike()
	}
}

// sent sees every message, tells the story, and lets the fault strike before the message leaves.
func (t *trial) sent(m *batch3pc.Message) bool {
	if t.faultNs == 0 && t.story.beginNs != 0 && t.protocol.strikes(m) {
		t.strike()
		if t.scenario.kills {
			return false
		}
	}
	name := nameOf(m.From)
	switch m.Kind {
	case batch3pc.KindBatch:
		t.story.tell(name, "CAN-COMMIT?")
	case batch3pc.KindYes:
		t.story.tell(name, "yes")
	case batch3pc.KindPreCommit:
		t.story.tell(name, "PRE-COMMIT")
	case batch3pc.KindCommit:
		if m.Commit > 0 {
			t.story.tell(name, "COMMIT")
		}
	case batch3pc.KindStateReq:
		if m.From == backupNode {
			t.story.tell(name, "takes over")
		}
	case batch3pc.KindState:
		if m.To == backupNode {
			t.story.tell(name, "promises")
		}
	case batch3pc.KindStart:
		t.story.tell(name, t.protocol.start(m.Seq > 0))
	case batch3pc.KindStartAck:
		if m.To == backupNode {
			t.story.tell(name, "accepts")
		}
	case batch3pc.KindStale:
		t.story.tell(nameOf(m.To), "is fenced")
	}
	return true
}

func nameOf(n batch3pc.NodeID) string {
	switch n {
	case engineNode:
		return coordinator
	case backupNode:
		return backup
	}
	return lanes[n-1]
}

func (t *trial) result() Trial {
	v := t.story.verdict(t.faultNs + t.scenario.lastsNs)
	return Trial{
		Protocol: t.protocol.id, Name: t.protocol.name, Verdict: v, Meaning: t.protocol.meaning[v],
		FaultNs: t.faultNs, Fates: t.story.fates, Events: t.story.events,
	}
}

// books is the App of a participant: it agrees, and tells the story.
type books struct {
	story *story
	lane  int
}

// Vote says yes.
func (b *books) Vote(*batch3pc.Batch, bool) batch3pc.Vote {
	if b.story.votedNs[b.lane] == 0 {
		b.story.votedNs[b.lane] = b.story.w.nowNs - b.story.beginNs
	}
	return batch3pc.Vote{Yes: true}
}

// Apply commits.
func (b *books) Apply(*batch3pc.Batch) { b.story.decided(b.lane, committed, "COMMITTED") }

// Drop aborts.
func (b *books) Drop(*batch3pc.Batch) { b.story.decided(b.lane, aborted, "ABORTED") }
