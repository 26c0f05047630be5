package engine

import (
	"fmt"

	"github.com/tezi-exchange/tezi/codec"
)

// halt is called while commits have stood still for HaltNs (design D6): it ends the run, if the run is
// being finished or Config.HaltEnds says so; or else it goes on, until commits do. With Config.HaltRejects
// it tells every order meanwhile that the market is halted; without, the source waits.
func (e *Engine) halt(stop bool) error {
	if e.cfg.HaltEnds || stop {
		return fmt.Errorf("%w: %s", ErrHalted, e.missing())
	}
	if !e.halted {
		e.halted = true
		e.ports.Notify(Notice{Kind: NoticeHalted, Peer: e.missing(), InFlight: e.win.inFlight(), ForNs: e.nowNs - e.progressNs})
	}
	if e.cfg.HaltRejects {
		e.setHalt(true)
	}
	return nil
}

// resume is called while commits do not stand still.
func (e *Engine) resume() {
	if e.halted {
		e.halted = false
		e.ports.Notify(Notice{Kind: NoticeTrading, Seq: e.status.Committed})
	}
	e.setHalt(false)
}

// setHalt halts the market, or lets it trade again, by a command in the log. Without a ballot, or with a
// full log, it is done by a later round.
func (e *Engine) setHalt(halt bool) {
	if !e.active() || len(e.backlog) > 0 || e.core.Halted() == halt {
		return
	}
	cmd := codec.Command{Kind: codec.KindHalt, TimeNs: e.core.timeNs}
	if !halt {
		cmd.Flags = codec.FlagLift
	}
	e.make(cmd)
}
