package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// chunkMax is how many commands are matched between two looks at the links. Small: a vote must
// not wait long. Large enough that clock, ring and log are touched once for many.
const chunkMax = 64

// canMatch reports whether a command may be applied now: the engine owns a ballot, and the open
// batch has room or can be sealed. While the market is halted what makes no trade needs neither.
func (e *Engine) canMatch() bool {
	if e.active() && !e.open.Full(e.cfg.BatchTarget) {
		return true
	}
	return e.core.Halted() != orderbook.Accepted && len(e.backlog) == 0 && (e.active() || e.electing())
}

// admits reports whether new input may begin with cmd.
func (e *Engine) admits(cmd *codec.Command) bool {
	return e.active() && !e.open.Full(e.cfg.BatchTarget) && !e.core.Pending() || e.core.Passes(cmd)
}

// carriesOn reports whether to go on with what one command could not finish.
func (e *Engine) carriesOn() bool {
	return e.active() && e.core.Pending() && !e.open.Full(e.cfg.BatchTarget)
}

// takes reports whether the open batch has room for what cmd may do.
func (e *Engine) takes(cmd *codec.Command) bool {
	return !e.open.Full(e.cfg.BatchTarget) || e.core.Passes(cmd)
}

// pollInput matches one chunk: first what an abort left to be matched again, then what a command could
// not finish, then new input. stop: take nothing new.
func (e *Engine) pollInput(stop bool) bool {
	if !e.canMatch() {
		return false
	}
	if len(e.backlog) > 0 {
		e.rematch()
		return true
	}
	if e.carriesOn() {
		return e.carryOn()
	}
	if stop {
		return false
	}
	in := e.input.Peek(chunkMax)
	if len(in) == 0 || !e.admits(&in[0].Command) {
		return false
	}
	e.logSafe = e.log.safe.Load() // before the claim: what is freed after it shows as a change
	rec := e.log.claim(RecordCommands, len(in)*codec.CommandSize)
	if e.logFull = rec == nil; e.logFull {
		return false
	}
	takenNs, traded := e.takenNs(), e.open.Trades()
	e.core.Warm(in)
	logged, _ := codec.Commands(rec)
	n := 0
	for n < len(in) && e.admits(&in[n].Command) {
		logged[n] = in[n].Command
		e.seq++
		logged[n].Seq = e.seq
		e.match(&logged[n], in[n].ArrivalNs)
		n++
	}
	e.nowNs = e.ports.Clock()
	e.markChunk(takenNs, traded)
	for i := range in[:n] {
		if at := in[i].ArrivalNs; at != 0 && in[i].Command.Kind.Asks() {
			e.ports.Recorder.Record(StageOrderToMatch, e.nowNs-at)
		}
	}
	e.input.Release(n)
	if e.input.Len() <= e.input.Cap()/2 {
		e.feeder.Ring() // not at every release: a feeder that waits should come back to much room
	}
	e.log.publish(n * codec.CommandSize)
	return true
}

// carryOn sequences, logs and applies the command that goes on with what the last one could not finish.
func (e *Engine) carryOn() bool { return e.make(e.core.Continue()) }

// make sequences, logs and applies a command of the engine's own. It reports false when the log has no room.
func (e *Engine) make(cmd codec.Command) bool {
	e.logSafe = e.log.safe.Load() // as in pollInput
	rec := e.log.claim(RecordCommands, codec.CommandSize)
	if e.logFull = rec == nil; e.logFull {
		return false
	}
	logged, _ := codec.Commands(rec)
	logged[0] = cmd
	e.seq++
	logged[0].Seq = e.seq
	e.match(&logged[0], 0)
	e.log.publish(codec.CommandSize)
	return true
}

// match applies one command and remembers the arrival of each trade's taker.
func (e *Engine) match(cmd *codec.Command, arrivalNs int64) {
	before := e.open.Trades()
	e.core.Apply(cmd, e.open)
	for range e.open.Trades() - before {
		e.arrival = append(e.arrival, arrivalNs)
	}
	if before == 0 && e.open.Trades() > 0 {
		e.openNs = e.nowNs
	}
}

// rematch applies a chunk of the backlog: commands that are sequenced and in the log already.
func (e *Engine) rematch() {
	n, most := 0, e.core.WarmLogged(e.backlog)
	for n < most && e.takes(&e.backlog[n]) {
		e.match(&e.backlog[n], 0)
		n++
	}
	e.backlog = e.backlog[n:]
	if len(e.backlog) == 0 {
		e.backlog = nil
	}
}

// inputDone reports whether no command is left to be matched. stop: what waits in the ring does not count.
func (e *Engine) inputDone(stop bool) bool {
	if len(e.backlog) > 0 || e.core.Pending() {
		return false
	}
	return stop || e.input.Closed() && e.input.Len() == 0
}

// quietMax is how many commands make an open batch sealed that has no trades. Nobody waits for such a batch; but who stands by
// has matched no more than what is sealed and decided. Before the market opens that would be nothing of what the day has had
// so far, and all of it would have to be matched in the moment in which he is to lead.
const quietMax = 4096

// maybeSeal seals the open batch when it is full, when it is old, when nothing else is in flight
// and no input waits, or when the input has ended; always only if the window has room.
func (e *Engine) maybeSeal(stop bool) error {
	for e.win.proposed < e.win.tail && e.coord.Room() && e.active() {
		if err := e.propose(e.win.at(e.win.proposed)); err != nil {
			return err
		}
	}
	if e.win.proposed < e.win.tail {
		return nil
	}
	full := e.open.Full(e.cfg.BatchTarget)
	quiet := e.open.Trades() == 0
	if quiet && !full && e.open.Commands() < quietMax {
		return nil
	}
	if e.win.full() || !e.coord.Room() {
		return nil
	}
	idle := e.input.Len() == 0 && len(e.backlog) == 0 && !e.core.Pending() && e.win.inFlight() == 0
	if full || quiet || e.old() || idle || e.inputDone(stop) {
		return e.seal()
	}
	return nil
}

// busyAges is how many times older an open batch may become while input waits.
const busyAges = 8

// old reports whether the open batch has come of age. While input waits, processors are what there is too little
// of; and a batch of a few hundred trades costs its participants about as much as a full one. In turns with a
// rule without this, on 2 busy cores: 12 to 42 % more trades/s.
func (e *Engine) old() bool {
	age := e.sealAgeNs()
	if e.input.Len() > 0 {
		age *= busyAges
	}
	return e.nowNs-e.openNs >= age
}

// sealAgeNs is the age at which an open batch is sealed: the more batches are under way, the longer
// it waits. So batches are small and quick when there is little to do, and grow when rounds are what
// the participants spend their time on.
func (e *Engine) sealAgeNs() int64 { return e.cfg.BatchAgeNs * int64(max(1, e.win.inFlight())) }

// seal turns the open batch into a proposal.
func (e *Engine) seal() error {
	s := e.win.at(e.win.tail)
	s.sealedNs, s.decidedNs = e.ports.Clock(), 0
	s.payload = e.open.AppendPayload(s.payload[:0])
	s.trades = e.open.Trades()
	s.lastCommand, s.nextTrade = e.core.LastCommand(), e.core.NextTrade()
	s.arrivals, e.arrival = e.arrival, s.arrivals[:0]
	s.marks, e.marks = e.marks, s.marks[:0]
	e.win.tail++
	e.open.Reset(s.lastCommand, s.nextTrade)
	return e.propose(s)
}

// propose puts a sealed batch into the stream.
func (e *Engine) propose(s *slot) error {
	b, ready, err := e.coord.Propose(uint32(s.trades), s.payload)
	if err != nil {
		return err
	}
	s.seq, s.chain, s.votedNs = b.Seq, b.Chain, 0
	e.win.proposed++
	var body [sealedSize]byte
	e.mustPut(RecordSealed, appendSealed(body[:0], Sealed{
		Seq: s.seq, Chain: s.chain, LastCommand: s.lastCommand, Trades: uint64(s.trades), Parent: b.Parent, Generation: b.Generation,
	}))
	s.logPos = e.log.pushed
	return e.do(ready)
}

// mustPut logs a small record that may not be lost. It waits only if the disk is a whole log ring
// behind, when nothing could be matched anyway. If the log has failed the next round ends the run.
func (e *Engine) mustPut(kind uint8, body []byte) {
	for !e.log.put(kind, body) && e.log.err() == nil {
		e.log.wake()
		e.bell.Wait(func() bool { return e.log.err() != nil || e.log.safe.Load()+1 >= e.log.pushed })
	}
	if kind != RecordDecided { // for that one nobody waits
		e.log.wake()
	}
}
