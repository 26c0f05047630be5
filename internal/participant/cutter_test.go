package participant

import (
	"errors"
	"slices"
	"syscall"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc/driver"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// TestLogWaitsForRoom: a participant whose disk is full waits until there is room, says both, and has lost nothing. One
// that is to end does not wait.
func TestLogWaitsForRoom(t *testing.T) {
	const segment = 64 << 10
	fs := simdisk.New(1)
	fs.SetCapacity(segment)
	files := driver.Files{FS: fs, SegmentSize: segment, RecordMax: 4096}
	open := func(replay func(uint8, []byte) error) *driver.Disk {
		d, err := files.OpenDisk("log", ringbuf.NewBell(ringbuf.WaitPark), replay)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	var told []bool
	over := make(chan struct{})
	c := &cutter{Disk: open(func(uint8, []byte) error { return nil }), over: over}
	c.full = func(full bool) {
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
	c.full = func(bool) {}
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
