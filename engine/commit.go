package engine

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// do carries out a Ready in its order. The coordinator's only records are epochs, at an election:
// waiting for the disk there costs nothing.
func (e *Engine) do(r batch3pc.Ready) error {
	e.status = e.coord.Status() // every call of the coordinator comes by here
	if e.log == nil {
		e.sendOrKeep(r.Messages)
		for i := range r.Durable { // a standby's ballots are new by its boot number
			e.send(&r.Durable[i])
		}
		return nil
	}
	for i := range r.Records {
		var body [recordMax]byte
		e.mustPut(uint8(r.Records[i].Kind), codec.AppendRecord(body[:0], &r.Records[i]))
	}
	e.sendOrKeep(r.Messages)
	if len(r.Durable) == 0 {
		return nil
	}
	if err := e.logBarrier(); err != nil {
		return err
	}
	for i := range r.Durable {
		e.send(&r.Durable[i])
	}
	return nil
}

// sendOrKeep sends what does not wait for the end of the round.
func (e *Engine) sendOrKeep(messages []batch3pc.Message) {
	for i := range messages {
		if m := &messages[i]; !e.commits.Keep(m) {
			e.send(m)
		}
	}
}

// sayCommits ends a round: the commits that no batch has carried leave.
func (e *Engine) sayCommits() {
	kept := e.commits.Take()
	for i := range kept {
		e.send(&kept[i])
	}
}

// recordMax bounds the body of a coordinator's record, which carries no batch.
const recordMax = 128

// logBarrier waits until everything pushed is durable. Only for elections and aborts.
func (e *Engine) logBarrier() error {
	e.log.wake()
	for e.log.safe.Load() < e.log.pushed {
		if err := e.log.err(); err != nil {
			return err
		}
		e.bell.Wait(func() bool { return e.log.safe.Load() >= e.log.pushed || e.log.err() != nil })
	}
	return nil
}

// send encodes a message into the link of its receiver. A link that is down or full loses it: Tick
// sends the watermark again.
func (e *Engine) send(m *batch3pc.Message) {
	p := e.peerOf(m.To)
	n := codec.MessageSize(m)
	buf := p.link.Claim(n)
	if buf == nil {
		return
	}
	codec.AppendMessage(buf[:0], e.header, m)
	p.link.Publish(n)
}

func (e *Engine) peerOf(n batch3pc.NodeID) *peer {
	for i := range e.peers {
		if e.peers[i].Node == n {
			return &e.peers[i]
		}
	}
	panic("engine: message to an unknown node")
}

// framesPerRound bounds how long one chatty peer can keep the loop.
const framesPerRound = 64

// pollLinks takes what the participants have sent.
func (e *Engine) pollLinks() (worked bool, err error) {
	for i := range e.peers {
		p := &e.peers[i]
		for range framesPerRound {
			ev, frame := p.link.Next()
			if ev == LinkNone {
				break
			}
			err := e.linkEvent(p, ev, frame)
			p.link.Release()
			if err != nil {
				return true, err
			}
			worked = true
		}
	}
	return worked, nil
}

func (e *Engine) linkEvent(p *peer, ev LinkEvent, frame []byte) error {
	switch ev {
	case LinkUp:
		p.compared = false
		p.up, p.asked, p.finished = true, false, false // one that comes back is asked again
		e.ports.Notify(Notice{Kind: NoticePeerUp, Peer: p.Name, Seq: e.status.Committed})
		return e.do(e.machine.PeerUp(p.Node))
	case LinkDown:
		p.up, p.seat.downNs = false, e.awakeNs
		e.machine.PeerDown(p.Node)
		if !p.finished {
			e.ports.Notify(Notice{Kind: NoticePeerDown, Peer: p.Name, InFlight: e.win.inFlight()})
		}
		return nil
	}
	var m batch3pc.Message
	h, body := codec.TrustFrame(frame)
	switch {
	case h.Kind == codec.FrameFinished:
		e.finished(p, body)
		return nil
	case h.Kind != codec.FrameMessage:
		e.drop(p, fmt.Errorf("%w: of kind %d, want %d or %d", codec.ErrFrameBody, h.Kind, codec.FrameMessage, codec.FrameFinished))
		return nil
	}
	if err := codec.DecodeMessage(body, h, &m, &e.batch); err != nil {
		e.drop(p, err)
		return nil
	}
	if m.From != p.Node {
		e.drop(p, fmt.Errorf("%w: in the name of node %d, want %d", codec.ErrFrameBody, m.From, p.Node))
		return nil
	}
	p.heardNs = e.nowNs
	p.applied = max(p.applied, m.Applied)
	e.compareDisk(p, &m)
	e.noteRoom(p, &m)
	return e.do(e.machine.Step(&m))
}

// finished takes the word of a participant that it has saved its state. One that was never asked cannot have.
func (e *Engine) finished(p *peer, body []byte) {
	if p.finished {
		return // it says so again, which is no progress
	}
	s, err := codec.DecodeSummary(body)
	if err == nil && !p.asked && p.seat.askedNs == 0 {
		err = fmt.Errorf("%w: the end of a stream that goes on", codec.ErrFrameBody)
	}
	if err != nil {
		e.drop(p, err)
		return
	}
	p.heardNs, e.progressNs = e.nowNs, e.nowNs
	p.summary, p.finished = s, true
	e.ports.Notify(Notice{Kind: NoticeFinished, Peer: p.Name})
}

// drop takes no notice of a frame that nobody here understands, but counts it and tells people of the 1st, 10th, 100th and
// so on. No participant can end the engine by what it says: one that says nothing else is a silent one to the protocol.
func (e *Engine) drop(p *peer, why error) {
	p.dropped++
	if p.dropped >= max(1, 10*p.said) {
		p.said = p.dropped
		e.ports.Notify(Notice{Kind: NoticeDropped, Peer: p.Name, Why: why.Error(), Times: p.dropped})
	}
}

// advance moves the window's cursors after the coordinator's watermarks, publishes what is newly
// decided, and opens the PRE-COMMIT gate for what the command log holds durably.
func (e *Engine) advance() error {
	w := &e.win
	safe, from := e.log.safe.Load(), w.gated
	for w.gated < w.proposed && w.at(w.gated).logPos <= safe {
		w.at(w.gated).gatedNs = e.nowNs
		w.gated++
	}
	if w.gated > from {
		if err := e.do(e.coord.InputsDurable(w.at(w.gated - 1).seq)); err != nil {
			return err
		}
	}
	st := e.status
	if st.State == batch3pc.StateRefused && e.rolling == nil {
		if err := e.refused(st.Refused); err != nil {
			return err
		}
		st = e.status
	}
	if st.State == batch3pc.StateActive {
		if st.Ballot != e.ballot {
			if err := e.opened(&st); err != nil {
				return err
			}
		}
		if err := e.noteGeneration(); err != nil {
			return err
		}
	}
	return e.moveCursors(&st)
}

// opened follows the choice of a ballot: what is at or below its base is decided, the rest is aborted.
func (e *Engine) opened(st *batch3pc.CoordinatorStatus) error {
	e.ballot = st.Ballot
	switch {
	case e.replica != nil:
		return e.takeUp(batch3pc.Position{Seq: st.Base, Chain: st.BaseChain})
	case e.rolling != nil:
		return e.rollback(st.Base)
	}
	e.cut(st.Base)
	return nil
}

func (e *Engine) moveCursors(st *batch3pc.CoordinatorStatus) error {
	w := &e.win
	rec := e.ports.Recorder
	for w.voted < w.proposed && w.at(w.voted).seq <= max(st.Voted, st.Committed) {
		s := w.at(w.voted)
		s.votedNs = e.nowNs
		rec.Record(StageCanCommit, s.votedNs-s.sealedNs)
		w.voted++
	}
	for w.decided < w.proposed && w.at(w.decided).seq <= st.Committed {
		if err := e.decide(w.at(w.decided)); err != nil {
			return err
		}
		w.decided++
	}
	e.tellApplied()
	for w.applied < w.decided && w.at(w.applied).seq <= st.Applied {
		rec.Record(StageDoCommit, e.nowNs-w.at(w.applied).decidedNs)
		w.applied++
		e.progressNs = e.nowNs
	}
	for w.released < w.applied && w.at(w.released).seq <= st.Released {
		w.release()
	}
	if st.Committed > e.loggedSeq && st.State == batch3pc.StateActive { // so what it covers of changes is in the log before it
		var body [decidedSize]byte
		e.mustPut(RecordDecided, appendDecided(body[:0], Decided{st.Committed, st.CommittedChain}))
		e.loggedSeq = st.Committed
	}
	return nil
}

// decide publishes one batch: the first moment its trades may be seen.
func (e *Engine) decide(s *slot) error {
	s.decidedNs = e.nowNs
	rec := e.ports.Recorder
	rec.Record(StagePreCommit, s.decidedNs-s.votedNs)
	rec.Record(StageBatchDecision, s.decidedNs-s.sealedNs)
	for _, at := range s.arrivals {
		if at != 0 {
			rec.Record(StageOrderToCommit, s.decidedNs-at)
		}
	}
	e.spend(s)
	p, err := codec.DecodePayload(s.payload, e.trades)
	if err != nil {
		panic("engine: own payload does not decode: " + err.Error())
	}
	e.trades = p.Trades
	e.decided++
	e.vetoRow = 0
	e.progressNs = e.nowNs
	return e.ports.Commit(&Committed{Seq: s.seq, Chain: s.chain, Payload: p})
}

// waiting reports whether the run depends on the participants to go on: batches or a change of the
// members are undecided, or nothing is left to be matched and the last ones are being applied and saved.
func (e *Engine) waiting(stop bool) bool {
	return e.undecided() || !e.active() || e.inputDone(stop)
}

func (e *Engine) undecided() bool { return e.win.inFlight() > 0 || e.status.Changing }

// watch tells people when no batch commits, and halts when that lasts (design D6).
func (e *Engine) watch(stop bool) error {
	if e.status.State == batch3pc.StateFenced {
		return ErrFenced
	}
	if !e.waiting(stop) {
		e.progressNs = e.nowNs
	}
	still, full := e.nowNs-e.progressNs, e.log.full.Load() || e.cfg.HaltRejects && e.diskFull.Load()
	switch {
	case full:
		e.haltFor(orderbook.RejectDiskFull, "the disk of the command log is full, or nearly so")
	case still < e.cfg.HaltNs:
		e.resume()
	}
	switch {
	case e.stall.on && still < e.cfg.StallNs:
		e.stall.on = false
		if e.stall.told {
			e.ports.Notify(Notice{Kind: NoticeResumed, Seq: e.status.Committed})
		}
	case still >= e.cfg.HaltNs && (stop || e.cfg.HaltEnds || !full):
		return e.halt(stop)
	case still >= e.cfg.StallNs && (e.anyDown() || e.win.inFlight() > 0 || e.status.Changing && e.generation.At.Seq > 0):
		if e.stall.notice(e.nowNs) {
			e.ports.Notify(Notice{Kind: NoticeStalled, Peer: e.missing(), InFlight: e.win.inFlight(), ForNs: still, Times: e.stall.count})
		}
	}
	return nil
}

func (e *Engine) anyDown() bool {
	for i := range e.peers {
		if !e.peers[i].up {
			return true
		}
	}
	return false
}

// missing says whom the run waits for.
func (e *Engine) missing() string {
	var down, owing, silent, refused []string
	for i := range e.peers {
		p := &e.peers[i]
		switch {
		case p.finished:
		case !p.seat.Member && e.undecided(): // nobody waits for it
		case e.hasNoRoom(p):
			refused = append(refused, p.Name+" has no room on its disk")
		case p.up && p.seat.Trouble != batch3pc.TroubleNone:
			refused = append(refused, p.Name+" does not count: "+troubleOf(&p.seat.PeerStatus))
		case !p.up:
			down = append(down, p.Name)
		case p.seat.Member && p.seat.WaitNs >= e.cfg.StallNs/2:
			owing = append(owing, p.Name+" "+e.missingOf(p))
		case e.nowNs-p.heardNs >= e.cfg.StallNs/2:
			silent = append(silent, p.Name)
		}
	}
	switch {
	case len(refused) > 0:
		return strings.Join(refused, ", ")
	case len(down) > 0:
		return strings.Join(down, ", ") + " not connected"
	case len(owing) > 0:
		return strings.Join(owing, ", ")
	case len(silent) > 0:
		return strings.Join(silent, ", ") + " connected but silent"
	case e.log.full.Load():
		return "the disk of the command log is full"
	case e.log.safe.Load() < e.log.pushed:
		return "the disk of the command log does not answer"
	}
	return "the participants answer, but do not agree to go on"
}

// finishing reports whether everything is matched, committed and applied.
func (e *Engine) finishing(stop bool) bool {
	if stop && !e.active() && e.win.tail == 0 && (e.replica != nil || e.inputDone(stop) && e.open.Trades() == 0) {
		return true // interrupted before the participants were there: nothing was done
	}
	applied := e.win.allApplied() && e.status.Applied >= e.status.Committed // the base of a successor is not in the window
	return e.inputDone(stop) && e.open.Trades() == 0 && applied && e.active() && !e.status.Changing
}

// finish asks the participants to save their states and reports whether all have, but for those that are
// missing and may be.
func (e *Engine) finish() bool {
	if e.finishNs == 0 {
		e.finishNs = e.awakeNs
	}
	all := true
	for i := range e.peers {
		p := &e.peers[i]
		if p.finished || e.win.tail == 0 && !e.active() || p.mayLeave() {
			continue
		}
		all = false
		if p.up && !p.asked {
			p.asked, p.seat.askedNs = e.sendFinish(p), e.awakeNs
		}
	}
	return all
}

// sendFinish sends the end of the stream: the seq and chain that the participant must have applied
// before it saves.
func (e *Engine) sendFinish(p *peer) bool {
	const size = codec.FrameHeaderSize + 16
	buf := p.link.Claim(size)
	if buf == nil {
		return false
	}
	h := e.header
	h.Kind, h.From, h.To = codec.FrameFinish, uint8(e.cfg.Self), uint8(p.Node)
	st := e.status
	frame := codec.BeginFrame(buf[:0], h)
	frame = binary.LittleEndian.AppendUint64(frame, uint64(st.Committed))
	frame = binary.LittleEndian.AppendUint64(frame, uint64(st.CommittedChain))
	codec.SealFrame(frame)
	p.link.Publish(size)
	return true
}
