package box

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/capture"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// script is a source that plays a list: a number is a command with that time stamp, an error is an
// error. Behind the list the source ends.
type script []any

func (s *script) Next(c *codec.Command) error {
	if len(*s) == 0 {
		return io.EOF
	}
	item := (*s)[0]
	*s = (*s)[1:]
	if err, ok := item.(error); ok {
		return err
	}
	*c = codec.Command{Kind: codec.KindNew, TimeNs: int64(item.(int))}
	return nil
}

func newFeed(s script, capacity int) *feed {
	now := int64(0)
	return &feed{
		source: &s, ring: ringbuf.NewSPSC[engine.Entry](capacity), engine: ringbuf.NewBell(ringbuf.WaitPark), room: ringbuf.NewBell(ringbuf.WaitPark),
		clock: func() int64 { now++; return now }, space: &space{},
	}
}

// fed returns what is in the ring, which must be closed.
func fed(t *testing.T, f *feed) []engine.Entry {
	t.Helper()
	var entries []engine.Entry
	for e, ok := f.ring.TryPop(); ok; e, ok = f.ring.TryPop() {
		entries = append(entries, e)
	}
	if !f.ring.Closed() {
		t.Error("the ring is open at the end of the input")
	}
	return entries
}

func unreadable(line int64) error {
	return &capture.RecordError{File: "day.csv", Line: line, Want: "a price", Got: "nothing"}
}

func TestFeedCountsUnreadableRecords(t *testing.T) {
	f := newFeed(script{10, unreadable(3), 20, unreadable(5), unreadable(6), unreadable(7), unreadable(8), unreadable(9), 30}, 64)
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	entries := fed(t, f)
	if len(entries) != 9 || f.badN != 6 || len(f.bad) != badMax {
		t.Fatalf("%d entries, %d unreadable, %d kept for the log; want 9, 6 and %d", len(entries), f.badN, len(f.bad), badMax)
	}
	if c := entries[1].Command; c.Kind != codec.KindUnreadable || c.Ref != 3 || c.TimeNs != 10 {
		t.Errorf("an unreadable record became %+v, want its line and the time before it", c)
	}
	if c := entries[8].Command; c.Kind != codec.KindNew || c.TimeNs != 30 {
		t.Errorf("the last command is %+v", c)
	}
	if !strings.Contains(f.bad[0].Error(), "line 3") {
		t.Errorf("the first one is told as %v", f.bad[0])
	}
}

// TestFeedOfNothingReadable: a source none of whose records can be read is an error, and each is counted all the same. One
// that can be is enough, also if the command log has it already.
func TestFeedOfNothingReadable(t *testing.T) {
	f := newFeed(script{unreadable(1), unreadable(2)}, 64)
	if err := f.run(t.Context()); !errors.Is(err, capture.ErrNothingRead) || !strings.Contains(err.Error(), "of 2: day.csv: line 1") {
		t.Errorf("got %v, want %v and the first record", err, capture.ErrNothingRead)
	}
	if entries := fed(t, f); len(entries) != 2 {
		t.Errorf("%d commands were fed, want 2", len(entries))
	}
	f = newFeed(script{unreadable(1)}, 64)
	f.some = true
	if err := f.run(t.Context()); err != nil {
		t.Errorf("behind the command log: %v", err)
	}
	f = newFeed(script{}, 64)
	if err := f.run(t.Context()); err != nil {
		t.Errorf("without records: %v", err)
	}
}

func TestFeedStrict(t *testing.T) {
	f := newFeed(script{10, 20, unreadable(4), 30}, 64)
	f.strict = true
	err := f.run(t.Context())
	if want := "day.csv: line 4 (offset 0): want a price, got nothing (--strict)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if entries := fed(t, f); len(entries) != 2 {
		t.Errorf("%d commands were fed before it, want 2", len(entries))
	}
}

func TestFeedKeepsWhatIsBeforeDamage(t *testing.T) {
	damage := &capture.DamageError{File: "day.tzc", Offset: 9, Want: "a block", Got: "the end"}
	f := newFeed(script{10, 20, 30, damage, 40}, 64)
	if err := f.run(t.Context()); !errors.Is(err, damage) {
		t.Errorf("got %v, want %v", err, damage)
	}
	if entries := fed(t, f); len(entries) != 3 {
		t.Errorf("%d commands were fed before the damage, want 3", len(entries))
	}
}

// TestFeedWaitsForRoom: a full ring holds the source up, and loses nothing.
func TestFeedWaitsForRoom(t *testing.T) {
	var s script
	for i := range 1000 {
		s = append(s, i)
	}
	f := newFeed(s, 16)
	done := make(chan error, 1)
	go func() { done <- f.run(t.Context()) }()
	full(f)
	n := 0
	for {
		f.engine.Wait(func() bool { return f.ring.Len() > 0 || f.ring.Closed() })
		e, ok := f.ring.TryPop()
		if !ok {
			break
		}
		if e.Command.TimeNs != int64(n) {
			t.Fatalf("command %d came as number %d", e.Command.TimeNs, n)
		}
		n++
		if f.ring.Len() <= f.ring.Cap()/2 {
			f.room.Ring()
		}
	}
	if err := <-done; err != nil || n != 1000 {
		t.Errorf("%d commands came through (%v), want 1000", n, err)
	}
}

// full waits until the ring has held up the source.
func full(f *feed) {
	for f.full.Load() == 0 {
		runtime.Gosched()
	}
}

// TestFeedEndsWithItsContext: also when it waits for room that nobody makes.
func TestFeedEndsWithItsContext(t *testing.T) {
	s := make(script, 1000)
	for i := range s {
		s[i] = i
	}
	f := newFeed(s, 16)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.run(ctx) }()
	full(f)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("got %v, want no error: the source is all right", err)
	}
	if entries := fed(t, f); len(entries) != 16 {
		t.Errorf("%d commands are in the ring, want 16", len(entries))
	}
}

// TestFeedStampsArrivals: open loop, a command arrives when it is due, and not when there was time for it; one that
// is not worth waiting for arrives when it is read. Without a pace all do.
func TestFeedStampsArrivals(t *testing.T) {
	stamps := make(script, 2*feedChunk)
	for i := range stamps {
		stamps[i] = 10
	}
	f := newFeed(stamps, 2*len(stamps))
	f.pace = pacer{Pace: Pace{PerSecond: 1e9}} // due every ns
	tick := f.clock
	f.clock = func() int64 { return 1000 * tick() } // on a clock that goes a thousand at each look
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	entries := fed(t, f)
	first := entries[0].ArrivalNs
	for i, e := range entries {
		want := first
		if i >= feedChunk {
			want += int64(i) // was late
		}
		if e.ArrivalNs != want {
			t.Errorf("command %d arrives at %d, want %d", i, e.ArrivalNs, want)
		}
	}
	f = newFeed(script{10, 20, 30}, 64)
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, e := range fed(t, f) {
		if e.ArrivalNs != 1 {
			t.Errorf("command %d arrives at %d, want 1: they were read together", i, e.ArrivalNs)
		}
	}
}

// TestFeedEndIsNotForTheLog: a run that ends by the clock ends for new commands. What its command log holds is
// read from the source all the same, however late: a standby that is behind would take it for another source.
func TestFeedEndIsNotForTheLog(t *testing.T) {
	f := newFeed(script{10, 20, 30}, 64)
	f.end = time.Now().Add(-time.Second)
	logged := engine.NewSource()
	for _, at := range []int64{10, 20} {
		logged.Add(&codec.Command{Kind: codec.KindNew, TimeNs: at})
	}
	leading := make(chan engine.Source, 1)
	leading <- logged
	f.before = func(ctx context.Context) error {
		return f.keepUp(ctx, new(atomic.Uint64), func(uint64) {}, leading, "flow")
	}
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if entries := fed(t, f); len(entries) != 0 {
		t.Errorf("%d commands were fed behind the end", len(entries))
	}
}

// endless has commands for ever, and ends a context while it is read.
type endless struct {
	read, endAt int
	end         func()
}

func (e *endless) Next(c *codec.Command) error {
	if e.read++; e.read == e.endAt {
		e.end()
	}
	*c = codec.Command{Kind: codec.KindNew, TimeNs: int64(e.read)}
	return nil
}

// TestKeepUpGivesUp: whoever takes up a run that turns out to be finished closes the source, which was read on until it
// had all that the log holds.
func TestKeepUpGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	source := &endless{endAt: 10 * skippedUnasked, end: cancel}
	f := feed{source: source}
	var followed atomic.Uint64
	followed.Store(1000 * skippedUnasked)
	if err := f.keepUp(ctx, &followed, func(uint64) {}, nil, "flow"); err != nil || source.read > source.endAt+skippedUnasked {
		t.Errorf("%v after %d commands, want an end soon after the %dth", err, source.read, source.endAt)
	}
}
