package participant

import (
	"errors"
	"syscall"
	"time"

	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// cutter is the log of a participant, which is marked and cut beside the loop: the files and directories that this
// takes to make durable must not be felt by those who wait for a vote.
type cutter struct {
	*rounds.Disk
	role   Role
	keep   bool // what lies before a checkpoint stays
	bell   *ringbuf.Bell
	result chan error         // of the cut that runs; nil: none does
	full   func(string, bool) // Config.Full
	over   <-chan struct{}    // closed when the node is to end
}

// fullPause is how long a participant waits before it tries a full disk again.
const fullPause = 100 * time.Millisecond

// Append waits while the disk is full: what it does not say nobody counts on, and everybody else sees that it is
// silent. Nothing is lost, and it goes on by itself.
func (c *cutter) Append(kind uint8, head, payload []byte) error {
	err := c.Disk.Append(kind, head, payload)
	if err == nil || c.over == nil || !journal.Full(err) {
		return err
	}
	c.full("log", true)
	for err != nil && journal.Full(err) {
		select {
		case <-time.After(fullPause):
		case <-c.over:
			return err
		}
		err = c.Disk.Append(kind, head, payload)
	}
	if err == nil {
		c.full("log", false)
	}
	return err
}

// Cut implements rounds.Cutter.
func (c *cutter) Cut(at rounds.Mark) error {
	if c.result != nil {
		select {
		case err := <-c.result:
			c.result = nil
			if err == nil && c.keep {
				return rounds.ErrKept
			}
			return err
		default:
			return rounds.ErrLater
		}
	}
	rest, err := c.role.Keep()
	if journal.Full(err) {
		return rounds.ErrKept // as below
	}
	if err != nil {
		return err
	}
	c.result = make(chan error, 1)
	go func() {
		var err error
		if rest != nil {
			err = rest()
		}
		switch {
		case err != nil:
		case c.keep:
			err = c.Disk.Remember(at)
		default:
			err = c.Disk.Cut(at)
		}
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
			err = rounds.ErrKept // there is no room for the mark: a start has more to read, and the next checkpoint comes
		}
		c.result <- err
		c.bell.Ring()
	}()
	return rounds.ErrLater
}

// Close waits for a cut that runs.
func (c *cutter) Close() error {
	if c.result != nil {
		if err := <-c.result; err != nil && err != rounds.ErrKept {
			_ = c.Disk.Close() // the first error says more
			return err
		}
	}
	return c.Disk.Close()
}
