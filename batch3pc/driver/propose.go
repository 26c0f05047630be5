package driver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// Propose proposes a batch of count items and returns its number, which counts from 1. The payload is
// copied. It waits while the window is full and a window's worth of proposals waits behind it, also
// until the participants are there. Errors, all of which mean that nothing was proposed: ErrTooLarge,
// batch3pc.ErrCount, *UnavailableError when ctx ends first or has ended before, ErrClosed or the error that
// ended the node.
func (c *CoordinatorNode) Propose(ctx context.Context, count uint32, payload []byte) (no uint64, err error) {
	return c.propose(ctx, count, payload, nil)
}

// TryPropose is Propose that does not wait. It returns batch3pc.ErrNoRoom where Propose would wait, and otherwise
// the same errors.
func (c *CoordinatorNode) TryPropose(count uint32, payload []byte) (no uint64, err error) {
	if err := c.takes(count, payload); err != nil {
		return 0, err
	}
	select {
	case r := <-c.free:
		return c.enqueue(r, count, payload, nil)
	default:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed != nil { // whoever tries until there is room must not try for ever
		return 0, c.closed
	}
	return 0, batch3pc.ErrNoRoom
}

// Commit proposes a batch and waits for its outcome: nil if it is committed, else the Err of its Outcome, or an error
// of Propose. When ctx ends after the batch was proposed the error wraps ErrInDoubt and the cause, and names in its
// text the participants that are missing. It must not be called from CoordinatorOptions.Outcome.
func (c *CoordinatorNode) Commit(ctx context.Context, count uint32, payload []byte) error {
	outcome := make(chan error, 1)
	no, err := c.propose(ctx, count, payload, outcome)
	if err != nil {
		return err
	}
	select {
	case err := <-outcome:
		return err
	case <-ctx.Done():
	}
	c.mu.Lock()
	delete(c.waiters, no)
	c.mu.Unlock()
	select {
	case err := <-outcome: // it came at the last moment
		return err
	default:
		// In words alone: an *UnavailableError says that nothing was proposed.
		gone := c.unavailable(context.Cause(ctx))
		return fmt.Errorf("%w, which was not waited for: %w%s", ErrInDoubt, gone.Cause, gone.who())
	}
}

// takes says what is wrong with a proposal at any time.
func (c *CoordinatorNode) takes(count uint32, payload []byte) error {
	if len(payload) > c.group.PayloadMax {
		return fmt.Errorf("%w: %d bytes, want at most %d", ErrTooLarge, len(payload), c.group.PayloadMax)
	}
	if count == batch3pc.CountGeneration {
		return batch3pc.ErrCount // the machine would say so too late: the proposal has a number then
	}
	return nil
}

// propose waits for a free request, which is the back-pressure, and queues it.
func (c *CoordinatorNode) propose(ctx context.Context, count uint32, payload []byte, outcome chan<- error) (uint64, error) {
	if err := c.takes(count, payload); err != nil {
		return 0, err
	}
	if c.hasEnded() { // and before ctx, if that has ended too
		return 0, c.whyEnded()
	}
	if ctx.Err() != nil { // also if there is room: the outcome would be waited for by nobody
		return 0, c.unavailable(context.Cause(ctx))
	}
	select {
	case r := <-c.free:
		return c.enqueue(r, count, payload, outcome)
	case <-c.ended:
		return 0, c.whyEnded()
	case <-ctx.Done():
		return 0, c.unavailable(context.Cause(ctx))
	}
}

// enqueue gives a proposal its number and hands it to the loop in the request r.
func (c *CoordinatorNode) enqueue(r *request, count uint32, payload []byte, outcome chan<- error) (uint64, error) {
	r.count, r.payload = count, append(r.payload[:0], payload...)
	c.mu.Lock()
	if why := c.closed; why != nil { // without waiting for the end: this may be the goroutine that ends
		c.mu.Unlock()
		return 0, why
	}
	c.last++
	no := c.last
	if outcome != nil {
		c.waiters[no] = outcome
	}
	r.no = no
	c.queue <- r // as long as the requests: it never waits; r is the loop's from here on
	c.mu.Unlock()
	c.bell.Ring()
	return no, nil
}

func (c *CoordinatorNode) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

func (c *CoordinatorNode) whyEnded() error {
	if c.err != nil {
		return c.err
	}
	return ErrClosed
}

// InputsDurable says that what went into the proposals up to no can be repeated after a crash. It only
// ever rises, and opens the InputGate for them.
func (c *CoordinatorNode) InputsDurable(no uint64) {
	for {
		old := c.inputs.Load()
		if no <= old || c.inputs.CompareAndSwap(old, no) {
			break
		}
	}
	c.bell.Ring()
}

// Drain waits until every proposal so far has its outcome. It returns *UnavailableError when ctx ends first.
func (c *CoordinatorNode) Drain(ctx context.Context) error {
	c.mu.Lock()
	last, outcome := c.last, make(chan error, 1)
	if c.told >= last {
		c.mu.Unlock()
		return nil
	}
	c.drains = append(c.drains, drain{last, outcome})
	c.mu.Unlock()
	select {
	case <-outcome:
		return nil
	case <-ctx.Done():
		return c.unavailable(context.Cause(ctx))
	}
}

// drain is somebody who waits until the outcome of no is told.
type drain struct {
	no   uint64
	done chan<- error
}

// WaitActive waits until the coordinator leads: a quorum of participants obeys it, or all, at the
// beginning of a stream, and it takes proposals. It leads no new batch to a commit before all members
// are there. Errors: *UnavailableError when ctx ends first, ErrClosed or the error that ended the node.
func (c *CoordinatorNode) WaitActive(ctx context.Context) error {
	if c.hasEnded() { // whatever it was before
		return c.whyEnded()
	}
	c.mu.Lock()
	active := c.active
	c.mu.Unlock()
	select {
	case <-active:
		return nil
	case <-c.ended:
		return c.whyEnded()
	case <-ctx.Done():
		return c.unavailable(context.Cause(ctx))
	}
}

// unavailable is the error of somebody who gave up waiting.
func (c *CoordinatorNode) unavailable(cause error) *UnavailableError {
	e := &UnavailableError{
		Cause: cause, State: c.Status().State, Refused: map[batch3pc.NodeID]error{}, Unreached: map[batch3pc.NodeID]error{}, Trouble: map[batch3pc.NodeID]batch3pc.Trouble{},
	}
	for i, n := range c.group.Participants {
		if !c.links[i].Live() {
			e.Missing = append(e.Missing, n)
			if why := c.links[i].Refusal(); why != nil {
				e.Refused[n] = why
			} else if why := c.links[i].Failure(); why != nil {
				e.Unreached[n] = why
			}
		}
	}
	for _, p := range c.Peers() {
		if p.Connected && p.Trouble != batch3pc.TroubleNone {
			e.Trouble[p.Node] = p.Trouble
		}
	}
	return e
}

// Status is a recent state of the machine. Its Refused is nil: an Outcome tells that.
func (c *CoordinatorNode) Status() batch3pc.CoordinatorStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// outcome passes an outcome on, in the loop's goroutine.
func (c *CoordinatorNode) outcome(from *rounds.Outcome) {
	c.said = tellable(from)
	c.tell(&c.said)
}

// tell tells an outcome to everybody who waits for it.
func (c *CoordinatorNode) tell(o *Outcome) {
	if c.options.Outcome != nil {
		c.options.Outcome(o)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = o.No
	if w := c.waiters[o.No]; w != nil {
		delete(c.waiters, o.No)
		w <- o.Err
	}
	for i := 0; i < len(c.drains); {
		if c.drains[i].no > o.No {
			i++
			continue
		}
		c.drains[i].done <- nil
		c.drains = append(c.drains[:i], c.drains[i+1:]...)
	}
}

// coordinatorDuty is the duty cycle of a CoordinatorNode.
type coordinatorDuty struct{ *CoordinatorNode }

func (d coordinatorDuty) Round(nowNs int64) (bool, error) {
	c := d.CoordinatorNode
	for len(c.changes) > 0 {
		if err := c.change(<-c.changes); err != nil {
			return true, err
		}
	}
	for len(c.queue) > 0 && c.driver.Room() {
		r := <-c.queue
		if _, err := c.driver.ProposeSwap(r.count, &r.payload); err != nil {
			return true, err
		}
		c.free <- r
	}
	if no := c.inputs.Load(); no > c.carried {
		c.carried = no
		if err := c.driver.InputsDurable(no); err != nil {
			return true, err
		}
	}
	worked, err := c.driver.Round(nowNs)
	if err == nil {
		err = c.observe()
	}
	if err == nil && c.driver.Status().State == batch3pc.StateFenced {
		err = c.overtaken(nowNs)
	}
	return worked, err
}

// overtaken ends a node that led and does not any more. One that has only just started did not know
// how high to bid: it opens the next ballot after a moment, which chance makes a different one for
// each of several that start together.
func (c *CoordinatorNode) overtaken(nowNs int64) error {
	if c.led {
		return fmt.Errorf("%w: ballot %v is fenced", ErrFenced, c.driver.Status().Ballot)
	}
	if c.bidNs == 0 {
		c.bidNs = nowNs + rand.Int64N(int64(c.options.Resend))
	}
	if nowNs < c.bidNs {
		return nil
	}
	c.bidNs = 0
	return c.driver.Open()
}

func (d coordinatorDuty) Ready() bool {
	return d.driver.Ready() || len(d.changes) > 0 || len(d.queue) > 0 && d.driver.Room() || d.inputs.Load() > d.carried
}

func (d coordinatorDuty) WakeNs() int64 {
	if d.bidNs != 0 {
		return min(d.bidNs, d.driver.WakeNs())
	}
	return d.driver.WakeNs()
}

// serves reports whether a coordinator leads and takes batches: it has named everybody's log, and no
// change of the members is under way.
func serves(st *batch3pc.CoordinatorStatus) bool {
	return st.State == batch3pc.StateActive && !st.Changing
}

// observe publishes the state, and ends a node whose place is taken.
func (c *CoordinatorNode) observe() error {
	st := c.driver.Status()
	c.mu.Lock()
	was, leads := serves(&c.status), serves(st)
	c.status = *st
	c.status.Refused = nil
	c.peers = c.machine.AppendPeers(c.peers[:0])
	if leads && !was {
		c.led = true
		close(c.active)
	}
	if !leads && was {
		c.active = make(chan struct{})
	}
	c.mu.Unlock()
	for i, l := range c.links {
		if why := l.Refusal(); errors.Is(why, ErrTwin) {
			return fmt.Errorf("driver: participant %d: %w", c.group.Participants[i], why)
		}
	}
	return nil
}

// end tells the outcome of what is left when the loop has ended: what was proposed is in doubt, what
// waits in the queue has not happened.
func (c *CoordinatorNode) end(err error) {
	if err == nil {
		err = ErrClosed
	}
	c.mu.Lock()
	c.closed = err
	c.mu.Unlock()
	c.driver.Abandon(ErrInDoubt)
	for len(c.queue) > 0 {
		r := <-c.queue
		c.tell(&Outcome{No: r.no, Count: r.count, Payload: r.payload, Err: err})
	}
}
