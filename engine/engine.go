package engine

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Engine is the thread runtime around the core: sequencer, matcher, batcher and coordinator run to
// completion on one loop (Run); the command log has a stage of its own.
type Engine struct {
	cfg    Config
	ports  Ports
	input  *ringbuf.SPSC[Entry]
	bell   *ringbuf.Bell
	feeder *ringbuf.Bell

	core    *Core
	open    *Builder
	arrival []int64         // arrivals of the open batch's trades
	trades  []codec.Trade   // of the last decided batch
	marks   []mark          // of the open batch's chunks, if there is a Budget
	openNs  int64           // when the open batch got its first trade
	seq     uint64          // last sequence number given
	backlog []codec.Command // sequenced and logged already, to be matched again after an abort
	replica *Replica        // what the log held at the start, until the first ballot says what of it is decided; then nil

	followed FollowedLog       // of a standby, until it leads
	stand    *batch3pc.Standby // of one that stood by; else nil

	coord   *batch3pc.Coordinator
	machine machine                    // coord, or stand around it
	commits batch3pc.Commits           // of coord, that wait for a batch to ride on, or for the end of the round
	status  batch3pc.CoordinatorStatus // after the coordinator's last call
	win     window
	log     *logger
	peers   []peer
	header  codec.Header
	batch   batch3pc.Batch // scratch of decoding

	ballot      batch3pc.Ballot     // the last one that was active
	generation  batch3pc.Generation // the last one that is decided and in the log
	changes     []Membership        // all of the log
	wish        []batch3pc.NodeID   // members of a generation that is asked for; empty: none is
	why         string              // and why
	wishedForNs int64               // for how long the participant that it is about was missing
	changedPos  uint64              // records of the command log that must be durable before the next change of the members
	recut       int                 // batches that the last ballot has aborted, to be proposed again
	looked      []batch3pc.PeerStatus
	overdue     []batch3pc.Overdue
	lates       []lateness
	heldNs      int64 // of the last one
	heldEveryNs int64
	heldBody    []byte // scratch of noteHeld

	nowNs       int64
	awakeNs     int64 // time for which the loop was awake: pauses of this process count as a resend interval at most
	lookNs      int64 // when to look at the members again
	lookEveryNs int64
	finishNs    int64 // when everything was done that the participants have to save
	progressNs  int64 // last time a commit came, or nothing was in flight
	stall       stall
	halted      orderbook.RejectReason // why trading is halted, as people know; Accepted: it is not
	refuses     bool                   // and whether they were told that orders are refused
	diskFull    atomic.Bool            // DiskFull
	closed      bool                   // a round has seen the end of the input
	idle        int                    // rounds in a row without work
	logFull     bool                   // the last chunk found no room in the log ring, when ...
	logSafe     uint64                 // ... so many records were durable
	rolling     *batch3pc.Refusal      // the veto that the open election is about
	vetoRow     int                    // vetoes since the last commit
	before      Counts                 // when the log was taken up
	aborted     uint64
	decided     uint64
	loggedSeq   batch3pc.Seq // highest decision in the log
	stats       Stats
}

// peer is the engine's view of one participant.
type peer struct {
	Peer
	link     Link
	up       bool
	finished bool
	asked    bool         // FrameFinish was sent on this connection
	heardNs  int64        // last frame that was understood
	dropped  uint64       // frames that were not
	said     uint64       // of dropped: how many there were when people were told last
	notNow   bool         // it has said that it cannot take a batch now
	notNowNs int64        // when, last
	compared bool         // its disk, with what it held, since it connected
	held     batch3pc.Seq // decided and durable there, as the log says
	applied  batch3pc.Seq // the last that it said it has
	told     int          // of the window, up to where tellApplied has told of it
	seat     seat
	summary  codec.Summary
}

// Stats are published for a progress display; any goroutine may read them.
type Stats struct {
	Commands, Trades, Batches, Aborted, InFlight atomic.Uint64
	Logged                                       atomic.Uint64 // commands of the log, of all kinds
	Source                                       atomic.Uint64 // commands of the source in the log that a standby has followed
	Stalled                                      atomic.Bool
}

// Result is what a finished run knows.
type Result struct {
	Counts
	BatchesCommitted uint64
	BatchesAborted   uint64
	CommittedTrades  uint64
	Before           Counts // of Counts: what was done when this engine took the log up
	Chain            batch3pc.Chain
	StateHash        uint64
	Participants     []codec.Summary // in the order of Config.Participants
	Memberships      []Membership    // since the log began; the first one names everybody
	Lates            []Late          // deadlines that were missed while this engine led
	Stalls           uint64          // how often no batch was committed for StallNs, likewise
	Dropped          uint64          // frames of participants that were not understood, likewise
}

// Resume returns an engine that continues where the log ends, or begins an empty one. r is the replica of the
// whole log, which must be durable; it belongs to the engine from now on. bell is the one that the links and
// the feeder ring. Input gets what the source has behind r.Source.
func Resume(cfg Config, ports Ports, bell *ringbuf.Bell, r *Replica) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if len(ports.Links) != len(cfg.Participants) {
		return nil, fmt.Errorf("engine: %d links for %d participants", len(ports.Links), len(cfg.Participants))
	}
	peers := make([]peer, len(cfg.Participants))
	for i, p := range cfg.Participants {
		peers[i] = peer{Peer: p, link: ports.Links[i]}
	}
	coord, err := batch3pc.NewCoordinator(cfg.coordinator())
	if err != nil {
		return nil, err
	}
	if err := succeed(coord, r); err != nil {
		return nil, err
	}
	return &Engine{
		cfg: cfg, ports: ports, bell: bell, replica: r, core: r.core, coord: coord, machine: coord, peers: peers,
		feeder:  ringbuf.NewBell(ringbuf.WaitPark),
		input:   ringbuf.NewSPSC[Entry](cfg.InputMax),
		open:    NewBuilder(0, 1),
		arrival: make([]int64, 0, codec.TradesPerBatchMax),
		trades:  make([]codec.Trade, 0, codec.TradesPerBatchMax),
		win:     newWindow(cfg.RetainMax, cfg.BatchTarget, ports.Budget != nil),
		log:     newLogger(ports.Log, cfg.Durable, bell), lookEveryNs: lookEvery(&cfg.Deadlines), heldEveryNs: cfg.Deadlines.ResendNs,
		generation: batch3pc.Generation{Number: cfg.coordinator().Generation},
		header:     codec.Header{Cluster: cfg.Cluster, Shard: cfg.Shard, Boot: cfg.Boot},
	}, nil
}

// Input is the ring of commands. Its producer rings the engine's bell after publishing, and closes the
// ring at the end of the input.
func (e *Engine) Input() *ringbuf.SPSC[Entry] { return e.input }

// FeederBell is where the producer of Input may wait when the ring is full: the engine rings it
// when the ring has drained to half.
func (e *Engine) FeederBell() *ringbuf.Bell { return e.feeder }

// Stats returns the published counters.
func (e *Engine) Stats() *Stats { return &e.stats }

// Run matches and commits until the input is closed and everything is committed at every
// participant, and their states are saved. When ctx ends it takes no more input, finishes the open
// batch in the same way and returns ctx's cause. A fault ends it with an error at once; what was
// committed before stays committed.
func (e *Engine) Run(ctx context.Context) (Result, error) {
	e.nowNs = e.ports.Clock()
	e.progressNs = e.nowNs
	err := e.begin(ctx)
	if err == nil {
		err = e.loop(ctx)
	}
	if e.log != nil {
		if logErr := e.log.stop(); err == nil && logErr != nil {
			err = logErr
		}
	}
	res := e.result()
	e.core.Close()
	if err == nil {
		err = context.Cause(ctx)
	}
	return res, err
}

// begin makes this engine the one that leads: at once, or when the one that does is gone.
func (e *Engine) begin(ctx context.Context) error {
	if e.stand != nil {
		return e.standBy(ctx)
	}
	e.log.start()
	return e.do(e.coord.Open())
}

func (e *Engine) loop(ctx context.Context) error {
	for {
		stop := ctx.Err() != nil
		if cause := context.Cause(ctx); stop && !errors.Is(cause, context.Canceled) {
			return cause // something broke: nothing can be finished in order
		}
		worked, err := e.round(stop)
		if err != nil {
			return err
		}
		if e.finishing(stop) && e.finish() {
			if !stop {
				e.mustPut(RecordEnd, nil)
			}
			return nil
		}
		if worked {
			e.idle = 0
			continue
		}
		if e.open.Pack() {
			continue // a step at a time, and a look at what has come
		}
		// What the open batch needs is wanted at its seal. Without one, or when that takes long, it is wanted now.
		if e.idle++; e.idle > 1 || e.open.Trades() == 0 {
			e.log.wake()
		}
		e.bell.WaitUntil(e.ready, e.patience())
	}
}

// round is one duty cycle. stop: take no more input.
func (e *Engine) round(stop bool) (worked bool, err error) {
	e.wake()
	if err := e.log.err(); err != nil {
		return false, err
	}
	if worked, err = e.pollLinks(); err != nil {
		return false, err
	}
	if worked {
		e.nowNs = e.ports.Clock() // not earlier than what was just received
	}
	if err := e.advance(); err != nil {
		return false, err
	}
	if e.pollInput(stop) {
		worked = true
	}
	e.closed = e.input.Closed()
	if err := e.maybeSeal(stop); err != nil {
		return false, err
	}
	if err := e.tick(); err != nil {
		return false, err
	}
	if err := e.look(stop); err != nil {
		return false, err
	}
	e.sayCommits()
	e.publishStats()
	return worked, e.watch(stop)
}

// wake takes the time at the beginning of a round.
func (e *Engine) wake() {
	was := e.nowNs
	e.nowNs = e.ports.Clock()
	e.awakeNs += min(e.nowNs-was, e.cfg.Deadlines.ResendNs)
}

// tick tells the coordinator the time, on which it may send again.
func (e *Engine) tick() error {
	r := e.machine.Advance(e.awakeNs)
	if len(r.Records)+len(r.Messages)+len(r.Durable) == 0 {
		return nil
	}
	return e.do(r)
}

// ready reports whether a round would find work. It is what the bell checks before it parks.
func (e *Engine) ready() bool {
	for i := range e.peers {
		if ev, _ := e.peers[i].link.Next(); ev != LinkNone {
			return true
		}
	}
	if e.win.gated < e.win.proposed && e.log.safe.Load() >= e.win.at(e.win.gated).logPos {
		return true
	}
	if e.log.failed.Load() != nil {
		return true
	}
	if !e.canMatch() {
		return false
	}
	if e.logFull && e.log.safe.Load() == e.logSafe {
		return false // the logger rings when the disk has caught up
	}
	if len(e.backlog) > 0 || e.carriesOn() || e.input.Closed() && !e.closed {
		return true
	}
	in := e.input.Peek(1)
	return len(in) > 0 && e.admits(&in[0].Command)
}

// patience is how long the loop may park: until the open batch comes of age, or the next look at
// the stall clock or, while batches are in flight, at the deadlines.
func (e *Engine) patience() time.Duration {
	if e.open.Trades() > 0 && e.coord.Room() && !e.win.full() {
		return time.Duration(max(e.sealAgeNs()-(e.nowNs-e.openNs), 1))
	}
	if e.win.inFlight() > 0 {
		return time.Duration(min(e.lookEveryNs, e.cfg.Deadlines.ResendNs/4))
	}
	return time.Duration(e.cfg.Deadlines.ResendNs / 4)
}

// active reports whether the engine owns a ballot, stands at its base or above, and may propose.
func (e *Engine) active() bool { return e.status.State == batch3pc.StateActive && e.replica == nil }

func (e *Engine) publishStats() {
	c := e.core.Counts()
	e.stats.Commands.Store(c.Commands)
	e.stats.Logged.Store(e.seq)
	e.stats.Trades.Store(e.win.committedTrades())
	e.stats.Batches.Store(e.decided)
	e.stats.Aborted.Store(e.aborted)
	e.stats.InFlight.Store(uint64(e.win.inFlight()))
	e.stats.Stalled.Store(e.stall.on)
}

func (e *Engine) result() Result {
	r := Result{
		Counts: e.core.Counts(), BatchesCommitted: e.decided, BatchesAborted: e.aborted,
		CommittedTrades: e.win.committedTrades(), Before: e.before, Chain: e.status.CommittedChain,
		StateHash: e.core.StateHash(), Memberships: e.changes, Stalls: e.stall.count,
	}
	for i := range e.lates {
		r.Lates = append(r.Lates, e.lates[i].Late)
	}
	for i := range e.peers {
		r.Participants = append(r.Participants, e.peers[i].summary)
		r.Dropped += e.peers[i].dropped
	}
	return r
}
