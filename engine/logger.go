package engine

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// logHeader is what precedes a record's body in the log ring: the kind, padded so that the body
// stays 8-byte aligned.
const logHeader = 8

// logRingBytes holds about 250,000 commands: the slack between matcher and disk. When it is full
// the matcher takes no more input.
const logRingBytes = 16 << 20

// logger is the stage that writes the command log: it takes records from a ring, appends all that
// wait, and makes them durable with one fdatasync (group commit). The matcher never waits for it;
// the coordinator does, by InputsDurable. So it is woken when somebody is about to wait, at a seal, and
// not for each chunk of commands: it would sync all the time, from the same disk and processors as those who do.
type logger struct {
	log     Log
	sync    bool
	ring    *ringbuf.Frames
	bell    *ringbuf.Bell // wakes the logger
	matcher *ringbuf.Bell // wakes the matcher
	pushed  uint64        // records pushed; the matcher's own
	owed    int           // bytes of those that nobody was woken for; likewise
	taken   uint64        // records taken; the logger's own
	wanted  atomic.Uint64 // records that are to be made durable; written by the matcher
	safe    atomic.Uint64 // records that are durable; written by the logger
	full    atomic.Bool   // the disk is: the logger waits for room
	failed  atomic.Pointer[error]
	done    sync.WaitGroup
}

func newLogger(log Log, durable bool, matcher *ringbuf.Bell) *logger {
	return &logger{
		log: log, sync: durable, matcher: matcher,
		ring: ringbuf.NewFrames(logRingBytes),
		bell: ringbuf.NewBell(ringbuf.WaitPark),
	}
}

// claim returns room for a record body of n bytes, or nil when the disk is that far behind.
func (l *logger) claim(kind uint8, n int) []byte {
	b := l.ring.Claim(logHeader + n)
	if b == nil {
		return nil
	}
	clear(b[:logHeader])
	b[0] = kind
	return b[logHeader:]
}

// owedMax is how many bytes may wait for the logger to be woken.
const owedMax = 64 << 10

// publish hands the first n body bytes of the claimed record to the logger, for its next round.
func (l *logger) publish(n int) {
	l.ring.Publish(logHeader + n)
	l.pushed++
	if l.owed += n; l.owed >= owedMax {
		l.wake()
	}
}

// wake has the logger make durable what was published.
func (l *logger) wake() {
	if l.owed > 0 {
		l.owed = 0
		l.wanted.Store(l.pushed)
		l.bell.Ring()
	}
}

// put is claim and publish for a small record, which need not have a body; false when there is no room.
func (l *logger) put(kind uint8, body []byte) bool {
	b := l.claim(kind, len(body))
	if b == nil {
		return false
	}
	copy(b, body)
	l.owed++
	l.publish(len(body))
	return true
}

// err returns the error that stopped the logger, if any. A log that failed to sync is not tried
// again (PROTOCOL.md S9): the run ends.
func (l *logger) err() error {
	if p := l.failed.Load(); p != nil {
		return *p
	}
	return nil
}

func (l *logger) start() {
	l.done.Add(1)
	go func() {
		defer l.done.Done()
		for l.round() {
		}
	}()
}

// round waits until something is wanted and writes everything that waits. It returns false when the ring is
// closed and empty, or the log has failed.
func (l *logger) round() bool {
	l.bell.Wait(func() bool { return l.wanted.Load() > l.taken || l.ring.Closed() })
	n := uint64(0)
	for {
		rec := l.ring.Peek()
		if rec == nil {
			break
		}
		if err := l.append(rec); err != nil {
			return l.fail(err)
		}
		l.ring.Release()
		n++
	}
	if n == 0 {
		return !l.ring.Closed() || l.ring.Len() > 0
	}
	l.taken += n
	if err := l.log.Flush(); err != nil {
		return l.fail(err)
	}
	if l.sync {
		if err := l.log.Sync(); err != nil {
			return l.fail(err)
		}
	}
	l.safe.Add(n)
	l.matcher.Ring()
	return true
}

// fullPause is how long the logger waits before it tries a full disk again.
const fullPause = 100 * time.Millisecond

// append writes a record. While the disk is full it waits, unless the run is over.
func (l *logger) append(rec []byte) error {
	for {
		err := l.log.Append(rec[0], rec[logHeader:])
		if err == nil || !errors.Is(err, ErrNoRoom) || l.ring.Closed() {
			if l.full.Load() {
				l.full.Store(false)
				l.matcher.Ring()
			}
			return err
		}
		if !l.full.Swap(true) {
			l.matcher.Ring()
		}
		l.bell.WaitUntil(l.ring.Closed, fullPause)
	}
}

func (l *logger) fail(err error) bool {
	l.failed.Store(&err)
	l.matcher.Ring()
	return false
}

// stop waits until everything pushed is written. The matcher pushes nothing afterwards.
func (l *logger) stop() error {
	l.ring.Close()
	l.bell.Ring()
	l.done.Wait()
	return l.err()
}
