package box

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/capture"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// Source yields commands. io.EOF ends it; a *capture.RecordError is one record that could not be
// read, after which reading goes on; any other error is final.
type Source interface {
	Next(c *codec.Command) error
}

// feed moves commands from the source into the engine's ring until the source ends, or ctx does.
type feed struct {
	source Source
	pace   pacer
	strict bool
	end    time.Time // the source ends then, but for what the command log holds already; zero: never
	clock  func() int64
	ring   *ringbuf.SPSC[engine.Entry]
	engine *ringbuf.Bell // wakes the engine
	room   *ringbuf.Bell // rung by the engine when the ring has drained
	full   atomic.Uint64 // times that the ring held up the source
	bad    []error       // the first unreadable records, for the log
	badN   int
	some   bool  // a record could be read
	lastNs int64 // time stamp of the last command that could be read
	space  *space
	// diskFull is told whether the disk is nearly full, if the source is of people who wait for an answer: their orders
	// are refused then. nil: the source waits.
	diskFull func(bool)
	spent    atomic.Bool // with diskFull: there is no room for rejects either

	before func(ctx context.Context) error // waits for the moment to begin; nil: now
}

// badMax bounds how many unreadable records are kept for the log.
const badMax = 5

// feedChunk is how many commands are published at a time when there is no pace.
const feedChunk = 64

// run feeds until the end and closes the ring. The error is why the source ended early, if it did.
func (f *feed) run(ctx context.Context) error {
	defer context.AfterFunc(ctx, f.room.Ring)()
	defer func() {
		f.ring.Close()
		f.engine.Ring()
	}()
	if f.before != nil {
		if err := f.before(ctx); err != nil {
			return err
		}
	}
	if f.diskFull != nil {
		watching, stop := context.WithCancel(ctx)
		var done sync.WaitGroup
		done.Go(func() { f.watchDisk(watching) })
		defer done.Wait()
		defer stop()
	}
	for ctx.Err() == nil {
		if f.held() {
			f.space.wait(ctx, f.held)
			continue
		}
		slots := f.ring.Claim(feedChunk)
		if len(slots) == 0 {
			f.full.Add(1)
			f.room.Wait(func() bool { return f.ring.Len() <= f.ring.Cap()/2 || ctx.Err() != nil })
			continue
		}
		n, err := f.fill(ctx, slots)
		if n > 0 {
			f.ring.Publish(n)
			f.engine.Ring()
		}
		if errors.Is(err, io.EOF) {
			return f.nothing()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nothing says, at the end of the source, whether none of its records could be read.
func (f *feed) nothing() error {
	if f.some || f.badN == 0 {
		return nil
	}
	return capture.NothingRead(f.badN, f.bad[0])
}

// held reports whether the disk has no room for what the source has: not even for a reject of it, if it is to have one.
func (f *feed) held() bool {
	if f.diskFull == nil {
		return f.space.isLow()
	}
	return f.spent.Load()
}

// watchDisk looks at the disk until ctx ends, beside the feeder, which may be waiting for room in the ring.
func (f *feed) watchDisk(ctx context.Context) {
	again := time.NewTicker(spaceEvery)
	defer again.Stop()
	for {
		f.diskFull(f.space.isLow())
		if spent := f.space.spent; spent != f.spent.Swap(spent) {
			f.sayWait(spent)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// sayWait tells people that the source waits without an answer, and that it does not any more.
func (f *feed) sayWait(waits bool) {
	if waits {
		f.space.log.Error("half of the disk reserve is used: orders wait, since even a reject needs room", "dir", f.space.dir)
		return
	}
	f.space.log.Warn("half of the disk reserve is free again: orders no longer wait", "dir", f.space.dir)
}

// fill reads into slots. With a pace it waits for the first command, and goes on with those for which it would not
// wait any more: a wake-up of the engine for each would be most of what a fast flow costs.
func (f *feed) fill(ctx context.Context, slots []engine.Entry) (int, error) {
	if !f.end.IsZero() && !time.Now().Before(f.end) {
		return 0, io.EOF
	}
	now := f.clock()
	for n := range slots {
		if n > 0 && !f.pace.free() && f.pace.next()-now >= int64(napMin) {
			return n, nil
		}
		if err := f.next(&slots[n].Command); err != nil {
			return n, err
		}
		slots[n].ArrivalNs, now = f.arrive(ctx, &slots[n].Command, now)
	}
	return len(slots), nil
}

// arrive says when a command arrives: now, or when it is due, for which it waits. It returns the time then, too.
func (f *feed) arrive(ctx context.Context, c *codec.Command, nowNs int64) (arrivalNs, thenNs int64) {
	if f.pace.free() || c.Kind == codec.KindDefine {
		return nowNs, nowNs
	}
	due := f.pace.due(nowNs, c.TimeNs)
	if due-nowNs >= int64(napMin) {
		nowNs = f.waitUntil(ctx, due)
	}
	return min(due, nowNs), nowNs
}

// waitUntil waits for dueNs and returns the time then. It may return up to napMin early: a thread
// that sleeps for less wakes much later than asked.
func (f *feed) waitUntil(ctx context.Context, dueNs int64) (nowNs int64) {
	for {
		nowNs = f.clock()
		wait := time.Duration(dueNs - nowNs)
		if wait < napMin {
			return nowNs
		}
		t := time.NewTimer(wait - napMin/2)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nowNs
		}
	}
}

// next reads one command. An unreadable record becomes a command that is only counted, unless the
// run is strict.
func (f *feed) next(c *codec.Command) error {
	err := f.source.Next(c)
	if err == nil { // first: what follows allocates
		f.some, f.lastNs = true, c.TimeNs
		return nil
	}
	var bad *capture.RecordError
	if !errors.As(err, &bad) {
		return err
	}
	if f.strict {
		return fmt.Errorf("%w (--strict)", err)
	}
	f.badN++
	if len(f.bad) < badMax {
		f.bad = append(f.bad, err)
	}
	*c = codec.Command{Kind: codec.KindUnreadable, Ref: uint32(bad.Line), TimeNs: f.lastNs} // it has no time of its own
	return nil
}
