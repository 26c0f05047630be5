package engine

import (
	"context"
	"errors"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// machine is the coordinator as the loop steps it: a batch3pc.Coordinator, or the batch3pc.Standby
// around it.
type machine interface {
	Step(*batch3pc.Message) batch3pc.Ready
	Advance(nowNs int64) batch3pc.Ready
	PeerUp(batch3pc.NodeID) batch3pc.Ready
	PeerDown(batch3pc.NodeID)
}

// FollowedLog is a command log that another engine writes.
type FollowedLog interface {
	// Follow passes on what the log has grown by since the last call, and reports whether there was
	// anything.
	Follow(take func(kind uint8, body []byte) error) (grown bool, err error)
	// Settled reports whether the end of the log was reached, and Lead has no more to do than what was written since.
	Settled() bool
	// Lead returns the log to write to once no other engine has it, after everything that it holds was
	// passed on and is durable. Until then nil: it does not wait.
	Lead(take func(kind uint8, body []byte) error) (Log, error)
}

// ErrEnded: the engine that led has finished the run. There is nothing to stand by for.
var ErrEnded = errors.New("the run is finished")

// followPause is how long a standby sleeps when the log has not grown: what it costs is that the core
// is so much behind.
const followPause = time.Millisecond

// Stand returns an engine that stands by: it keeps a core at what the engine that leads has decided
// (Replica), and takes over when that one is gone. Its ballots rest on cfg.Boot alone, which must be
// no other start's: until it leads it has no log to write epochs to. rank says how many others come before it
// when the leader is silent.
//
// A leader that dies gives up the log, which is noticed at once. One that is silent and holds the log
// can only be fenced: what it left in doubt is terminated, and nothing new is proposed until the log is
// free. batch3pc.Standby knows silence from what the participants hear.
func Stand(cfg Config, ports Ports, bell *ringbuf.Bell, followed FollowedLog, r *Replica, rank int) (*Engine, error) {
	e, err := Resume(cfg, ports, bell, r)
	if err != nil {
		return nil, err
	}
	stand, err := batch3pc.NewStandby(batch3pc.StandbyConfig{
		Coordinator: cfg.coordinator(), PatienceTicks: cfg.Deadlines.PatienceTicks(), Rank: rank,
	})
	if err != nil {
		return nil, err
	}
	e.followed, e.stand = followed, stand
	e.coord, e.machine, e.log = stand.Coordinator(), stand, nil
	return e, nil
}

// standBy follows the log until it is ours.
func (e *Engine) standBy(ctx context.Context) error {
	terminated, standing := batch3pc.Ballot{}, false
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		e.wake()
		worked, err := e.pollLinks()
		if err != nil {
			return err
		}
		grown, err := e.followed.Follow(e.replica.Take)
		if err != nil {
			return err
		}
		e.stats.Source.Store(e.replica.source.Commands)
		if e.replica.ended {
			return ErrEnded
		}
		log, err := e.followed.Lead(e.replica.Take)
		if err != nil {
			return err
		}
		if log != nil {
			return e.lead(log)
		}
		if err := e.tick(); err != nil {
			return err
		}
		if st := e.status; st.State == batch3pc.StateActive && st.Ballot != terminated {
			terminated = st.Ballot
			e.ports.Notify(Notice{Kind: NoticeTerminated, Seq: st.Base})
		}
		e.sayCommits()
		standing = e.tellStanding(standing)
		if !worked && !grown {
			e.bell.WaitUntil(e.heard, followPause)
		}
	}
}

// tellStanding tells people when this engine would take over at once, and when it would not any more, and reports whether it
// would. was is what it has reported before.
func (e *Engine) tellStanding(was bool) bool {
	missing := e.missingMember()
	standing := missing == "" && e.followed.Settled()
	switch {
	case standing && !was:
		e.ports.Notify(Notice{Kind: NoticeStanding, Seq: e.replica.settled.Seq})
	case was && !standing:
		e.ports.Notify(Notice{Kind: NoticeUnready, Peer: missing})
	}
	return standing
}

// missingMember names a participant that is a member, as the log says, and not connected; "": none.
func (e *Engine) missingMember() string {
	for i := range e.peers {
		p, member := &e.peers[i], true
		if n := len(e.replica.members); n > 0 {
			entry := e.replica.members[n-1].Generation.Find(p.Node)
			member = entry != nil && entry.Member
		}
		if member && !p.up {
			return p.Name
		}
	}
	return ""
}

// heard reports whether a participant has said something.
func (e *Engine) heard() bool {
	for i := range e.peers {
		if ev, _ := e.peers[i].link.Next(); ev != LinkNone {
			return true
		}
	}
	return false
}

// lead makes this engine the one that proposes: the log is its own. It goes on in the ballot that it
// has terminated the old one's batches in, if it had to, or else opens one.
func (e *Engine) lead(log Log) error {
	if e.replica.ended {
		return ErrEnded
	}
	e.ports.Log = log
	e.log = newLogger(log, e.cfg.Durable, e.bell)
	e.log.start()
	e.progressNs = e.nowNs
	e.ports.Notify(Notice{Kind: NoticeLeading, Seq: e.replica.settled.Seq})
	if err := succeed(e.coord, e.replica); err != nil {
		return err
	}
	if e.stand.Status().Watching {
		return e.do(e.stand.TakeOver())
	}
	// The ballot was opened without the log. Who takes the log up later has to open a higher one.
	epoch := batch3pc.Record{Kind: batch3pc.RecordEpoch, Ballot: e.status.Ballot}
	e.mustPut(uint8(epoch.Kind), codec.AppendRecord(nil, &epoch))
	return nil
}
