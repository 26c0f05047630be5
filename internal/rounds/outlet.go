//tezi:pure

package rounds

import (
	"bytes"
	"errors"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/mutant"
)

// outlet is what the drivers of both roles share: it brings what the links have to the role, and
// does what the machine is Ready for, in its order: records into the log, messages into the links,
// and messages that promise something when the records before them are durable (D1).
type outlet struct {
	role    role
	header  codec.Header
	log     Log
	waiter  waiter // the log again, or nil
	flushed uint64 // LSN up to which the log was flushed here
	async   bool   // promises do not wait for the disk; only to measure
	other   OtherFrame
	bad     uint64 // frames that were dropped
	peers   []peer
	scratch []byte // body of one record, but for the payload
	waiting []waiting
	own     []batch3pc.Message // that the machine has sent to itself
	commits batch3pc.Commits   // that wait for the end of the work, or for a message to ride on
	message batch3pc.Message
	batch   batch3pc.Batch
}

// role is the driver of one role, as the outlet sees it.
type role interface {
	linked(p *peer) error // its link has come up or gone down
	step(m *batch3pc.Message) error
	idle() bool // nothing is likely to come before what was promised has left
}

// OtherFrame takes a frame that is not the protocol's. From is the node at the other end of the
// link; body is valid during the call. An error ends the node, but one that wraps codec.ErrFrameBody is of the frame
// alone, which is dropped.
type OtherFrame func(from batch3pc.NodeID, h codec.Header, body []byte) error

// framesPerRound bounds what is taken from one link before records are flushed and waiting messages
// are sent.
const framesPerRound = 64

// peer is a Peer as the driver sees it.
type peer struct {
	Peer
	up bool
}

// asyncLagMax is how many records a log that nobody waits for may be behind. It is there to measure what the disk
// costs, so the disk has no part in it for minutes: what is written is the kernel's to write. The limit is on the segments
// that stay open until they are synced, some 150 with batches of 1,000 trades.
const asyncLagMax = 1 << 20

// waiting is a message that may leave when the record with its LSN is durable.
type waiting struct {
	lsn uint64
	msg batch3pc.Message
}

func newOutlet(header codec.Header, log Log, other OtherFrame, peers []Peer) outlet {
	o := outlet{header: header, log: log, flushed: log.LSN(), other: other}
	o.waiter, _ = log.(waiter)
	for _, p := range peers {
		o.peers = append(o.peers, peer{Peer: p})
	}
	return o
}

// poll takes what the links have, and what the machine has sent to itself: one that wants to know
// when a record is durable lets such a message ride behind it.
func (o *outlet) poll() (worked bool, err error) {
	for i := 0; i < len(o.own); i++ { // a step may add another
		if err := o.role.step(&o.own[i]); err != nil {
			return true, err
		}
		worked = true
	}
	o.own = o.own[:0]
	for i := range o.peers {
		p := &o.peers[i]
		for range framesPerRound {
			ev, frame := p.Link.Next()
			if ev == EventNone {
				break
			}
			worked = true
			err := o.event(p, ev, frame)
			p.Link.Release()
			if err != nil {
				return true, err
			}
		}
	}
	return worked, nil
}

func (o *outlet) event(p *peer, ev Event, frame []byte) error {
	if ev != EventFrame {
		p.up = ev == EventUp
		return o.role.linked(p)
	}
	h, body := codec.TrustFrame(frame)
	switch {
	case h.Kind != codec.FrameMessage && o.other != nil:
		err := o.other(p.Node, h, body)
		if errors.Is(err, codec.ErrFrameBody) {
			o.bad++ // likewise
			return nil
		}
		return err
	case h.Kind != codec.FrameMessage,
		codec.DecodeMessage(body, h, &o.message, &o.batch) != nil,
		o.message.From != p.Node:
		o.bad++ // no peer can end this node by what it says
		return nil
	}
	return o.role.step(&o.message)
}

// do carries out a Ready.
func (o *outlet) do(r batch3pc.Ready) error {
	for i := range r.Records {
		rec := &r.Records[i]
		o.scratch = codec.AppendRecordHead(o.scratch[:0], rec)
		if err := o.log.Append(uint8(rec.Kind), o.scratch, codec.RecordPayload(rec)); err != nil {
			return err
		}
	}
	for i := range r.Messages {
		if m := &r.Messages[i]; !o.commits.Keep(m) {
			o.send(m)
		}
	}
	for i := range r.Durable {
		m := r.Durable[i]
		m.Tail = bytes.Clone(m.Tail) // the machine uses its buffers again before the sync is over
		m.Generations = bytes.Clone(m.Generations)
		o.waiting = append(o.waiting, waiting{o.log.LSN(), m})
	}
	return nil
}

// settle ends a round, in which there was something to do or not: what was appended is flushed, and what may leave by
// now does.
func (o *outlet) settle(worked bool) error {
	if !worked {
		kept := o.commits.Take()
		for i := range kept {
			if mutant.Is(mutant.CommitForgotten) {
				break
			}
			o.send(&kept[i])
		}
	}
	if mutant.Is(mutant.WaitUnflushed) && o.role.idle() {
		if err := o.release(); err != nil {
			return err
		}
	}
	if lsn := o.log.LSN(); lsn != o.flushed {
		if mutant.Is(mutant.FlushForgotten) {
			return o.release()
		}
		if err := o.log.Flush(); err != nil {
			return err
		}
		o.flushed = lsn
	}
	return o.release()
}

// release sends the waiting messages whose records are durable, and asks for a sync if some are not.
func (o *outlet) release() error {
	synced, err := o.log.Synced()
	if err != nil {
		return err
	}
	if len(o.waiting) == 0 {
		return nil
	}
	if synced, err = o.want(synced); err != nil {
		return err
	}
	sent := 0
	for sent < len(o.waiting) && (o.async || o.waiting[sent].lsn <= synced || mutant.Is(mutant.AckBeforeSync)) {
		o.send(&o.waiting[sent].msg)
		sent++
	}
	o.waiting = append(o.waiting[:0], o.waiting[sent:]...)
	return nil
}

// want asks for the sync that the waiting messages need, and returns how far the log is durable. Where nothing
// else is likely to come meanwhile it waits for the sync: a hand-over to another goroutine and back would only
// make the answer later.
func (o *outlet) want(synced uint64) (uint64, error) {
	lsn := o.log.LSN()
	switch {
	case o.async && lsn < synced+asyncLagMax, synced >= lsn:
		return synced, nil
	case o.async || o.waiter == nil || !o.role.idle():
		o.log.Want(lsn)
		return synced, nil
	}
	o.waiter.WantNow(lsn)
	return o.log.Synced()
}

// ready reports whether a Round would find something to do.
func (o *outlet) ready() bool {
	for i := range o.peers {
		if ev, _ := o.peers[i].Link.Next(); ev != EventNone {
			return true
		}
	}
	synced, err := o.log.Synced()
	return len(o.own) > 0 || o.commits.Kept() || err != nil || len(o.waiting) > 0 && o.waiting[0].lsn <= synced
}

// send encodes a message into the link of its receiver. A link that is down or full loses it, and
// so does a receiver that is not among the peers.
func (o *outlet) send(m *batch3pc.Message) {
	if p, size := o.put(m); p != nil {
		p.Link.Publish(size)
	}
}

// sendQuietly is send of what its receiver need not wake up for.
func (o *outlet) sendQuietly(m *batch3pc.Message) {
	p, size := o.put(m)
	if p == nil {
		return
	}
	if l, ok := p.Link.(quietLink); ok {
		l.PublishQuietly(size)
		return
	}
	p.Link.Publish(size)
}

// put encodes a message into what it claims of the link of its receiver, and returns who that is and the size; nil if
// there is nothing to publish.
func (o *outlet) put(m *batch3pc.Message) (*peer, int) {
	if m.To == batch3pc.NodeID(o.header.From) {
		o.own = append(o.own, *m)
		return nil, 0
	}
	p := o.peer(m.To)
	if p == nil {
		return nil, 0
	}
	if mutant.Is(mutant.WrongSession) {
		p = o.firstUp(p)
	}
	size := codec.MessageSize(m)
	buf := p.Link.Claim(size)
	if buf == nil {
		return nil, 0
	}
	codec.AppendMessage(buf[:0], o.header, m)
	return p, size
}

func (o *outlet) peer(n batch3pc.NodeID) *peer {
	for i := range o.peers {
		if o.peers[i].Node == n {
			return &o.peers[i]
		}
	}
	return nil
}

// connected counts the peers whose link is up.
func (o *outlet) connected() (n int) {
	for i := range o.peers {
		if o.peers[i].up {
			n++
		}
	}
	return n
}

// Replay returns a function that feeds a machine its log as it was written, record by record.
func Replay(machine interface {
	Recover(*batch3pc.Record) error
}) func(kind uint8, body []byte) error {
	var rec batch3pc.Record
	var batch batch3pc.Batch
	return func(kind uint8, body []byte) error {
		if err := codec.DecodeRecord(kind, body, &rec, &batch); err != nil {
			return err
		}
		return machine.Recover(&rec)
	}
}
