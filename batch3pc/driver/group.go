package driver

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// Group is what all nodes of a commit group agree on. As long as there are logs of theirs, Cluster and Participants stay
// and WindowMax, RetainMax and PayloadMax may only rise; these and the rest change while no node runs. Nodes keep its
// slices: they must not change while one runs.
type Group struct {
	Cluster      uint32            // a node of another cluster is refused
	Participants []batch3pc.NodeID // all of whom must vote yes, at most batch3pc.ParticipantsMax; quorums are over these
	Coordinators []batch3pc.NodeID // who may coordinate; the numbers are not those of participants
	WindowMax    int               // batches undecided at a time; 0: 16
	RetainMax    int               // batches kept for participants that lag, at most 65536; 0: 4 x WindowMax
	PayloadMax   int               // bytes of a payload, at most codec.PayloadSizeMax; 0: 256 KiB
	// Excludable participants may be left out of the members by ChangeMembers, and catch up as learners.
	Excludable []batch3pc.NodeID
	// Classes say which participants run the same business, in the order of Participants: one that lags
	// beyond what the others remember gets the state of another of the same number. Their Apps are
	// batch3pc.Snapshotters. 0, or no Classes at all: nobody's state can be handed on.
	Classes []uint8
	// LagMax is by how many batches an excluded participant may lag before the others cut their logs
	// without it, if it can be helped by a snapshot; 0: they never do.
	LagMax batch3pc.Seq
}

// Defaults of a Group, its limit, and the bounds of a link's rings in bytes.
const (
	windowDefault  = 16
	payloadDefault = 256 << 10
	retainSlotsMax = 1 << 16 // batches in memory, whose slots are there from the start
	ringMin        = 1 << 20
	ringMax        = 64 << 20
)

// ErrConfig is wrapped by the errors of groups and options that cannot work.
var ErrConfig = errors.New("driver: bad configuration")

func (g *Group) withDefaults() error {
	if g.WindowMax == 0 {
		g.WindowMax = windowDefault
	}
	if g.RetainMax == 0 {
		g.RetainMax = min(4*g.WindowMax, max(g.WindowMax, retainSlotsMax))
	}
	if g.PayloadMax == 0 {
		g.PayloadMax = payloadDefault
	}
	switch {
	case g.WindowMax < 1 || g.RetainMax < g.WindowMax || g.RetainMax > retainSlotsMax:
		return fmt.Errorf("%w: WindowMax is %d and RetainMax %d, want 1 <= WindowMax <= RetainMax <= %d", ErrConfig, g.WindowMax, g.RetainMax, retainSlotsMax)
	case g.PayloadMax < 0 || g.PayloadMax > codec.PayloadSizeMax:
		return fmt.Errorf("%w: PayloadMax is %d, want at most %d", ErrConfig, g.PayloadMax, codec.PayloadSizeMax)
	case len(g.Participants) == 0 || len(g.Coordinators) == 0:
		return fmt.Errorf("%w: %d participants and %d coordinators, want some", ErrConfig, len(g.Participants), len(g.Coordinators))
	}
	all := slices.Concat(g.Participants, g.Coordinators)
	for i, n := range all {
		if n == 0 || slices.Index(all, n) != i {
			return fmt.Errorf("%w: node %d is 0 or named twice", ErrConfig, n)
		}
	}
	trial := g.coordinator(g.Coordinators[0])
	trial.WindowMax, trial.RetainMax = 1, 1 // what it costs depends on these two
	if _, err := batch3pc.NewCoordinator(trial); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}

// coordinator is the configuration of the machine of one of the coordinators.
func (g *Group) coordinator(self batch3pc.NodeID) batch3pc.CoordinatorConfig {
	return batch3pc.CoordinatorConfig{
		Self: self, Participants: g.Participants, Members: g.Participants, Generation: 1,
		WindowMax: g.WindowMax, RetainMax: g.RetainMax,
		Excludable: g.Excludable, Classes: g.Classes, LagMax: g.LagMax, Identified: true,
	}
}

// agrees reports whether another node has been told of the same group.
func (g *Group) agrees(o *Group) bool {
	return g.Cluster == o.Cluster && slices.Equal(g.Participants, o.Participants) && slices.Equal(g.Coordinators, o.Coordinators) &&
		g.WindowMax == o.WindowMax && g.RetainMax == o.RetainMax && g.PayloadMax == o.PayloadMax &&
		slices.Equal(g.Excludable, o.Excludable) && slices.Equal(g.Classes, o.Classes) && g.LagMax == o.LagMax
}

// named is a role as a node's Hello says it. PayloadMax is a part: the links are made for it, and would break at the first
// batch that is above the smaller one of two, again and again.
func (g *Group) named(role string) string {
	return fmt.Sprintf("%s with PayloadMax %d", role, g.PayloadMax)
}

// ringBytes is the size of a link's ring: it takes the batches of a whole window, and one of any
// size fits into half of it.
func (g *Group) ringBytes() int {
	frame := g.PayloadMax + codec.FrameSizeMax - codec.PayloadSizeMax
	want := max(4*frame, min((g.WindowMax+1)*frame, ringMax), ringMin)
	size := ringMin
	for size < want {
		size *= 2
	}
	return size
}
