package participant

import (
	"errors"
	"slices"
	"syscall"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// TestLogWaitsForRoom: a participant whose disk is full waits until there is room, says both, and has lost nothing. One
// that is to end does not wait.
func TestLogWaitsForRoom(t *testing.T) {
	const segment = 64 << 10
	fs := simdisk.New(1)
	fs.SetCapacity(segment)
	files := rounds.Files{FS: fs, SegmentSize: segment, RecordMax: 4096}
	open := func(replay func(uint8, []byte) error) *rounds.Disk {
		d, err := files.OpenDisk("log", ringbuf.NewBell(ringbuf.WaitPark), replay)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	var told []bool
	over := make(chan struct{})
	c := &cutter{Disk: open(func(uint8, []byte) error { return nil }), over: over}
	c.full = func(_ string, full bool) {
		if told = append(told, full); full {
			fs.SetCapacity(0) // there is room from now on
		}
	}
	body := make([]byte, 1000)
	const records = 100
	for range records {
		if err := c.Append(9, body, nil); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(told, []bool{true, false}) {
		t.Errorf("told %v, want that it was full once", told)
	}
	close(over)
	fs.SetCapacity(2 * segment)
	c.full = func(string, bool) {}
	var err error
	for err == nil {
		err = c.Append(9, body, nil)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a node that is to end got %v, want that there is no space", err)
	}
	if err := c.Disk.Settle(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := open(func(uint8, []byte) error { n++; return nil }).Close(); err != nil || n < records {
		t.Errorf("the log has %d records, %v, want %d and more", n, err, records)
	}
}

// TestMarkFindsNoRoom: a full disk takes no mark, and the participant goes on without; the next one finds room again.
func TestMarkFindsNoRoom(t *testing.T) {
	fs := simdisk.New(1)
	files := rounds.Files{FS: fs, SegmentSize: 64 << 10, RecordMax: 4096}
	bell := ringbuf.NewBell(ringbuf.WaitPark)
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Incarnation: 1, Generation: 1, WindowMax: 4, RetainMax: 4}, &countRole{})
	if err != nil {
		t.Fatal(err)
	}
	d, _, err := files.OpenCutDisk("log", 7, 1, bell, machine)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Disk: d, role: &countRole{}, bell: bell}
	for _, want := range []error{rounds.ErrKept, nil} {
		fs.SetCapacity(fs.Used())
		if want == nil {
			fs.SetCapacity(0) // no limit
		}
		if err := errors.Join(c.Append(9, make([]byte, 100), nil), d.Settle()); err != nil {
			t.Fatal(err)
		}
		at := d.Mark()
		if err := c.Cut(at); err != rounds.ErrLater {
			t.Fatalf("Cut: %v, want that it has begun", err)
		}
		for len(c.result) == 0 { // the ring of the cut before may come as late as this
			bell.Wait(func() bool { return len(c.result) > 0 })
		}
		if err := c.Cut(at); err != want {
			t.Errorf("the cut gives %v, want %v", err, want)
		}
	}
	fs.SetCapacity(fs.Used())
	if err := c.Cut(d.Mark()); err != rounds.ErrLater {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close while there is no room: %v", err)
	}
}
