package engine

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// sharedLog is a command log that another engine has, until it is free.
type sharedLog struct {
	log  *memoryLog
	at   int
	free atomic.Bool
}

func (f *sharedLog) Follow(take func(kind uint8, body []byte) error) (grown bool, err error) {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	for ; f.at < len(f.log.kinds); f.at++ {
		if err := take(f.log.kinds[f.at], f.log.bodies[f.at]); err != nil {
			return grown, err
		}
		grown = true
	}
	return grown, nil
}

func (f *sharedLog) Settled() bool { return f.at == len(f.log.kinds) }

func (f *sharedLog) Lead(take func(kind uint8, body []byte) error) (Log, error) {
	if !f.free.Load() {
		return nil, nil
	}
	_, err := f.Follow(take)
	return f.log, err
}

// TestStandby: the engine that led falls silent and keeps its log: what it left in doubt is terminated, and
// nothing else happens. When the log is free the standby goes on, and the end is that of a run without.
func TestStandby(t *testing.T) {
	cmds := randomFlow(41, 6000)
	var c crashing
	if _, _, err := c.life(t, nil, cmds, 30, nil); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	b := newTestBox(t, func(b *testBox) {
		b.cfg.Boot, b.cfg.Self, b.log = 2, 17, c.log
		b.cfg.Deadlines.ResendNs, b.cfg.Deadlines.ElectionNs = int64(time.Millisecond), int64(20*time.Millisecond)
		for i, p := range b.peers {
			p.machine, p.app = c.peers[i].machine, c.peers[i].app
		}
	})
	b.engine.core.Close()
	ports, shared, held := b.engine.ports, &sharedLog{log: c.log}, len(c.log.kinds)
	terminated, proposed, stood := false, 0, 0
	ports.Notify = func(n Notice) {
		if n.Kind == NoticeStanding {
			stood++
		}
		if n.Kind == NoticeTerminated {
			terminated, proposed = true, len(c.log.kinds)-held
			shared.free.Store(true)
		}
	}
	replica, err := NewReplica(b.cfg.Limits)
	if err != nil {
		t.Fatal(err)
	}
	if b.engine, err = Stand(b.cfg, ports, b.bell, shared, replica, 0); err != nil {
		t.Fatal(err)
	}
	res, err := b.run(t, cmds[b.source.Commands:])
	if err != nil {
		t.Fatal(err)
	}
	if !terminated || proposed != 0 {
		t.Errorf("terminated: %v, and %d records written to a log of somebody else", terminated, proposed)
	}
	if stood != 1 {
		t.Errorf("it was said %d times that the engine stands by", stood)
	}
	want, core := matchAll(t, b.cfg.Limits, cmds, nil)
	defer core.Close()
	for _, p := range b.peers {
		sameTrades(t, p.app.applied, want)
	}
	if res.StateHash != core.StateHash() {
		t.Error("the books differ from those of a run without")
	}
	whole, err := NewReplica(b.cfg.Limits)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	if err := c.log.Replay(whole.Take); err != nil {
		t.Fatal(err)
	}
	for _, p := range b.peers {
		if promised := p.machine.Status().LastElected; whole.epoch.Ballot.Less(promised) {
			t.Errorf("participant %d has promised %v, the log knows of ballots up to %v: its next owner would be fenced", p.node, promised, whole.epoch.Ballot)
		}
	}
	again, err := NewReplica(b.cfg.Limits)
	if err != nil {
		t.Fatal(err)
	}
	if b.engine, err = Stand(b.cfg, ports, b.bell, &sharedLog{log: c.log}, again, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := b.engine.Run(t.Context()); !errors.Is(err, ErrEnded) {
		t.Errorf("standing by for a run that is finished: %v, want ErrEnded", err)
	}
}

// TestStandingBy: a standby is ready when it has the whole log and a link to each member. One that was left out is not missed.
func TestStandingBy(t *testing.T) {
	var said []Notice
	log := &sharedLog{log: &memoryLog{}}
	e := &Engine{replica: &Replica{}, followed: log, ports: Ports{Notify: func(n Notice) { said = append(said, n) }}}
	for node := batch3pc.NodeID(1); node <= 3; node++ {
		e.peers = append(e.peers, peer{Peer: Peer{Node: node, Name: fmt.Sprint("participant ", node)}, up: true})
	}
	standing := false
	step := func(why string, want bool, notices ...Notice) {
		t.Helper()
		said = nil
		if standing = e.tellStanding(standing); standing != want || !slices.Equal(said, notices) {
			t.Errorf("%s: standing by: %v, and said %+v, want %v and %+v", why, standing, said, want, notices)
		}
	}
	log.at = -1
	step("the log is not read", false)
	log.at = 0
	e.peers[2].up = false
	step("3 is not there", false)
	e.replica.members = []Membership{{Generation: membersOf(t, 1, 2)}}
	step("3 was left out", true, Notice{Kind: NoticeStanding})
	step("nothing new", true)
	e.peers[1].up = false
	step("2 is gone", false, Notice{Kind: NoticeUnready, Peer: "participant 2"})
	e.peers[1].up = true
	step("2 is back", true, Notice{Kind: NoticeStanding})
	e.replica.members = append(e.replica.members, Membership{Generation: membersOf(t, 1, 2, 3)})
	step("3 is a member again", false, Notice{Kind: NoticeUnready, Peer: "participant 3"})
}

// membersOf is a generation of the participants 1 to 3 with these members.
func membersOf(t *testing.T, members ...batch3pc.NodeID) batch3pc.Generation {
	t.Helper()
	entry := batch3pc.Batch{Seq: 1, Generation: 1, Count: batch3pc.CountGeneration}
	for node := batch3pc.NodeID(1); node <= 3; node++ {
		one := [16]byte{0: byte(node)}
		if slices.Contains(members, node) {
			one[1] = 1
		}
		entry.Payload = append(entry.Payload, one[:]...)
	}
	entry.Seal()
	g, ok := batch3pc.GenerationOf(&entry)
	if !ok {
		t.Fatal("no generation")
	}
	return g
}
