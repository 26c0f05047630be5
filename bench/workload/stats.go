package workload

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Stats counts what a Day has produced so far.
type Stats struct {
	Messages   uint64 // entries, modifies and cancels
	Defines    uint64 // definitions of instruments, on top
	Entries    uint64
	Modifies   uint64
	Cancels    uint64
	Aggressive uint64 // messages that matched at least one resting order
	Trades     uint64
	Shares     uint64 // traded
	Resting    int    // orders in the books now
	Rejects    [orderbook.RejectReasonCount]uint64
}

func (s *Stats) count(c *codec.Command, out *outcome) {
	s.Messages++
	switch c.Kind {
	case codec.KindNew:
		s.Entries++
	case codec.KindModify:
		s.Modifies++
	case codec.KindCancel:
		s.Cancels++
	}
	s.Rejects[out.result.Reject]++
	if len(out.fills) > 0 {
		s.Aggressive++
	}
	s.Trades += uint64(len(out.fills))
	for i := range out.fills {
		s.Shares += uint64(out.fills[i].Qty)
	}
}
