package rounds

import (
	"context"
	"errors"
	"time"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// Duty is a duty cycle: Participant and Coordinator are.
type Duty interface {
	Round(nowNs int64) (worked bool, err error)
	Ready() bool   // Round would find something; called very often
	WakeNs() int64 // when Round wants to be called at the latest; 0: not before Ready
}

// ErrDone is returned by a Round after which there is nothing left to do.
var ErrDone = errors.New("rounds: done")

// Loop calls rounds until ctx ends or a Round fails, and sleeps on bell in between. It returns nil
// when ctx ended or Round returned ErrDone.
func Loop(ctx context.Context, bell *ringbuf.Bell, d Duty) error {
	defer context.AfterFunc(ctx, bell.Ring)()
	ready := func() bool { return d.Ready() || ctx.Err() != nil }
	begin := time.Now()
	for ctx.Err() == nil {
		nowNs := int64(time.Since(begin)) + 1
		worked, err := d.Round(nowNs)
		if errors.Is(err, ErrDone) {
			return nil
		}
		if err != nil {
			return err
		}
		if worked {
			continue
		}
		if wake := d.WakeNs(); wake > 0 {
			bell.WaitUntil(ready, time.Duration(wake-nowNs))
		} else {
			bell.Wait(ready)
		}
	}
	return nil
}
