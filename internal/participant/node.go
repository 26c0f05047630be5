package participant

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Role is the business of a participant: a deterministic state machine.
type Role interface {
	batch3pc.Snapshotter
	Name() string          // "risk", "settlement" or "marketdata"
	Save(dir string) error // writes the state files atomically; equal state, identical bytes
	Digest() uint64        // hash of the applied state
	AppliedTrades() uint64
	// Keep begins to make durable what the role has told the outside and does not have in its state, as market data
	// has its tape: before the log is cut, because only a replay tells it again. It returns what remains to be done
	// for that, which runs beside the owner, one at a time; nil: nothing. An error that is journal.Full: not now.
	Keep() (rest func() error, err error)
	// Err is why what the role owes to the outside is not with the system: one that is journal.Full goes by, and any other
	// ends the node. nil: it is.
	Err() error
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
	// CheckpointBatches is after how many batches the log gets the applied state, from which the next start
	// reads on. 0, or a log that is not durable: never. With Cut what lies before goes, as soon as no other
	// participant lacks it; one that loses its disk later cannot be rebuilt from the others then.
	CheckpointBatches uint64
	Cut               bool
	Unreadable        func(error)  // as in rounds.ParticipantConfig
	Dropped           func(uint64) // told how many frames of engines were dropped so far: the 1st, 10th, 100th and so on; nil: nobody is
	// Full is told that a disk is full, and the log waits for room, or the tape, and that it goes on; nil: a log ends the node.
	Full  func(what string, full bool)
	Files rounds.Files // where the log lies; the zero value is the operating system's
}

// CheckpointBatches is how often a participant writes a checkpoint, unless configured: a start reads
// some hundreds of megabytes at most.
const CheckpointBatches = 4096

// Node runs one participant.
type Node struct {
	cfg     Config
	role    Role
	machine *batch3pc.Participant
	disk    *cutter
	holes   []*journal.Hole
	driver  *rounds.Participant
	engines []rounds.Peer
	bell    *ringbuf.Bell
	header  codec.Header
	finish  *finish
	done    bool         // the state is saved at the engine's wish: it may go
	ends    bool         // the state file says, from this life or the one before, that the stream ends ...
	endsAt  batch3pc.Seq // ... behind this batch
	said    uint64       // frames that were dropped when Config.Dropped was told last
	waits   bool         // the role, for room, as Config.Full was told
	goneNs  int64        // since when the engine is not connected; 0: it is
}

// finish is the end of the stream as the engine named it.
type finish struct {
	from  batch3pc.NodeID
	seq   batch3pc.Seq
	chain batch3pc.Chain
}

// Open opens the journal in cfg.Dir, rebuilds machine and role from it, and returns a node that is
// ready to Run. Engines are those that may lead it, each with a link of its own; the bell must be the
// one that the links ring.
func Open(cfg Config, role Role, engines []rounds.Peer, bell *ringbuf.Bell) (*Node, error) {
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: cfg.Node, Incarnation: rounds.NewIncarnation(), Generation: 1, WindowMax: cfg.WindowMax, RetainMax: cfg.WindowMax, Older: true}, role)
	if err != nil {
		return nil, err
	}
	if err := readable(cfg.Dir); err != nil {
		return nil, err
	}
	cfg.Files.Async = !cfg.Durable
	log, holes, err := cfg.Files.OpenCutDisk(cfg.Dir, cfg.Cluster, cfg.Node, bell, machine)
	if err != nil {
		return nil, err
	}
	if whole, err := beginsWithFirst(cfg.Dir); err != nil {
		return nil, errors.Join(err, log.Close())
	} else if whole {
		machine.Whole()
	}
	disk := &cutter{Disk: log, role: role, keep: !cfg.Cut, bell: bell, full: cfg.Full}
	if !cfg.Durable {
		cfg.CheckpointBatches = 0 // nothing says when it is durable
	}
	n := &Node{
		cfg: cfg, role: role, machine: machine, disk: disk, holes: holes, engines: engines, bell: bell,
		header: codec.Header{Cluster: cfg.Cluster, From: uint8(cfg.Node), Boot: cfg.Boot},
	}
	n.driver = rounds.NewParticipant(rounds.ParticipantConfig{
		Header: n.header, Async: !cfg.Durable, Other: n.frame, Unreadable: cfg.Unreadable, CheckpointBatches: cfg.CheckpointBatches,
		CheckpointPhase: cfg.CheckpointBatches / 3 * uint64(cfg.Node),
	}, machine, disk, engines)
	st := machine.Status()
	n.ends, n.endsAt = endsAt(cfg.Dir, &st), st.Applied
	if s, err := ReadState(cfg.Dir); err == nil && s.AppliedSeq < uint64(st.Applied) { // it ended before Round could say so
		if err := Unfinish(cfg.Dir); err != nil {
			return nil, errors.Join(err, log.Close())
		}
	}
	return n, nil
}

// readable refuses a log in dir whose first batch is in a form of another version: to the role it would be one that
// contradicts its vote. What cannot be read at all is for the opening of the log to judge.
func readable(dir string) error {
	r, err := journal.NewReader(dir)
	if err != nil {
		return nil
	}
	defer r.Close() //nolint:errcheck // read only
	for {
		rec, err := r.Next()
		if err != nil {
			return nil
		}
		var record batch3pc.Record
		var b batch3pc.Batch
		if codec.DecodeRecord(rec.Kind, rec.Body, &record, &b) != nil || record.Batch == nil || b.IsGeneration() {
			continue
		}
		if _, err := codec.DecodePayload(b.Payload, nil); errors.Is(err, codec.ErrPayloadVersion) {
			return fmt.Errorf("%s: batch %d: %w", dir, b.Seq, err)
		}
		return nil
	}
}

// beginsWithFirst reports whether nothing of the log in dir was cut.
func beginsWithFirst(dir string) (bool, error) {
	d, err := rounds.NewDecided(dir)
	if err != nil {
		return false, err
	}
	return d.FirstRecord() == 1, d.Close()
}

// DamagedMarks are the files that say where to begin with the log which Open could not use: it has begun further back.
func (n *Node) DamagedMarks() []*snapshot.FileError { return n.disk.DamagedMarks() }

// Holes are the parts of the log that Open has found unreadable. What was in them is fetched from the
// others, and nothing is promised before.
func (n *Node) Holes() []*journal.Hole { return n.holes }

// Status returns the machine's watermarks. Only before or after Run.
func (n *Node) Status() batch3pc.ParticipantStatus { return n.machine.Status() }

// Dropped counts the frames of engines that were dropped. Only before or after Run.
func (n *Node) Dropped() uint64 { return n.driver.Bad() }

// linger is how long a node that has finished waits for the engine to come back: the connection may
// have broken before the engine heard of it.
const linger = 2 * time.Second

// Run serves until ctx ends, or until the engine has finished and gone for good. It then saves the
// state.
func (n *Node) Run(ctx context.Context) (err error) {
	if n.disk.full != nil {
		n.disk.over = ctx.Done()
	}
	n.disk.Start()
	defer func() {
		n.driver.Close()
		if cerr := n.disk.Close(); err == nil {
			err = cerr
		}
		if cerr := n.role.Close(); err == nil {
			err = cerr
		}
	}()
	if err := rounds.Loop(ctx, n.bell, n); err != nil || n.done {
		return err
	}
	_, err = n.save(n.ends)
	return err
}

// Round is a duty cycle: that of the driver, and the end of the stream.
func (n *Node) Round(nowNs int64) (worked bool, err error) {
	if worked, err = n.driver.Round(nowNs); err != nil {
		return worked, err
	}
	if err := n.look(); err != nil {
		return worked, err
	}
	if n.ends && n.machine.Status().Applied != n.endsAt { // that engine was told to end, and another one goes on
		n.done, n.ends = false, false
		if err := Unfinish(n.cfg.Dir); err != nil {
			return worked, err
		}
	}
	switch {
	case n.driver.Connected() > 0:
		n.goneNs = 0
	case n.goneNs == 0:
		n.goneNs = nowNs
	}
	if n.done && n.goneNs != 0 && nowNs-n.goneNs >= int64(linger) {
		return false, rounds.ErrDone
	}
	return worked, n.maybeFinish()
}

// look tells of what people should know, and ends the node with its role.
func (n *Node) look() error {
	if bad := n.driver.Bad(); bad >= max(1, 10*n.said) && n.cfg.Dropped != nil {
		n.said = bad
		n.cfg.Dropped(bad)
	}
	err := n.role.Err()
	full := journal.Full(err)
	if full != n.waits && n.cfg.Full != nil {
		n.waits = full
		n.cfg.Full("tape", full)
	}
	if full {
		return nil // it votes no, and takes what is decided all the same
	}
	return err
}

// Ready reports whether Round would find something to do.
func (n *Node) Ready() bool { return n.driver.Ready() }

// WakeNs is when Round wants to be called at the latest.
func (n *Node) WakeNs() int64 {
	if n.done && n.goneNs != 0 {
		return n.goneNs + int64(linger)
	}
	return n.driver.WakeNs()
}

// frame takes what is not the protocol's.
func (n *Node) frame(from batch3pc.NodeID, h codec.Header, body []byte) error {
	if h.Kind != codec.FrameFinish {
		return fmt.Errorf("%w: unexpected frame kind %d", codec.ErrFrameBody, h.Kind)
	}
	if len(body) != 16 {
		return fmt.Errorf("%w: finish of %d bytes, want 16", codec.ErrFrameBody, len(body))
	}
	n.finish = &finish{from, batch3pc.Seq(binary.LittleEndian.Uint64(body)), batch3pc.Chain(binary.LittleEndian.Uint64(body[8:]))}
	return nil
}

// maybeFinish saves the state and reports it once everything that the engine decided is applied (P1).
func (n *Node) maybeFinish() error {
	if n.finish == nil {
		return nil
	}
	st := n.machine.Status()
	if st.Applied != n.finish.seq || st.AppliedChain != n.finish.chain {
		return nil
	}
	link := n.engines[slices.IndexFunc(n.engines, func(p rounds.Peer) bool { return p.Node == n.finish.from })].Link
	n.finish = nil
	digest, err := n.save(true)
	if err != nil {
		return err
	}
	n.done, n.ends, n.endsAt = true, true, st.Applied
	h := n.header
	h.Kind = codec.FrameFinished
	buf := link.Claim(codec.FrameHeaderSize + codec.SummarySize)
	if buf == nil {
		return nil // the link broke: the engine asks again
	}
	frame := codec.AppendSummary(codec.BeginFrame(buf[:0], h), n.summary(digest))
	codec.SealFrame(frame)
	link.Publish(len(frame))
	return nil
}

func (n *Node) summary(digest uint64) codec.Summary {
	st := n.machine.Status()
	return codec.Summary{
		AppliedBatches: st.AppliedBatches, AppliedTrades: n.role.AppliedTrades(),
		Chain: uint64(st.AppliedChain), Digest: digest, Syncs: n.disk.Syncs(),
	}
}
