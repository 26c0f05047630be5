package participant

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Role is the business of a participant: a deterministic state machine.
type Role interface {
	batch3pc.App
	Name() string          // "risk", "settlement" or "marketdata"
	Save(dir string) error // writes the state files atomically; equal state, identical bytes
	Digest() uint64        // hash of the applied state
	AppliedTrades() uint64
	Close() error
}

// Config of a participant.
type Config struct {
	Node      batch3pc.NodeID
	Dir       string // journal and state files
	Cluster   uint32
	Boot      uint32
	WindowMax int  // undecided batches it can hold; at least the coordinator's RetainMax
	Durable   bool // false: acknowledge PRE-COMMIT without waiting for the disk; only to measure
}

// Node runs one participant.
type Node struct {
	cfg     Config
	role    Role
	machine *batch3pc.Participant
	journal *journal.Journal
	link    *transport.Link
	bell    *ringbuf.Bell
	syncer  *syncer
	header  codec.Header
	scratch []byte // body of one record, but for the payload
	waiting []waiting
	finish  *finish
	done    bool // the state is saved at the engine's wish
	gone    bool // the engine is not connected any more
	goneAt  time.Time
	batch   batch3pc.Batch
}

// waiting is a message that may leave when the record with its LSN is durable.
type waiting struct {
	lsn uint64
	msg batch3pc.Message
}

// finish is the end of the stream as the engine named it.
type finish struct {
	seq   batch3pc.Seq
	chain batch3pc.Chain
}

// Open opens the journal in cfg.Dir, rebuilds machine and role from it, and returns a node that is
// ready to Run. The bell must be the one that the link rings.
func Open(cfg Config, role Role, link *transport.Link, bell *ringbuf.Bell) (*Node, error) {
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: cfg.Node, Generation: 1, WindowMax: cfg.WindowMax, RetainMax: cfg.WindowMax}, role)
	if err != nil {
		return nil, err
	}
	var rec batch3pc.Record
	var batch batch3pc.Batch
	j, err := journal.Open(cfg.Dir, journal.Options{}, func(r journal.Record) error {
		if err := codec.DecodeRecord(r.Kind, r.Body, &rec, &batch); err != nil {
			return fmt.Errorf("%s: record %d: %w", cfg.Dir, r.LSN, err)
		}
		return machine.Recover(&rec)
	})
	if err != nil {
		return nil, err
	}
	return &Node{
		cfg: cfg, role: role, machine: machine, journal: j, link: link, bell: bell,
		syncer: newSyncer(j, bell),
		header: codec.Header{Cluster: cfg.Cluster, From: uint8(cfg.Node), Boot: cfg.Boot},
	}, nil
}

// Status returns the machine's watermarks. Only before or after Run.
func (n *Node) Status() batch3pc.ParticipantStatus { return n.machine.Status() }

// linger is how long a node that has finished waits for the engine to come back: the connection may
// have broken before the engine heard of it.
const linger = 2 * time.Second

// Run serves until ctx ends, or until the engine has finished and gone for good. It then saves the
// state.
func (n *Node) Run(ctx context.Context) (err error) {
	defer context.AfterFunc(ctx, n.bell.Ring)()
	n.syncer.start()
	defer func() {
		n.syncer.stop()
		if cerr := n.journal.Close(); err == nil {
			err = cerr
		}
		if cerr := n.role.Close(); err == nil {
			err = cerr
		}
	}()
	for ctx.Err() == nil {
		worked, err := n.round()
		if err != nil {
			return err
		}
		if n.done && n.gone && time.Since(n.goneAt) >= linger {
			return nil
		}
		if !worked {
			n.bell.WaitUntil(func() bool { return n.ready() || ctx.Err() != nil }, linger/4)
		}
	}
	if n.done {
		return nil
	}
	return n.save(false)
}

// framesPerRound bounds what is taken before records are flushed and waiting messages are sent.
const framesPerRound = 64

func (n *Node) round() (worked bool, err error) {
	before := n.journal.LSN()
	for range framesPerRound {
		ev, frame := n.link.Next()
		if ev == transport.EventNone {
			break
		}
		worked = true
		switch ev {
		case transport.EventUp:
			n.gone = false
		case transport.EventDown:
			n.gone, n.goneAt = true, time.Now()
		case transport.EventFrame:
			err = n.frame(frame)
		}
		n.link.Release()
		if err != nil {
			return worked, err
		}
	}
	if n.journal.LSN() != before {
		if err := n.journal.Flush(); err != nil {
			return worked, err
		}
	}
	if err := n.release(); err != nil {
		return worked, err
	}
	return worked, n.maybeFinish()
}

func (n *Node) ready() bool {
	if ev, _ := n.link.Next(); ev != transport.EventNone {
		return true
	}
	return len(n.waiting) > 0 && n.syncer.covers(n.waiting[0].lsn) || n.syncer.err() != nil
}

func (n *Node) frame(frame []byte) error {
	h, body := codec.TrustFrame(frame)
	switch h.Kind {
	case codec.FrameMessage:
		var m batch3pc.Message
		if err := codec.DecodeMessage(body, h, &m, &n.batch); err != nil {
			return err
		}
		return n.do(n.machine.Step(&m))
	case codec.FrameFinish:
		if len(body) != 16 {
			return fmt.Errorf("%w: finish of %d bytes, want 16", codec.ErrFrameBody, len(body))
		}
		n.finish = &finish{batch3pc.Seq(binary.LittleEndian.Uint64(body)), batch3pc.Chain(binary.LittleEndian.Uint64(body[8:]))}
		return nil
	}
	return fmt.Errorf("%w: unexpected frame kind %d", codec.ErrFrameBody, h.Kind)
}

// do carries out a Ready in its order.
func (n *Node) do(r batch3pc.Ready) error {
	for i := range r.Records {
		rec := &r.Records[i]
		n.scratch = codec.AppendRecordHead(n.scratch[:0], rec)
		var payload []byte
		if rec.Batch != nil {
			payload = rec.Batch.Payload
		}
		if _, err := n.journal.Append(uint8(rec.Kind), n.scratch, payload); err != nil {
			return err
		}
	}
	for i := range r.Messages {
		n.send(&r.Messages[i])
	}
	for i := range r.Durable {
		m := r.Durable[i]
		m.Tail = bytes.Clone(m.Tail) // the machine uses its buffer again before the sync is over
		n.waiting = append(n.waiting, waiting{n.journal.LSN(), m})
	}
	return nil
}

// release sends the waiting messages whose records are durable, and asks for a sync if some are not.
func (n *Node) release() error {
	if err := n.syncer.err(); err != nil {
		return err
	}
	if len(n.waiting) == 0 {
		return nil
	}
	if n.cfg.Durable {
		n.syncer.want(n.journal.LSN())
	}
	sent := 0
	for sent < len(n.waiting) && (!n.cfg.Durable || n.syncer.covers(n.waiting[sent].lsn)) {
		n.send(&n.waiting[sent].msg)
		sent++
	}
	n.waiting = append(n.waiting[:0], n.waiting[sent:]...)
	return nil
}

// send encodes a message into the link; a link that is down or full loses it.
func (n *Node) send(m *batch3pc.Message) {
	size := codec.MessageSize(m)
	buf := n.link.Claim(size)
	if buf == nil {
		return
	}
	codec.AppendMessage(buf[:0], n.header, m)
	n.link.Publish(size)
}

// maybeFinish saves the state and reports it once everything that the engine decided is applied.
func (n *Node) maybeFinish() error {
	if n.finish == nil {
		return nil
	}
	st := n.machine.Status()
	if st.Applied != n.finish.seq || st.AppliedChain != n.finish.chain {
		return nil
	}
	n.finish = nil
	if err := n.save(true); err != nil {
		return err
	}
	n.done = true
	h := n.header
	h.Kind = codec.FrameFinished
	buf := n.link.Claim(codec.FrameHeaderSize + codec.SummarySize)
	if buf == nil {
		return nil // the link broke: the engine asks again
	}
	frame := codec.AppendSummary(codec.BeginFrame(buf[:0], h), n.summary())
	codec.SealFrame(frame)
	n.link.Publish(len(frame))
	return nil
}

func (n *Node) summary() codec.Summary {
	st := n.machine.Status()
	return codec.Summary{
		AppliedBatches: st.AppliedBatches, AppliedTrades: n.role.AppliedTrades(),
		Chain: uint64(st.AppliedChain), Digest: n.role.Digest(), Syncs: n.syncer.count(),
	}
}
