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
	at    int
	order uint32 // of two at the same time the one that was pushed first comes first
	kind  eventKind
	node  batch3pc.NodeID
	id    uint32 // of a message
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.order < o.order }

// heap is a priority queue of events, soonest first.
type heap struct {
	list  []event
	order uint32
}

func (h *heap) push(e event) {
	h.order++
	e.order = h.order
	h.list = append(h.list, e)
	i := len(h.list) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !e.before(&h.list[parent]) {
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
		if child+1 < last && h.list[child+1].before(&h.list[child]) {
			child++
		}
		if !h.list[child].before(&e) {
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
