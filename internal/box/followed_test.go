package box

import (
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// TestWaitsWhenItHasReadTheLog: a backup engine that has much of the log to read yet does not stand in line for the right to
// lead; when it has read everything, it does, and gets it.
func TestWaitsWhenItHasReadTheLog(t *testing.T) {
	log := rundir.NewCommandLog(t.TempDir(), 1)
	j, err := journal.Open(log.Dir, journal.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const records = 3 * followChunk
	for range records {
		if _, err := j.Append(1, []byte("a command")); err != nil {
			t.Fatal(err)
		}
	}
	end := j.Position()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	leader, err := leads(log.Dir)
	if err != nil {
		t.Fatal(err)
	}
	bell := ringbuf.NewBell(ringbuf.WaitPark)
	var caughtUp []journal.Position
	f, err := follow(log, journal.Position{}, bell, func(at journal.Position) { caughtUp = append(caughtUp, at) }, func(*journal.Journal) {})
	if err != nil {
		t.Fatal(err)
	}
	defer f.close() //nolint:errcheck // a test
	read := 0
	take := func(uint8, []byte) error { read++; return nil }
	if _, err := f.Follow(take); err != nil || read == records {
		t.Fatalf("%d of %d records at once, error %v", read, records, err)
	}
	if f.waits || len(caughtUp) != 0 {
		t.Errorf("after %d of %d records it waits for the right to lead: %v; has read everything up to %v", read, records, f.waits, caughtUp)
	}
	for read < records || !f.waits {
		if grown, err := f.Follow(take); err != nil || !grown && read < records {
			t.Fatalf("%d of %d records, error %v", read, records, err)
		}
	}
	if f.ours.Load() {
		t.Error("it leads beside another")
	}
	if len(caughtUp) != 1 || caughtUp[0] != end {
		t.Errorf("it had read everything up to %v, the log ends at %v", caughtUp, end)
	}
	if err := leader.Close(); err != nil {
		t.Fatal(err)
	}
	bell.Wait(f.ours.Load)
	if l, err := f.Lead(take); err != nil || l == nil || read != records {
		t.Errorf("the log is %v after %d records, error %v", l, read, err)
	}
}
