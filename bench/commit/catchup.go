package commit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Catchup is how a participant came back that had been away: killed, and left out of the members, so that trading
// went on without it. Times count from the moment when its new process was connected.
type Catchup struct {
	Behind  uint64  `json:"behind"`      // trades that were committed while it was away
	LevelS  float64 `json:"level_s"`     // until it had applied all but a window of what was committed
	MemberS float64 `json:"member_s"`    // until the stream had it as a member again
	StartS  float64 `json:"start_s"`     // before: to start it, to read its own log, and to be found again
	Others  float64 `json:"others_in_s"` // trades/s that the others committed until it was level
	Away    Latency `json:"away_us"`     // of what the others decided while it was away, in the second half of that
	Lagging Latency `json:"lagging_us"`  // of what they decided until it was level
}

// awayMax is how long the stream may go on without the participant.
const awayMax = time.Minute

var errAway = errors.New("commit: a participant was away for too long")

// away is the participant that is killed: market data, which is the one that may be left out.
const away = batch3pc.NodeID(3)

// stand is what of the coordinator's machine the rest of this file needs.
type stand interface {
	ProposeGeneration(members []batch3pc.NodeID, replaced ...batch3pc.NodeID) (batch3pc.Ready, error)
	AppendPeers([]batch3pc.PeerStatus) []batch3pc.PeerStatus
}

// catchUp lets a participant fall behind by so many trades, brings it back, and takes the time.
func (k *coordinator) catchUp(ctx context.Context) error {
	if err := k.members(ctx, false); err != nil {
		return err
	}
	if err := k.group.kill(int(away)); err != nil {
		return err
	}
	k.machine.PeerDown(away) // the link to one inside this process does not say so
	gone := k.decided
	behind := func() uint64 { return (k.decided - gone) * uint64(k.c.Trades) }
	if err := k.await(ctx, func() bool { return behind() >= uint64(k.c.Behind)/2 }); err != nil {
		return err
	}
	k.count() // what had come due while nothing was decided is behind them
	if err := k.await(ctx, func() bool { return behind() >= uint64(k.c.Behind) }); err != nil {
		return err
	}
	result, started := &Catchup{Away: latencyOf(k.latency)}, k.clock()
	k.group.comeBack(int(away), k.options, k.c)
	var failed error
	connected := func() bool {
		select {
		case b := <-k.group.back:
			failed = k.group.rejoin(ctx, int(away), b)
		default:
		}
		return failed != nil || k.peer().Connected
	}
	if err := errors.Join(k.await(ctx, connected), failed); err != nil {
		return err
	}
	k.count()
	result.Behind, result.StartS = behind(), float64(k.began-started)/1e9
	if err := k.await(ctx, func() bool { return k.peer().CaughtUp && k.lag() <= k.c.Window }); err != nil {
		return err
	}
	level := k.clock()
	result.Lagging = latencyOf(k.latency)
	result.LevelS = float64(level-k.began) / 1e9
	result.Others = float64((k.decided-k.counted)*uint64(k.c.Trades)) / result.LevelS
	if err := k.members(ctx, true); err != nil {
		return err
	}
	result.MemberS = float64(k.clock()-k.began) / 1e9
	k.caughtUp = result
	return nil
}

// await serves until done.
func (k *coordinator) await(ctx context.Context, done func() bool) error {
	end := k.clock() + int64(awayMax)
	if err := k.serve(ctx, end, done); err != nil {
		return err
	}
	if k.clock() >= end {
		return fmt.Errorf("%w: participant %+v, stream %+v", errAway, k.peer(), k.machine.Status())
	}
	return nil
}

// peer is what is known of the participant that was away.
func (k *coordinator) peer() batch3pc.PeerStatus {
	k.peers = k.machine.(stand).AppendPeers(k.peers[:0])
	return k.peers[away-1]
}

// lag is how many batches it has not applied, of those that are committed.
func (k *coordinator) lag() int {
	return int(k.machine.Status().Committed) - int(k.peer().Applied)
}

// members has a generation with or without the participant decided. Batches in flight are decided first, so that
// none is aborted for it.
func (k *coordinator) members(ctx context.Context, all bool) error {
	if err := k.until(ctx, func() bool { return k.decided == k.proposed && (!all || k.peer().CaughtUp) }); err != nil {
		return err
	}
	var members []batch3pc.NodeID
	for i := range k.links {
		if n := batch3pc.NodeID(i + 1); all || n != away {
			members = append(members, n)
		}
	}
	ready, err := k.machine.(stand).ProposeGeneration(members)
	if err != nil {
		return err
	}
	k.do(ready)
	err = k.until(ctx, func() bool { return !k.machine.Status().Changing })
	k.entries++
	if k.peer().Member != all {
		return fmt.Errorf("commit: participant %d is a member: %t, want %t", away, !all, all)
	}
	return err
}
