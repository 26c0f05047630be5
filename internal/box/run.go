package box

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/participant/marketdata"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/verify"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// box is a run in progress.
type box struct {
	o          *Options
	run        rundir.Run
	claimed    *os.File // the run directory
	leader     *os.File // the leader's lock
	rank       *rank    // of an engine that stands by
	ready      readiness
	log        *journal.Journal
	replica    *engine.Replica // of the log as it was opened, until the engine has it
	read       atomic.Uint64   // commands of the source that it has, while it reads the log
	followed   *followed       // of a backup engine
	commandLog rundir.CommandLog
	number     uint32 // of this start among those of the engine in this directory, ascending
	snapshots  *snapshots
	group      group
	bore       map[string]uint64 // errors of its links, when it was stopped
	engine     *engine.Engine
	feed       feed
	fills      *Fills
	lost       map[string]bool // participants that were connected and are not
	refused    []string        // what the links to them could not use
	badInput   error           // why the source ended early; the run itself ended in order
	recorder   *bench.Recorder
	started    time.Time
	cancel     context.CancelCauseFunc
}

// Execute runs source through the engine and its participants, and returns the report. The report
// is valid, as far as the run came, also with an error: *MismatchError if a fill differs from the
// expected ones, *verify.Violation if the logs do not agree, context.Canceled if ctx was cancelled
// (the open batch is finished first), the source's error if it could not be read to its end (what
// was read is committed and verified), and otherwise what broke.
func Execute(ctx context.Context, o *Options, source Source) (*bench.Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	b := &box{o: o, lost: map[string]bool{}, recorder: o.Recorder, cancel: cancel, started: time.Now()}
	if b.recorder == nil {
		b.recorder = bench.NewRecorder()
	}
	if err := b.open(ctx, source); err != nil {
		return nil, err
	}
	res, err := b.drive(ctx)
	elapsed := time.Since(b.started)
	err = also(err, b.disconnect())
	report := b.report(res, elapsed)
	_ = b.save(report) // before another engine can lead, and save one of its own; what is in its way says the next attempt
	if err = also(err, b.release()); err != nil && !errors.Is(err, context.Canceled) {
		return report, err
	}
	err = errors.Join(err, b.badInput)
	if o.Verify {
		verr := o.prove()
		report.Verified = verr == nil
		err = errors.Join(err, verr)
	}
	if err == nil && b.fills != nil { // of a run that came to its end
		err = b.fills.err()
		report.Verified = report.Verified && err == nil
	}
	return report, errors.Join(err, b.save(report))
}

// also joins an error that is not a part of the first: a participant that failed is why the run did.
func also(err, next error) error {
	if next == nil || errors.Is(err, next) {
		return err
	}
	return errors.Join(err, next)
}

// prove verifies the logs of the run, under a status line of its own.
func (o *Options) prove() error {
	var p verify.Progress
	if o.Progress != nil {
		defer o.Progress(p.Status)()
	}
	_, err := verify.RunWatched(o.Dir, &p)
	return err
}

// open lays out the directory and builds everything, but starts no input.
func (b *box) open(ctx context.Context, source Source) error {
	o := b.o
	err := b.layOut()
	if err == nil && o.Resume { // before anything is started: a wrong source is told at once
		if err = b.takeUp(ctx, source); err == nil && o.Participants != nil { // other engines may follow
			b.run.Resumed = b.started.UTC()
			err = rundir.Write(o.Dir, &b.run)
		}
	} else if err == nil {
		err = b.openLog(ctx)
	}
	if err == nil && o.Participants == nil {
		err = unfinish(o.Dir)
	}
	wait := o.Profile.Wait()
	bell := ringbuf.NewBell(wait)
	if err == nil {
		b.group, err = b.startGroup(ctx, wait, bell)
	}
	if err == nil {
		err = b.build(source, bell)
	}
	if err != nil {
		_ = b.close()
	}
	return err
}

// layOut makes the run directory, or finds the one whose run is taken up, and claims it.
func (b *box) layOut() (err error) {
	o := b.o
	if err := Free(o.Dir); err != nil {
		return err
	}
	if !o.Resume {
		if err := rundir.Make(o.Dir); err != nil {
			return err
		}
	}
	if b.claimed, err = claim(o.Dir); err != nil {
		return err
	}
	if o.Resume {
		return b.reopen()
	}
	b.run = rundir.Run{
		Version: rundir.Version, Started: b.started.UTC(), Source: o.SourceName, Format: o.SourceFormat,
		Transport: o.transport(), Durable: o.Engine.Durable, Limits: o.Engine.Limits, Roles: o.Roles,
		Cluster: uint32(xxhash.Sum64String(o.Dir+b.started.String())) | 1,
	}
	if o.Participants != nil {
		b.run.Cluster, b.run.Participants, b.run.Command = o.Cluster, o.Participants, o.Command
	}
	if err := rundir.Prepare(o.Dir, o.Force, &b.run); err != nil {
		return err
	}
	if o.Participants != nil {
		return nil
	}
	return makeRoleDirs(o.Dir)
}

// makeRoleDirs makes the directories of the participants' logs, so that a run that ends before they
// have started is a run without batches, and not one whose logs somebody has removed.
func makeRoleDirs(dir string) error {
	for _, name := range rundir.RoleNames {
		if err := disk.MakeDirs(disk.Real, rundir.RoleDir(dir, name)); err != nil {
			return err
		}
	}
	return disk.MakeDirs(disk.Real, filepath.Join(rundir.RoleDir(dir, "marketdata"), marketdata.TapeDir))
}

func (b *box) startGroup(ctx context.Context, wait ringbuf.Wait, bell *ringbuf.Bell) (group, error) {
	fail := func(err error) { b.cancel(err) }
	switch {
	case b.o.InProcess:
		return orNil(startLocal(b.o, &b.run, wait, bell, fail))
	case b.o.Participants != nil:
		return connectRemote(b.o, &b.run, bell, hello{node: engineNode, carrier: carriers[b.o.Transport]}), nil
	default:
		return orNil(startProcesses(ctx, b.o, &b.run, bell, fail))
	}
}

// orNil keeps a nil pointer from becoming a non-nil interface.
func orNil[G group](g G, err error) (group, error) {
	if err != nil {
		return nil, err
	}
	return g, nil
}

func (b *box) build(source Source, bell *ringbuf.Bell) error {
	cfg, ports, err := b.wiring(engineNode)
	if err != nil {
		return err
	}
	ports.Log = &commandLog{b.log, b.commandLog}
	b.links(&ports)
	if b.o.Expect != nil {
		b.fills = &Fills{expected: b.o.Expect}
	}
	if b.engine, err = engine.Resume(cfg, ports, bell, b.replica); err != nil {
		return err
	}
	b.replica = nil                            // the engine's now
	some, lastNs := b.feed.some, b.feed.lastNs // of what the command log holds already
	b.feed = b.newFeed(source, ports.Clock, bell)
	b.feed.some, b.feed.lastNs = some, lastNs
	return nil
}

// wiring is what an engine of this run is configured with, but for its log and its links. The start gets its number,
// by which participants know the later one of two. Ballots do not go by it: two copies of a directory that are
// started in the same second have the same one.
func (b *box) wiring(node batch3pc.NodeID) (engine.Config, engine.Ports, error) {
	cfg := b.o.Engine
	number, err := rundir.NextBoot(b.o.Dir, node, b.started)
	b.number = number
	cfg.Self, cfg.Cluster, cfg.Boot = node, b.run.Cluster, rounds.BootNumber(rounds.RandomBits(), 0)
	cfg.Participants = b.o.peers()
	return cfg, engine.Ports{
		Clock:    func() int64 { return int64(time.Since(b.started)) },
		Recorder: stages{b.recorder},
		Budget:   b.o.Budget,
		Commit:   b.committed,
		Notify:   b.notify,
	}, err
}

func (b *box) links(ports *engine.Ports) {
	for _, l := range b.group.links() {
		ports.Links = append(ports.Links, link{l})
	}
}

func (b *box) newFeed(source Source, clock func() int64, bell *ringbuf.Bell) feed {
	var diskFull func(bool)
	if b.o.Engine.HaltRejects {
		diskFull = b.engine.DiskFull
	}
	return feed{
		source: source, pace: pacer{Pace: b.o.Pace}, strict: b.o.Strict, end: b.o.End, clock: clock,
		ring: b.engine.Input(), engine: bell, room: b.engine.FeederBell(), space: newSpace(b.o.Dir, b.o.DiskReserve, b.o.Log), diskFull: diskFull,
	}
}

func (b *box) committed(c *engine.Committed) error {
	if b.fills != nil {
		b.fills.take(c)
	}
	if b.o.Committed != nil {
		b.o.Committed(c)
	}
	return nil
}

// drive feeds and matches until the end of the source or of ctx. An error of the source does not
// undo what was read before it: that is committed, and the error is left in badInput.
func (b *box) drive(ctx context.Context) (engine.Result, error) {
	if b.o.Progress != nil {
		defer b.o.Progress(b.status)()
	}
	defer b.o.Profile.Procs()()
	fed := make(chan error, 1)
	go func() {
		unpin, err := b.o.Profile.Pin(stageFeeder)
		if err == nil {
			err = b.feed.run(ctx)
			unpin()
		} else {
			b.cancel(err)
		}
		fed <- err
	}()
	unpin, err := b.o.Profile.Pin(stageMatcher)
	if err != nil {
		return engine.Result{}, err
	}
	b.snapshots.stats = b.engine.Stats()
	b.snapshots.start(b.cancel)
	res, err := b.engine.Run(ctx)
	b.snapshots.stop()
	unpin()
	if err != nil {
		b.cancel(err) // ends the feeder if the engine broke
	}
	b.inputEnded(ctx, fed)
	return res, err
}

// feederGrace is how long the feeder may take to see that the run is over.
const feederGrace = 200 * time.Millisecond

// inputEnded waits for the feeder and tells what it could not read. After the run a feeder that is
// stuck in its source, a pipe that nobody writes to, is left there: nothing comes of it any more.
func (b *box) inputEnded(ctx context.Context, fed <-chan error) {
	select {
	case b.badInput = <-fed:
	case <-ctx.Done():
		select {
		case b.badInput = <-fed:
		case <-time.After(feederGrace):
			return
		}
	}
	for _, bad := range b.feed.bad {
		b.o.Log.Warn("record rejected as unreadable", "record", bad.Error())
	}
	if more := b.feed.badN - len(b.feed.bad); more > 0 {
		b.o.Log.Warn("more unreadable records", "count", more)
	}
}

func (b *box) status() bench.Status {
	st := b.engine.Stats()
	s := bench.Status{
		Done: st.Commands.Load(), Trades: st.Trades.Load(), Batches: st.Batches.Load(),
		InFlight: st.InFlight.Load(), Stalls: b.feed.full.Load(),
	}
	if b.o.Done != nil {
		if read, total := b.o.Done(); total > 0 && read > 0 {
			s.Total = uint64(float64(s.Done) * float64(total) / float64(read))
		}
	}
	return s
}

// close ends the participants and lets go of the run. It returns the first error.
func (b *box) close() error {
	err := b.disconnect()
	if rerr := b.release(); err == nil {
		err = rerr
	}
	return err
}

// disconnect ends the participants, and returns their first error.
func (b *box) disconnect() error {
	if b.group == nil {
		return nil
	}
	for _, l := range b.group.links() {
		b.refused = append(b.refused, l.NotUsed()...)
	}
	err := b.group.stop()
	b.bore = map[string]uint64{}
	for _, l := range b.group.links() {
		bore(b.bore, l.Stats())
	}
	b.group = nil
	return err
}

// release closes the log and gives up the locks. It returns the first error.
func (b *box) release() (err error) {
	if b.replica != nil {
		b.replica.Close()
		b.replica = nil
	}
	if b.followed != nil {
		if cerr := b.followed.close(); err == nil {
			err = cerr
		}
		b.followed = nil
	}
	if b.log != nil {
		if cerr := b.log.Close(); err == nil {
			err = cerr
		}
		b.log = nil
	}
	if b.leader != nil {
		_ = b.leader.Close() // nothing was written to it
		b.leader = nil
	}
	if b.rank != nil {
		_ = b.rank.close()
		b.rank = nil
	}
	if b.claimed != nil {
		_ = b.claimed.Close()
		b.claimed = nil
	}
	return err
}

// report puts together what the run was and did.
func (b *box) report(res engine.Result, elapsed time.Duration) *bench.Report {
	r := &bench.Report{
		Source: b.o.SourceName, Format: b.o.SourceFormat,
		Commands: int64(res.Commands), OrdersAccepted: int64(res.OrdersAccepted), Trades: int64(res.CommittedTrades),
		BatchesCommitted: int64(res.BatchesCommitted), BatchesAborted: int64(res.BatchesAborted),
		CommandsBefore: int64(res.Before.Commands), TradesBefore: int64(res.Before.Trades),
		Rate: b.o.Pace.PerSecond, Realtime: b.o.Pace.Realtime, Durable: b.run.Durable, Profile: b.o.Profile.Name, Transport: b.o.transport(),
		Memory: b.o.MemoryGot, Refused: slices.Concat(b.o.Refused, b.refused), CoresUsed: b.o.coresUsed(), Machine: bench.MachineOf(host.Detect()),
		Engine: bench.Engine{Chain: bench.Hash(res.Chain)},
	}
	if r.Durable {
		r.Refused = append(r.Refused, host.NotDurable(b.o.Dir)...)
	}
	r.SetElapsed(elapsed)
	reportMembers(r, &res, time.Now())
	r.SetRejects(&res.Rejects)
	r.SetMarket(&res.Counts)
	if r.Links = b.bore; res.Dropped > 0 {
		r.Links[badMessage] = res.Dropped
	}
	r.SetLatencies(b.recorder.Snapshot())
	if b.fills != nil {
		r.FillsExpected, r.FillsMatched = int64(len(b.fills.expected)), int64(b.fills.matched)
	}
	for i, p := range []*bench.Participant{&r.Participants.Risk, &r.Participants.Settlement, &r.Participants.Marketdata} {
		if i < len(res.Participants) {
			s := res.Participants[i]
			*p = bench.Participant{AppliedBatches: s.AppliedBatches, AppliedTrades: s.AppliedTrades, Chain: bench.Hash(s.Chain)}
		}
	}
	return r
}

// save writes the report and the histograms into the run directory.
func (b *box) save(r *bench.Report) error {
	if err := writeReport(b.o.Dir, r); err != nil {
		return err
	}
	return r.WriteHGRM(b.o.Dir)
}
