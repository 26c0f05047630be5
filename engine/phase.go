//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// can is what an instrument takes in a phase.
type can uint16

const (
	canEnter     can = 1 << iota // entry and modify
	canCancel                    // cancel and reduce
	canMarket                    // market orders
	canStop                      // stop-loss orders
	canDisclose                  // disclosed quantity
	canImmediate                 // IOC and FOK
	canTrigger                   // the last price triggers stop-loss orders, and the execution range holds
	canCollect                   // call auction: records of the pre-open session belong here
)

const (
	canContinuous = canEnter | canCancel | canMarket | canStop | canDisclose | canImmediate | canTrigger
	canAuction    = canEnter | canCancel | canMarket | canCollect
)

// phaseCan is what each phase takes (exchange rules; NNF). A market order in an auction phase without
// canMarket is frozen: it is neither changed nor cancelled.
var phaseCan = [codec.PhaseCount]can{
	codec.PhaseContinuous:   canContinuous,
	codec.PhaseClosed:       0,
	codec.PhasePreOpen:      canAuction,
	codec.PhasePreOpenLimit: canAuction &^ canMarket,
	codec.PhasePreOpenMatch: 0,
	codec.PhaseAverage:      canContinuous,
	codec.PhaseReference:    0,
	codec.PhaseClosing:      canAuction,
	codec.PhaseClosingLimit: canAuction &^ canMarket,
	codec.PhaseClosingMatch: 0,
	codec.PhasePostClose:    canEnter | canCancel | canMarket | canImmediate,
	codec.PhaseHalted:       canCancel,
	codec.PhaseEndOfDay:     0,
}

// holds reports whether entering the phase holds the auction whose orders are being collected.
func holds(p codec.Phase) bool {
	return p == codec.PhasePreOpenMatch || p == codec.PhaseClosingMatch || p == codec.PhasePostClose || phaseCan[p]&canTrigger != 0
}

// closing reports whether the phase belongs to the auction at the close.
func closing(p codec.Phase) bool {
	return p == codec.PhaseClosing || p == codec.PhaseClosingLimit || p == codec.PhaseClosingMatch
}

// refusal is why the market's phase does not take what needs all of want, the first that it lacks.
func (m *market) refusal(want can) orderbook.RejectReason {
	lacks := want &^ m.can
	switch {
	case lacks == 0:
		return orderbook.Accepted
	case lacks&(canEnter|canCancel) != 0 && m.phase == codec.PhaseHalted:
		return orderbook.RejectHalted
	case lacks&(canEnter|canCancel|canCollect) != 0:
		return orderbook.RejectSession
	case lacks&canMarket != 0:
		return orderbook.RejectMarketOrder
	case lacks&canStop != 0:
		return orderbook.RejectStopLoss
	case lacks&canDisclose != 0:
		return orderbook.RejectDisclosed
	}
	return orderbook.RejectValidity
}

// frozen reports whether market orders stand as they are.
func (m *market) frozen() bool { return m.can&(canCollect|canMarket) == canCollect }
