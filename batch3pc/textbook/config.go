package textbook

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Protocol is one of the two.
type Protocol uint8

// The protocols.
const (
	TwoPhase   Protocol = 2
	ThreePhase Protocol = 3
)

// String is "2pc" or "3pc".
func (p Protocol) String() string { return fmt.Sprintf("%dpc", uint8(p)) }

// Config configures the machines of both roles.
type Config struct {
	Protocol     Protocol
	Self         batch3pc.NodeID
	Boot         uint32            // coordinator: number of this start
	Participants []batch3pc.NodeID // coordinator: all of whom must vote yes
	Generation   uint32            // coordinator: what batches carry
	WindowMax    int               // undecided batches
	RetainMax    int               // coordinator: batches that not everybody has applied; at least WindowMax
	TimeoutTicks int               // Ticks of silence after which the other side is taken for dead
}

// ErrConfig is wrapped by every error of NewCoordinator and NewParticipant.
var ErrConfig = errors.New("textbook: bad configuration")

func (c *Config) validate(coordinator bool) error {
	switch {
	case c.Protocol != TwoPhase && c.Protocol != ThreePhase:
		return fmt.Errorf("%w: protocol %d, want 2 or 3", ErrConfig, c.Protocol)
	case c.Self == 0 || c.WindowMax < 1 || c.TimeoutTicks < 1:
		return fmt.Errorf("%w: Self %d, WindowMax %d, TimeoutTicks %d, want all at least 1", ErrConfig, c.Self, c.WindowMax, c.TimeoutTicks)
	case coordinator && (len(c.Participants) == 0 || c.RetainMax < c.WindowMax || slices.Contains(c.Participants, c.Self)):
		return fmt.Errorf("%w: coordinator %d with participants %v and RetainMax %d, want others, and RetainMax at least %d", ErrConfig, c.Self, c.Participants, c.RetainMax, c.WindowMax)
	}
	return nil
}
