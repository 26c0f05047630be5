package engine

import (
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// TestLoggerIsWokenWhenSomebodyWaits: commands alone wait for the next seal, or until there are many; then one
// sync is for all of them.
func TestLoggerIsWokenWhenSomebodyWaits(t *testing.T) {
	log := &memoryLog{}
	l := newLogger(log, true, ringbuf.NewBell(ringbuf.WaitPark))
	publish := func() {
		if l.claim(RecordCommands, codec.CommandSize) == nil {
			t.Fatal("the ring is full")
		}
		l.publish(codec.CommandSize)
	}
	for range 3 {
		publish()
	}
	if got := l.wanted.Load(); got != 0 {
		t.Errorf("%d records are wanted before a seal, want none", got)
	}
	if l.put(RecordSealed, make([]byte, sealedSize)); l.wanted.Load() != 0 {
		t.Error("a record alone wakes the logger: its writer does, if somebody waits")
	}
	l.wake()
	if got := l.wanted.Load(); got != 4 {
		t.Errorf("%d records are wanted at a seal, want 4", got)
	}
	if !l.round() || l.safe.Load() != 4 || log.syncs != 1 || len(log.kinds) != 4 {
		t.Errorf("%d records are safe by %d syncs, want 4 by one", l.safe.Load(), log.syncs)
	}
	for range owedMax / codec.CommandSize {
		publish()
	}
	if got := l.wanted.Load(); got != l.pushed {
		t.Errorf("of %d records %d are wanted, want all: they are many", l.pushed, got)
	}
	l.ring.Close()
	if !l.round() || l.round() || l.safe.Load() != l.pushed {
		t.Errorf("%d of %d records are safe at the end", l.safe.Load(), l.pushed)
	}
}
