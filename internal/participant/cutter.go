package participant

import (
	"github.com/tezi-exchange/tezi/batch3pc/driver"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// cutter is the log of a participant, which is marked and cut beside the loop: the files and directories that this
// takes to make durable must not be felt by those who wait for a vote.
type cutter struct {
	*driver.Disk
	role   Role
	keep   bool // what lies before a checkpoint stays
	bell   *ringbuf.Bell
	result chan error // of the cut that runs; nil: none does
}

// Cut implements driver.Cutter.
func (c *cutter) Cut(at driver.Mark) error {
	if c.result != nil {
		select {
		case err := <-c.result:
			c.result = nil
			if err == nil && c.keep {
				return driver.ErrKept
			}
			return err
		default:
			return driver.ErrLater
		}
	}
	rest, err := c.role.Keep()
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
		c.result <- err
		c.bell.Ring()
	}()
	return driver.ErrLater
}

// Close waits for a cut that runs.
func (c *cutter) Close() error {
	if c.result != nil {
		if err := <-c.result; err != nil {
			_ = c.Disk.Close() // the first error says more
			return err
		}
	}
	return c.Disk.Close()
}
