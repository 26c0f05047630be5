package demo

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// Delays of the simulated hardware in nanoseconds: the least, and what chance adds at most.
const (
	hopNs, hopMoreNs   = 60_000, 20_000
	syncNs, syncMoreNs = 150_000, 50_000
)

// world is a network of nodes with one clock. Whatever happens is an event at a time.
type world struct {
	nowNs   int64
	events  events
	last    int64 // events so far: those of one time happen in the order in which they were planned
	rng     *rand.Rand
	nodes   []*node
	severed func(a, b batch3pc.NodeID) bool // the network lets nothing through between them; nil: it does
	sent    func(m *batch3pc.Message) bool  // sees each message that leaves; false: it does not
	wrote   func(n *node, kind batch3pc.RecordKind)
	failed  error
}

// node is one process: a driver, a disk, and links to others.
type node struct {
	world *world
	id    batch3pc.NodeID
	duty  rounds.Duty // nil: it is not running
	disk  *disk
	links []*link
	life  int // which start of the process this is: what was planned for an earlier one is void
	wake  int64
}

// event is something that is going to happen.
type event struct {
	atNs, no int64
	do       func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].atNs < e[j].atNs || e[i].atNs == e[j].atNs && e[i].no < e[j].no
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func newWorld(seed uint64) *world {
	return &world{nowNs: 1, rng: rand.New(rand.NewPCG(seed, 0))}
}

func (w *world) add(id batch3pc.NodeID) *node {
	n := &node{world: w, id: id}
	n.disk = &disk{node: n}
	w.nodes = append(w.nodes, n)
	return n
}

// connect makes a link between two nodes, which is up as soon as both run.
func (w *world) connect(a, b *node) {
	a.links = append(a.links, &link{node: a, peer: b})
	b.links = append(b.links, &link{node: b, peer: a})
}

// after plans do in ns nanoseconds.
func (w *world) after(ns int64, do func()) {
	w.last++
	heap.Push(&w.events, event{w.nowNs + ns, w.last, do})
}

// run lets everything happen that happens before atNs.
func (w *world) run(atNs int64) error {
	for len(w.events) > 0 && w.events[0].atNs <= atNs && w.failed == nil {
		e := heap.Pop(&w.events).(event)
		w.nowNs = e.atNs
		e.do()
	}
	w.nowNs = max(w.nowNs, atNs)
	return w.failed
}

func (w *world) delay(least, more int64) int64 { return least + w.rng.Int64N(more) }

// peers are the links of the node as the driver wants them.
func (n *node) peers() (all []rounds.Peer) {
	for _, l := range n.links {
		all = append(all, rounds.Peer{Node: l.peer.id, Link: l})
	}
	return all
}

// start runs d as the node's process.
func (n *node) start(d rounds.Duty) {
	n.life++
	n.duty, n.wake = d, 0
	for _, l := range n.links {
		l.in = nil
		if l.peer.duty != nil {
			l.put(rounds.EventUp, nil)
			l.back().put(rounds.EventUp, nil)
			l.peer.soon()
		}
	}
	n.soon()
}

// kill ends the process: its peers see their connections break, its disk keeps what was synced.
func (n *node) kill() {
	n.life++
	n.duty = nil
	n.disk.crash()
	for _, l := range n.links {
		if peer := l.peer; peer.duty != nil {
			back := l.back()
			n.world.after(n.world.delay(hopNs, hopMoreNs)+hopMoreNs, func() { // behind what is on its way
				back.put(rounds.EventDown, nil)
				peer.soon()
			})
		}
	}
}

// soon plans a round of the node.
func (n *node) soon() { n.at(0) }

func (n *node) at(ns int64) {
	life := n.life
	n.world.after(ns, func() {
		if n.life == life {
			n.round()
		}
	})
}

// round runs the node until it has nothing to do, and plans when it wants to be woken.
func (n *node) round() {
	for again := true; again && n.duty != nil && n.world.failed == nil; {
		if _, err := n.duty.Round(n.world.nowNs); err != nil {
			n.world.failed = fmt.Errorf("node %d: %w", n.id, err)
			return
		}
		again = n.duty != nil && n.duty.Ready()
	}
	if n.duty != nil && n.duty.WakeNs() > max(n.wake, n.world.nowNs) {
		n.wake = n.duty.WakeNs()
		n.at(n.wake - n.world.nowNs)
	}
}

// link is a node's end of a connection.
type link struct {
	node, peer *node
	in         []arrival
	clearNs    int64 // nothing sent arrives before: the order of messages is kept
	claimed    []byte
}

type arrival struct {
	event rounds.Event
	frame []byte
}

func (l *link) back() *link {
	return l.peer.links[slices.IndexFunc(l.peer.links, func(o *link) bool { return o.peer == l.node })]
}

func (l *link) put(ev rounds.Event, frame []byte) { l.in = append(l.in, arrival{ev, frame}) }

// Claim lends room for a frame.
func (l *link) Claim(n int) []byte {
	if l.node.duty == nil || l.peer.duty == nil {
		return nil
	}
	l.claimed = make([]byte, n)
	return l.claimed
}

// Publish sends the frame, if the scenario lets it.
func (l *link) Publish(n int) {
	w, frame := l.node.world, l.claimed[:n]
	h, body := codec.TrustFrame(frame)
	var m batch3pc.Message
	var b batch3pc.Batch
	if err := codec.DecodeMessage(body, h, &m, &b); err != nil {
		w.failed = err
		return
	}
	if !w.sent(&m) || l.node.duty == nil || w.severed != nil && w.severed(l.node.id, l.peer.id) {
		return
	}
	atNs := max(w.nowNs+w.delay(hopNs, hopMoreNs), l.clearNs)
	l.clearNs = atNs
	back, life := l.back(), l.peer.life
	w.after(atNs-w.nowNs, func() {
		if back.node.life == life && (w.severed == nil || !w.severed(l.node.id, l.peer.id)) {
			back.put(rounds.EventFrame, frame)
			back.node.round()
		}
	})
}

// Next returns the oldest event.
func (l *link) Next() (rounds.Event, []byte) {
	if len(l.in) == 0 {
		return rounds.EventNone, nil
	}
	return l.in[0].event, l.in[0].frame
}

// Release takes it away.
func (l *link) Release() { l.in = l.in[1:] }

// disk is a node's log. It outlives the process.
type disk struct {
	node    *node
	records []record
	flushed uint64
	synced  uint64
	busy    bool
	wanted  uint64
}

type record struct {
	kind uint8
	body []byte
}

// Append adds a record.
func (d *disk) Append(kind uint8, head, payload []byte) error {
	if d.node.duty == nil {
		return nil // it was killed in the middle of a round
	}
	d.records = append(d.records, record{kind, slices.Concat(head, payload)})
	d.node.world.wrote(d.node, batch3pc.RecordKind(kind))
	return nil
}

// Flush makes what was appended part of the next sync.
func (d *disk) Flush() error {
	d.flushed = d.LSN()
	return nil
}

// LSN is the number of the last record.
func (d *disk) LSN() uint64 { return uint64(len(d.records)) }

// Want begins a sync, or has one follow the one that runs.
func (d *disk) Want(lsn uint64) {
	d.wanted = max(d.wanted, lsn)
	if d.node.duty == nil || d.busy || d.wanted <= d.synced {
		return
	}
	d.busy = true
	n, covers, life := d.node, d.flushed, d.node.life
	n.world.after(n.world.delay(syncNs, syncMoreNs), func() {
		if n.life != life {
			return
		}
		d.busy, d.synced = false, covers
		n.round()
	})
}

// Synced is the number of the last durable record.
func (d *disk) Synced() (uint64, error) { return d.synced, nil }

// crash loses what was not synced.
func (d *disk) crash() {
	d.records = d.records[:d.synced]
	d.flushed, d.wanted, d.busy = d.synced, d.synced, false
}

// replay feeds a new machine what the disk holds.
func (d *disk) replay(m interface {
	Recover(*batch3pc.Record) error
}) error {
	feed := rounds.Replay(m)
	for _, r := range d.records {
		if err := feed(r.kind, r.body); err != nil {
			return err
		}
	}
	return nil
}
