//tezi:pure

package rounds

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// ParticipantConfig configures a Participant.
type ParticipantConfig struct {
	Header codec.Header // Cluster, From and Boot of the frames that it sends
	// Async lets promises leave before the disk has kept them. It breaks every guarantee, and is for
	// measurements of what the disk costs.
	Async  bool
	TickNs int64      // interval of the Ticks of a Machine that has them, in nanoseconds
	Other  OtherFrame // nil: a frame that is not the protocol's is dropped
	// CheckpointBatches is after how many applied batches the log gets a checkpoint, in front of which
	// it is cut as soon as it may be. 0, a Log that is no Cutter, or an App without snapshots: never.
	// CheckpointPhase shifts them by so many batches: while one participant writes its state to the disk,
	// a quorum of others decides.
	CheckpointBatches, CheckpointPhase uint64
	// Unreadable is told, by the Round, when what others lack cannot be read from the log; it goes on without
	// helping them. nil: nobody is.
	Unreadable func(error)
}

// Participant connects the machine of one participant to its coordinators and its log. It is a
// duty cycle: whoever owns it calls Round, with the time, from one goroutine.
type Participant struct {
	outlet
	machine Machine
	ticker  ticker // the machine again, or nil
	clock   clock
	older   older
	keeper  keeper
	split   split
}

// NewParticipant connects machine, to which the log was replayed (Replay), to its coordinators.
func NewParticipant(cfg ParticipantConfig, machine Machine, log Log, coordinators []Peer) *Participant {
	p := &Participant{outlet: newOutlet(cfg.Header, log, cfg.Other, coordinators), machine: machine, clock: clock{interval: cfg.TickNs}}
	p.role, p.async = p, cfg.Async
	p.ticker, _ = machine.(ticker)
	if m, ok := machine.(olderMachine); ok {
		p.older.machine, p.older.unreadable = m, cfg.Unreadable
		p.older.archive, _ = log.(Archive)
	}
	p.keeper = newKeeper(machine, log, cfg.CheckpointBatches, cfg.CheckpointPhase)
	return p
}

// Round takes what has arrived, writes and answers. nowNs is the time by any clock that does not go
// back. It reports whether anything had arrived. After an error the node must not go on: its log
// failed (D3), or what Other says.
func (p *Participant) Round(nowNs int64) (worked bool, err error) {
	if worked, err = p.poll(); err != nil {
		return worked, err
	}
	if err := p.apply(); err != nil {
		return worked, err
	}
	if p.ticker != nil && p.clock.due(nowNs) {
		if err := p.do(p.ticker.Tick()); err != nil {
			return worked, err
		}
	}
	read := p.older.answer(p.send, &p.keeper, p.applied)
	if worked {
		if err := p.keep(); err != nil {
			return true, err
		}
	}
	if err := p.settle(worked); err != nil {
		return worked, err
	}
	if worked {
		p.older.passed(p.machine.Status().Voted)
	}
	return worked || read, nil
}

// Close releases what a Round has opened; the log itself is the owner's.
func (p *Participant) Close() { p.older.close() }

// Ready reports whether Round would find something: an event of a link, or a sync that ended. It is
// a few loads, and made to be polled.
func (p *Participant) Ready() bool { return p.older.left > 0 || p.ready() }

// WakeNs is when Round wants to be called at the latest; 0: not before Ready.
func (p *Participant) WakeNs() int64 { return p.clock.next }

func (p *Participant) applied() batch3pc.Seq { return p.machine.Status().Applied }

// Connected counts the coordinators whose link is up.
func (p *Participant) Connected() int { return p.connected() }

// Bad counts frames that were dropped: malformed, in the name of another node, or of a kind that nobody
// here understands. A peer that sends them has a fault, or is of another version.
func (p *Participant) Bad() uint64 { return p.bad }

func (p *Participant) linked(*peer) error { return nil } // the machine only ever reacts

// idle is true if everything that was voted for is pre-committed: the coordinator has to hear of that before it
// can go on, unless it has more batches than it has sent so far.
func (p *Participant) idle() bool {
	s := p.machine.Status()
	return s.Voted == s.PreCommitted
}

// clock says when a Tick is due.
type clock struct {
	interval int64
	next     int64 // 0: the clock has not started
}

// due reports whether the interval is over, and begins the next one. The first call starts it.
func (c *clock) due(nowNs int64) bool {
	if c.next != 0 && nowNs < c.next {
		return false
	}
	first := c.next == 0
	c.next = nowNs + c.interval
	return !first
}
