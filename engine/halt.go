package engine

import (
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// DiskFull says that the disk of the command log is full, or nearly so, or that it has room again. Any goroutine may
// call it. With Config.HaltRejects trading halts at once, and goes on with the room; the rejects are in the log as
// everything else, so the caller keeps some room for them. Without, nothing happens: the source is to wait.
func (e *Engine) DiskFull(full bool) {
	if e.diskFull.Swap(full) != full {
		e.bell.Ring()
	}
}

// halt is called while commits have stood still for HaltNs (design D6): it ends the run, if the run is
// being finished or Config.HaltEnds says so; or else trading halts, until batches commit again.
func (e *Engine) halt(stop bool) error {
	if e.cfg.HaltEnds || stop {
		return fmt.Errorf("%w: %s", ErrHalted, e.missing())
	}
	reason := orderbook.RejectHalted
	for i := range e.peers {
		if p := &e.peers[i]; p.seat.Member && e.hasNoRoom(p) {
			reason = orderbook.RejectDiskFull
		}
	}
	e.haltFor(reason, e.missing())
	return nil
}

// haltFor halts trading and tells people why. With Config.HaltRejects it tells every order, too; without, or as long
// as the engine cannot, the source waits.
func (e *Engine) haltFor(reason orderbook.RejectReason, because string) {
	rejects := e.cfg.HaltRejects && e.canRefuse()
	if e.halted != reason || e.refuses != rejects {
		e.halted, e.refuses = reason, rejects
		e.ports.Notify(Notice{
			Kind: NoticeHalted, Peer: because, Why: reason.String(), Rejects: rejects, InFlight: e.win.inFlight(), ForNs: e.nowNs - e.progressNs,
		})
	}
	if e.cfg.HaltRejects {
		e.setHalt(reason)
	}
}

// resume is called while there is no reason to halt.
func (e *Engine) resume() {
	if e.halted != orderbook.Accepted {
		e.halted = orderbook.Accepted
		e.ports.Notify(Notice{Kind: NoticeTrading, Seq: e.status.Committed})
	}
	e.setHalt(orderbook.Accepted)
}

// setHalt halts the market, or with Accepted lets it trade again, by a command in the log. When that is not possible
// now, because there is no core yet, or one is being made again, or the log is full, a later round does it.
func (e *Engine) setHalt(reason orderbook.RejectReason) {
	if !e.canRefuse() || len(e.backlog) > 0 || e.core.Halted() == reason {
		return
	}
	cmd := codec.Command{Kind: codec.KindHalt, TimeNs: e.core.timeNs, Ref: uint32(reason)}
	if reason == orderbook.Accepted {
		cmd.Flags = codec.FlagLift
	}
	e.make(cmd)
}

// canRefuse reports whether there is a book that an order can be refused by. Before the first ballot there is none yet:
// it says what of the log is decided, and so with which command the book begins.
func (e *Engine) canRefuse() bool { return e.active() || e.electing() }

// electing reports whether the engine is between two ballots, of which the next takes up the book as it is: what makes
// no trade may be sequenced meanwhile.
func (e *Engine) electing() bool {
	s := e.status.State
	return (s == batch3pc.StateElecting || s == batch3pc.StateStarting) && e.replica == nil && e.rolling == nil
}

// noteRoom notes that a participant says that it cannot take a batch now: so speaks one whose disk is full.
func (e *Engine) noteRoom(p *peer, m *batch3pc.Message) {
	if m.Kind == batch3pc.KindNo && m.Reason == batch3pc.ReasonInfra {
		p.notNow, p.notNowNs = true, e.nowNs
	}
}

// hasNoRoom reports whether a participant has said so lately. It is asked again and again, and says it again.
func (e *Engine) hasNoRoom(p *peer) bool {
	return p.up && p.notNow && e.nowNs-p.notNowNs < max(e.cfg.StallNs, 3*e.cfg.Deadlines.ResendNs)
}
