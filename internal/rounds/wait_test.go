package rounds_test

import (
	"errors"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// waitLog is a memLog that can be waited for.
type waitLog struct {
	*memLog
	waits  int
	broken error
}

func (l *waitLog) WantNow(lsn uint64) {
	l.waits++
	l.Want(lsn)
	if l.failed = l.broken; l.failed == nil {
		l.synced = max(l.synced, l.flushed)
	}
}

// A participant that has nothing else to do waits for the disk itself, and one that has voted for more does not (D1
// holds either way).
func TestWaitsForDiskWhenIdle(t *testing.T) {
	s := &site{t: t}
	log := &waitLog{memLog: &s.log}
	s.start(rounds.ParticipantConfig{}, log)
	s.tell(batch3pc.Message{Kind: batch3pc.KindStateReq})
	s.tell(batch3pc.Message{Kind: batch3pc.KindStart})
	s.want("promises", s.round(), batch3pc.KindState, batch3pc.KindStartAck)
	if log.waits != 1 {
		t.Errorf("waited %d times for one round's promises, want once", log.waits)
	}

	batches := chain(2)
	for i := range batches {
		s.tell(batch3pc.Message{Kind: batch3pc.KindBatch, Seq: batches[i].Seq, Batch: &batches[i]})
	}
	s.want("votes", s.round(), batch3pc.KindYes, batch3pc.KindYes)
	s.tell(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: 1, Chain: batches[0].Chain})
	s.want("a pre-commit with a vote behind it", s.round())
	if log.waits != 1 {
		t.Error("waited for the disk although another batch is under way")
	}
	s.log.sync(t)
	s.want("its sync", s.round(), batch3pc.KindPreCommitAck)
	s.tell(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: 2, Chain: batches[1].Chain})
	s.want("the last pre-commit", s.round(), batch3pc.KindPreCommitAck)
	if log.waits != 2 || s.log.synced != s.log.LSN() {
		t.Errorf("waited %d times, %d of %d records durable, want 2 and all", log.waits, s.log.synced, s.log.LSN())
	}
}

// A sync that fails while the participant waits for it ends the node, and the promise never leaves (D1, D3).
func TestFailureWhileWaiting(t *testing.T) {
	s := &site{t: t}
	log := &waitLog{memLog: &s.log, broken: errors.New("broken")}
	s.start(rounds.ParticipantConfig{}, log)
	s.tell(batch3pc.Message{Kind: batch3pc.KindStateReq})
	if _, err := s.driver.Round(1); !errors.Is(err, log.broken) {
		t.Errorf("error %v, want the log's", err)
	}
	if got := s.engine.heard(t); len(got) > 0 {
		t.Errorf("answers %v after a sync that failed, want none", got)
	}
}

// WantNow returns when it is done, whether the owner or the goroutine of the disk does it, and what one has made
// durable the other does not touch.
func TestWantNow(t *testing.T) {
	bell := ringbuf.NewBell(ringbuf.WaitPark)
	d, err := rounds.OpenDisk(t.TempDir(), bell, func(uint8, []byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	add := func() uint64 {
		if err := errors.Join(d.Append(1, []byte("head"), nil), d.Flush()); err != nil {
			t.Fatal(err)
		}
		return d.LSN()
	}
	durable := func(lsn uint64) bool {
		synced, err := d.Synced()
		if err != nil {
			t.Fatal(err)
		}
		return synced >= lsn
	}
	d.WantNow(add()) // not started: remembered
	if durable(1) {
		t.Error("durable before the start")
	}
	d.Start()
	for i := range 50 {
		for !durable(d.LSN()) { // the ring of the sync before may come as late as this
			bell.Wait(func() bool { return durable(d.LSN()) })
		}
		lsn := add()
		d.WantNow(lsn)
		if !durable(lsn) {
			t.Fatalf("record %d: not durable although nothing else was wanted", lsn)
		}
		d.WantNow(lsn)
		if d.Syncs() != uint64(1+i+i+1) {
			t.Fatalf("%d syncs after %d records", d.Syncs(), lsn)
		}
		d.Want(add())
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}
