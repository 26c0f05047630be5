package sim

import "github.com/tezi-exchange/tezi/batch3pc"

type eventKind uint8

// The events of a timed schedule. Up to eventElection they are the node's own and wait while it is paused.
const (
	eventMessage eventKind = iota
	eventSync
	eventTick
	eventPropose
	eventElection
	eventFault
	eventHeal
	eventRestart
)

type event struct {
	due  uint64 // its time, then its number: of two at the same time the one that was pushed first comes first
	id   uint32 // of a message
	kind eventKind
	node batch3pc.NodeID
}

// at is the time of the event.
func (e *event) at() int { return int(e.due >> 32) }

// heap is a priority queue of events, soonest first.
type heap struct {
	list  []event
	order uint32
}

// push adds an event at a time, which is below 2^32.
func (h *heap) push(at int, e event) {
	h.order++
	e.due = uint64(at)<<32 | uint64(h.order)
	h.list = append(h.list, e)
	i := len(h.list) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if e.due > h.list[parent].due {
			break
		}
		h.list[i] = h.list[parent]
		i = parent
	}
	h.list[i] = e
}

func (h *heap) pop() event {
	top := h.list[0]
	last := len(h.list) - 1
	e := h.list[last]
	h.list = h.list[:last]
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && h.list[child+1].due < h.list[child].due {
			child++
		}
		if h.list[child].due > e.due {
			break
		}
		h.list[i] = h.list[child]
		i = child
	}
	if last > 0 {
		h.list[i] = e
	}
	return top
}
