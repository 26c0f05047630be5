package engine

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// slot holds one sealed batch from its seal until every participant has it on disk.
type slot struct {
	seq         batch3pc.Seq
	chain       batch3pc.Chain
	payload     []byte  // belongs to the coordinator meanwhile
	arrivals    []int64 // of each trade's taker; 0: not measured
	marks       []mark  // of the chunks that they come from, if there is a Budget
	measured    int     // of the trades, those with an arrival; once decided, likewise
	lastCommand uint64
	nextTrade   uint64
	trades      int
	logPos      uint64 // records of the command log that must be durable before its PRE-COMMIT
	sealedNs    int64
	votedNs     int64
	gatedNs     int64 // when the command log was durable up to logPos
	decidedNs   int64
}

// window is the queue of sealed batches. Its cursors are absolute positions that only grow, except
// that an abort takes tail back:
//
//	released <= applied <= decided <= voted <= proposed <= tail        gated <= proposed
//
// Between proposed and tail is what a ballot has aborted and nobody has refused: it is proposed again. Slots below released are free. The memory of a slot is used again by the batch RetainMax later.
type window struct {
	slots                                                    []slot
	released, applied, decided, voted, gated, proposed, tail int
	base                                                     slot // the last released batch: what an abort of all the rest falls back to
}

func newWindow(retain, tradesHint int, marked bool) window {
	w := window{slots: make([]slot, retain+1), base: slot{nextTrade: 1}}
	for i := range w.slots {
		w.slots[i].arrivals = make([]int64, 0, 2*tradesHint)
		if marked {
			w.slots[i].marks = make([]mark, 0, tradesHint)
		}
		w.slots[i].payload = make([]byte, 0, codec.PayloadRoom(0, 2*tradesHint))
	}
	return w
}

func (w *window) at(i int) *slot   { return &w.slots[i%len(w.slots)] }
func (w *window) full() bool       { return w.tail-w.released == len(w.slots) }
func (w *window) inFlight() int    { return w.tail - w.decided }
func (w *window) allApplied() bool { return w.applied == w.tail }

// release frees the oldest slot and remembers it as the base.
func (w *window) release() {
	s := w.at(w.released)
	w.base = slot{seq: s.seq, chain: s.chain, lastCommand: s.lastCommand, nextTrade: s.nextTrade}
	w.released++
}

// last returns the newest batch that is not aborted, which may be the base.
func (w *window) last() *slot {
	if w.tail == w.released {
		return &w.base
	}
	return w.at(w.tail - 1)
}

// lastProposed returns the newest batch of the stream, which may be the base.
func (w *window) lastProposed() *slot {
	if w.proposed == w.released {
		return &w.base
	}
	return w.at(w.proposed - 1)
}

// rewind takes every batch above base out of the stream, to be proposed again, and returns how many there
// were.
func (w *window) rewind(base batch3pc.Seq) (dropped int) {
	for w.proposed > w.released && w.at(w.proposed-1).seq > base {
		w.proposed--
		dropped++
	}
	if w.proposed < w.decided {
		panic("engine: abort of a decided batch") // I1
	}
	w.voted = min(w.voted, w.proposed)
	w.gated = min(w.gated, w.proposed)
	return dropped
}

// truncate drops every batch above base, and what waits to be proposed again. It returns how many were in
// the stream.
func (w *window) truncate(base batch3pc.Seq) (dropped int) {
	dropped = w.rewind(base)
	w.tail = w.proposed
	return dropped
}

// find returns the batch with the number, or nil.
func (w *window) find(seq batch3pc.Seq) *slot {
	for i := w.released; i < w.proposed; i++ {
		if s := w.at(i); s.seq == seq {
			return s
		}
	}
	return nil
}

// committedTrades returns how many trades are decided.
func (w *window) committedTrades() uint64 {
	if w.decided == w.released {
		return w.base.nextTrade - 1
	}
	return w.at(w.decided-1).nextTrade - 1
}
