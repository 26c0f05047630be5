package engine

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"
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
	terminated, proposed := false, 0
	ports.Notify = func(n Notice) {
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
