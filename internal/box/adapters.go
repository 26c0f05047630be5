package box

import (
	"context"
	"log/slog"
	"time"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/orderbook"
)

// link lets the engine, which knows no transport, use a transport.Link.
type link struct{ *transport.Link }

// The two enumerations must stay in step.
var (
	_ = [1]struct{}{}[int(transport.EventNone)-int(engine.LinkNone)]
	_ = [1]struct{}{}[int(transport.EventUp)-int(engine.LinkUp)]
	_ = [1]struct{}{}[int(transport.EventDown)-int(engine.LinkDown)]
	_ = [1]struct{}{}[int(transport.EventFrame)-int(engine.LinkFrame)]
	_ = [1]struct{}{}[int(bench.OrderToMatch)-int(engine.StageOrderToMatch)]
	_ = [1]struct{}{}[int(bench.BatchDecision)-int(engine.StageBatchDecision)]
	_ = [1]struct{}{}[int(bench.CanCommit)-int(engine.StageCanCommit)]
	_ = [1]struct{}{}[int(bench.PreCommit)-int(engine.StagePreCommit)]
	_ = [1]struct{}{}[int(bench.DoCommit)-int(engine.StageDoCommit)]
	_ = [1]struct{}{}[int(bench.OrderToCommit)-int(engine.StageOrderToCommit)]
)

func (l link) Next() (engine.LinkEvent, []byte) {
	ev, frame := l.Link.Next()
	return engine.LinkEvent(ev), frame
}

// stages lets the engine record into the bench's histograms.
type stages struct{ *bench.Recorder }

func (s stages) Record(stage engine.Stage, ns int64) { s.Recorder.Record(bench.Stage(stage), ns) }

// commandLog is the engine's log in the run directory.
type commandLog struct {
	*journal.Journal
	log rundir.CommandLog
}

// noRoom is the journal's error in the engine's words.
type noRoom struct{ error }

func (noRoom) Is(target error) bool { return target == engine.ErrNoRoom }
func (e noRoom) Unwrap() error      { return e.error }

func (l *commandLog) Append(kind uint8, body ...[]byte) error {
	_, err := l.Journal.Append(kind, body...)
	if err != nil && journal.Full(err) {
		return noRoom{err}
	}
	return err
}

// Recover reads the log from its newest snapshot on, beside the open journal.
func (l *commandLog) Recover(load func(snapshot []byte) error, take func(kind uint8, body []byte) error) error {
	_, err := l.log.Recover(load, take)
	return err
}

// notify tells people what the engine says.
func (b *box) notify(n engine.Notice) {
	log := b.o.Log
	if b.standbyNotice(n) || memberNotice(log, n) {
		return
	}
	switch n.Kind {
	case engine.NoticePeerUp:
		if b.lost[n.Peer] {
			delete(b.lost, n.Peer)
			log.Warn("participant is back", "role", n.Peer, "committed_batch", uint64(n.Seq))
			return
		}
		log.Info("participant connected", "role", n.Peer, "committed_batch", uint64(n.Seq))
	case engine.NoticePeerDown:
		b.lost[n.Peer] = true
		level := slog.LevelWarn
		if b.o.Participants == nil {
			level = slog.LevelInfo // the supervisor tells, and why
		}
		until := "participant lost: new commits wait until it is back"
		if b.o.spare(n.Peer) {
			until += " or left out"
		}
		log.Log(context.Background(), level, until, "role", n.Peer, "batches_in_flight", n.InFlight)
	case engine.NoticeStalled:
		log.Warn("no batch commits", "because", n.Peer, "batches_in_flight", n.InFlight, "for", time.Duration(n.ForNs).Round(time.Millisecond).String(), "times", n.Times)
	case engine.NoticeResumed:
		log.Warn("batches commit again", "committed_batch", uint64(n.Seq))
	case engine.NoticeHalted:
		until, orders := "trading is halted until batches commit again", "wait"
		if n.Why == orderbook.RejectDiskFull.String() {
			until = "trading is halted until there is room on the disk"
		}
		if n.Rejects {
			orders = "refused: " + n.Why
		}
		log.Error(until, "because", n.Peer, "orders", orders, "batches_in_flight", n.InFlight, "for", time.Duration(n.ForNs).Round(time.Millisecond).String())
	case engine.NoticeTrading:
		log.Warn("trading resumes", "committed_batch", uint64(n.Seq))
	case engine.NoticeVeto:
		log.Warn("batch vetoed: its orders are removed and the rest is matched again", "role", n.Peer, "batch", uint64(n.Seq), "orders", n.Orders)
		if n.Halted > 0 {
			log.Error("vetoed repeatedly: the instruments of the refused orders are halted until their next phase", "role", n.Peer, "instruments", n.Halted)
		}
	case engine.NoticeTakenUp:
		log.Warn("resuming from the command log", "committed_batch", uint64(n.Seq), "batches_aborted", n.InFlight, "commands_matched_again", n.Orders)
	case engine.NoticeDropped:
		log.Error("frames of a participant are not understood, and dropped: it has a fault, or is of another version", "role", n.Peer, "because", n.Why, "times", n.Times)
	case engine.NoticeFinished:
		log.Info("participant finished", "role", n.Peer)
	}
}
