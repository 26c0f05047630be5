package driver

import (
	"context"
	"errors"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// change is a wish for other members.
type change struct {
	members, replaced []batch3pc.NodeID
	done              chan error
}

// ChangeMembers asks for a generation with these members: all of them have to vote yes from then on. A
// participant that was started with an empty directory counts for nothing until it is named as
// replaced; Peers says who that is. It returns when the change is on its way, and WaitActive waits for
// it. What was proposed and cannot be decided without a member that leaves is aborted, with an
// Outcome that says so. The slices are copied. Errors: *batch3pc.MembershipError, batch3pc.ErrNotActive,
// ErrClosed, and those of ctx, after which the change may be on its way all the same.
func (c *CoordinatorNode) ChangeMembers(ctx context.Context, members []batch3pc.NodeID, replaced ...batch3pc.NodeID) error {
	w := change{slices.Clone(members), slices.Clone(replaced), make(chan error, 1)}
	select {
	case c.changes <- w:
		c.bell.Ring()
	case <-c.ended:
		return c.whyEnded()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-w.done:
		return err
	case <-c.ended:
		return c.whyEnded()
	case <-ctx.Done(): // the loop may wait for its disk for long
		return context.Cause(ctx)
	}
}

// Peers is what the coordinator knew of each participant a moment ago, in the order of Group.Participants. The slice
// is the caller's.
func (c *CoordinatorNode) Peers() []batch3pc.PeerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.peers)
}

// change makes a wish known to the machine, in the loop's goroutine.
func (c *CoordinatorNode) change(w change) error {
	err := c.driver.ChangeMembers(w.members, w.replaced...)
	if refused := new(batch3pc.MembershipError); err != nil && err != batch3pc.ErrNotActive && !errors.As(err, &refused) {
		return err
	}
	if err == nil {
		err = c.observe() // so that whoever waits for the change does not find the state before it
	}
	w.done <- err
	return nil
}
