package box

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Stand runs one of the engines of a run in o.Dir, whose participants run already. It stands by as
// long as another one leads, and then leads itself, from where the log ends to the end of the source.
// rank counts the engines from 0. The report is written by the engine that finishes the run; the
// others get nil and engine.ErrEnded.
func Stand(ctx context.Context, o *Options, source Source, rank int) (*bench.Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	b := &box{o: o, lost: map[string]bool{}, recorder: bench.NewRecorder(), cancel: cancel, started: time.Now()}
	if err := b.reopen(); err != nil {
		return nil, err
	}
	if o.Participants = b.run.Participants; o.Participants == nil {
		return nil, &rundir.RefusedError{Dir: o.Dir, Why: "its run has no participants that other processes can reach: begin it with --backups or --participants"}
	}
	if err := b.stand(source, rank); err != nil {
		_ = b.close()
		return nil, err
	}
	res, err := b.drive(ctx)
	elapsed := time.Since(b.started)
	if b.followed.log == nil {
		return nil, also(err, b.close())
	}
	err = also(also(err, b.disconnect()), b.badInput)
	report := b.report(res, elapsed)
	serr := b.save(report) // while no other engine can lead, and save one of its own
	if err == nil || errors.Is(err, context.Canceled) {
		err = also(err, serr) // else the same fault may be in its way, and says enough
	}
	return report, also(err, b.release())
}

// stand builds an engine that stands by.
func (b *box) stand(source Source, rank int) (err error) {
	o, node := b.o, engineNode+rank
	wait := o.Profile.Wait()
	bell := ringbuf.NewBell(wait)
	if b.rank, err = takeRank(engineDir(o.Dir), rank); err != nil {
		return err
	}
	cfg, ports, err := b.wiring(batch3pc.NodeID(node))
	if err != nil {
		return err
	}
	b.group = connectRemote(o, &b.run, bell, hello{node: uint8(node), boot: b.number})
	b.links(&ports)
	at, err := b.openSnapshot()
	if err != nil {
		return err
	}
	replica := b.replica
	caughtUp := func(at journal.Position) { b.snapshots.keep(replica, at) }
	if b.followed, err = follow(b.commandLog, at, bell, caughtUp, b.snapshots.lead); err != nil {
		return err
	}
	leading := make(chan engine.Source, 1)
	notify := ports.Notify
	ports.Notify = func(n engine.Notice) {
		if n.Kind == engine.NoticeLeading {
			leading <- replica.Source()
		}
		notify(n)
	}
	if b.engine, err = engine.Stand(cfg, ports, bell, b.followed, replica, rank); err != nil {
		return err
	}
	b.replica = nil // the engine's now
	b.feed = b.newFeed(source, ports.Clock, bell)
	b.feed.before = func(ctx context.Context) error {
		err := b.feed.keepUp(ctx, &b.engine.Stats().Source, b.sourceRead, leading, o.SourceName)
		if err != nil {
			b.cancel(err) // before the input is closed, which would say that there is no more
		}
		return err
	}
	return nil
}

// readiness is how far an engine that stands by would lead at once. Its loop says when the log is read and the links are up, and
// its feeder how far the source is read, which has to be as far.
type readiness struct {
	mu       sync.Mutex
	standing bool
	decided  batch3pc.Seq // batch, when it began to
	log      uint64       // commands of the source in the log, at that time
	told     bool         // to people
}

// standing notes that the engine stands by, with so many commands of the source in the log. The feeder tells people.
func (b *box) standing(decided batch3pc.Seq, log uint64) {
	b.ready.mu.Lock()
	defer b.ready.mu.Unlock()
	b.ready.standing, b.ready.decided, b.ready.log = true, decided, log
}

// sourceRead tells people, once so many commands of the source are read, that the engine would lead at once.
func (b *box) sourceRead(commands uint64) {
	b.ready.mu.Lock()
	defer b.ready.mu.Unlock()
	if r := &b.ready; r.standing && !r.told && commands >= r.log {
		r.told = true
		b.rank.become(RankStanding)
		b.o.Log.Warn("backup engine is ready", "pid", os.Getpid(), "decided_batch", uint64(r.decided))
	}
}

// unready notes that the engine does not stand by any more, and reports whether people were told that it does.
func (b *box) unready() (told bool) {
	b.ready.mu.Lock()
	defer b.ready.mu.Unlock()
	told = b.ready.told
	b.ready.standing, b.ready.told = false, false
	return told
}

// standbyNotice tells people what only an engine that stands by says, and reports whether it was that.
func (b *box) standbyNotice(n engine.Notice) bool {
	log := b.o.Log.With("pid", os.Getpid())
	switch n.Kind {
	case engine.NoticeStanding:
		b.standing(n.Seq, b.engine.Stats().Source.Load())
	case engine.NoticeUnready:
		if b.unready() {
			b.rank.become(RankStarting)
			log.Warn("backup engine is not ready: it has lost a link", "role", n.Peer)
		}
	case engine.NoticeTerminated:
		log.Warn("the leading engine is silent: its batches in doubt are decided; no new ones commit until it releases the command log", "committed_batch", uint64(n.Seq))
	case engine.NoticeLeading:
		b.unready()
		b.rank.become(RankLeading)
		log.Warn("this engine leads now", "decided_batch", uint64(n.Seq))
	default:
		return false
	}
	return true
}
