package box

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/engine"
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
	led := b.followed.log != nil
	if cerr := b.close(); err == nil {
		err = cerr
	}
	if !led {
		return nil, err
	}
	report := b.report(res, time.Since(b.started))
	err = errors.Join(err, b.badInput)
	if err != nil && !errors.Is(err, context.Canceled) {
		return report, err
	}
	return report, errors.Join(err, b.save(report))
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
	b.group = connectRemote(o, &b.run, bell, hello{node: uint8(node), boot: cfg.Boot})
	b.links(&ports)
	at, err := b.openSnapshot()
	if err != nil {
		return err
	}
	if b.followed, err = follow(b.commandLog, at, bell, b.snapshots.lead); err != nil {
		return err
	}
	replica := b.replica
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
		err := b.feed.keepUp(ctx, &b.engine.Stats().Source, leading, o.SourceName)
		if err != nil {
			b.cancel(err) // before the input is closed, which would say that there is no more
		}
		return err
	}
	return nil
}

// standbyNotice tells people what only an engine that stands by says, and reports whether it was that.
func (b *box) standbyNotice(n engine.Notice) bool {
	log := b.o.Log.With("pid", os.Getpid())
	switch n.Kind {
	case engine.NoticeTerminated:
		log.Warn("the engine that leads is silent: what it left in doubt is decided; nothing new commits until it gives up the command log", "committed_batch", uint64(n.Seq))
	case engine.NoticeLeading:
		log.Warn("this engine leads", "decided_batch", uint64(n.Seq))
	default:
		return false
	}
	return true
}
