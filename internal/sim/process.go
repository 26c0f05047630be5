package sim

import (
	"iter"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// process is a node that runs at the driver level: the steppable half of a production node, with its
// log, which lies on the node's computer, and its links. The syncer of the log is a coroutine that
// stands still wherever it waits for the disk.
type process struct {
	world       *World
	computer    *computer
	log         *rounds.Disk
	duty        rounds.Duty
	coordinator *rounds.Coordinator // duty, or nil
	links       []*link
	nowNs       int64
	last        uint64 // number of the last proposal
	told        uint64 // of the last one with an outcome

	step     func() (bool, bool) // of the syncer
	stop     func()
	yield    func(bool) bool // of the syncer, while it steps
	stepping bool
	syncing  bool // the syncer waits for the disk
}

// tickNs is how far a tick moves the clock of a node: the interval of its driver.
const tickNs = 1_000

// files are where the logs lie. Segments are small, so that they end often.
func (c *computer) files() rounds.Files {
	return rounds.Files{FS: c, SegmentSize: 1 << 10, RecordMax: 640}
}

func (w *World) newProcess(c *computer, log *rounds.Disk, peers []batch3pc.NodeID) *process {
	p := &process{world: w, computer: c, log: log, nowNs: 1}
	for _, id := range peers {
		p.links = append(p.links, &link{process: p, to: id})
	}
	p.step, p.stop = iter.Pull(p.syncer)
	return p
}

// syncer is the goroutine of the production disk.
func (p *process) syncer(yield func(bool) bool) {
	p.yield = yield
	for {
		for p.log.SyncWanted() {
		}
		if !yield(false) {
			return
		}
	}
}

// advance lets the syncer go on until it waits for the disk or has nothing to do.
func (p *process) advance() {
	p.stepping = true
	p.syncing, _ = p.step()
	p.stepping = false
}

// peers are the links as the driver gets them.
func (p *process) peers() (peers []rounds.Peer) {
	for _, l := range p.links {
		peers = append(peers, rounds.Peer{Node: l.to, Link: l})
	}
	return peers
}

func (p *process) link(to batch3pc.NodeID) *link {
	for _, l := range p.links {
		if l.to == to {
			return l
		}
	}
	return nil
}

// header is the template of the node's frames.
func (c *computer) header(lsn uint64) codec.Header {
	return codec.Header{Cluster: 1, From: uint8(c.id), Boot: uint32(lsn + 1)}
}

// link is a rounds.Link. What is published goes into the bag of the world.
type link struct {
	process *process
	to      batch3pc.NodeID
	up      bool
	queue   []arrival
	claimed []byte
}

type arrival struct {
	event rounds.Event
	frame []byte
}

// set tells the process that the link has come up or gone down.
func (l *link) set(up bool) {
	if l.up == up {
		return
	}
	l.up = up
	event := rounds.EventDown
	if up {
		event = rounds.EventUp
	}
	l.queue = append(l.queue, arrival{event: event})
}

// Claim implements rounds.Link.
func (l *link) Claim(n int) []byte {
	if !l.up {
		return nil
	}
	l.claimed = l.process.world.memory.take(n)
	return l.claimed
}

// Publish implements rounds.Link.
func (l *link) Publish(n int) {
	c := l.process.computer
	if c.effects == 0 {
		return // the process is dead
	}
	c.effects--
	l.process.world.publish(l, l.claimed[:n])
}

// Next implements rounds.Link.
func (l *link) Next() (rounds.Event, []byte) {
	if len(l.queue) == 0 {
		return rounds.EventNone, nil
	}
	return l.queue[0].event, l.queue[0].frame
}

// Release implements rounds.Link.
func (l *link) Release() {
	if len(l.queue) > 0 {
		copy(l.queue, l.queue[1:])
		l.queue = l.queue[:len(l.queue)-1]
	}
}

// simLog is the production log, watched.
type simLog struct {
	*rounds.Disk
	process *process
}

// Append implements rounds.Log.
func (l *simLog) Append(kind uint8, head, payload []byte) error {
	if err := l.Disk.Append(kind, head, payload); err != nil {
		return err
	}
	w, c := l.process.world, l.process.computer
	body := append(append(w.memory.take(len(head) + len(payload))[:0], head...), payload...)
	c.note(c.appended()+1, kind, body)
	c.records = append(c.records, batch3pc.Record{})
	r := &c.records[len(c.records)-1]
	var batch batch3pc.Batch
	if err := codec.DecodeRecord(kind, body, r, &batch); err != nil {
		w.watch.Fail("I4", "node %d logs a record that nobody can read: %v", c.id, err)
		return nil
	}
	w.fold(uint64(r.Kind)<<56 ^ uint64(r.Seq) ^ r.Ballot.Epoch<<32)
	if w.trace != nil {
		seq := r.Seq
		if r.Batch != nil {
			seq = r.Batch.Seq
		}
		w.trace.effect("log %v %d", r.Kind, seq)
	}
	return nil
}

// bell is rung by everybody and heard by nobody: rounds come when the schedule says so.
func newBell() *ringbuf.Bell { return ringbuf.NewBell(ringbuf.WaitPark) }
