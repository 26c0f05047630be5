package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// history is the end of a stream that a machine holds: a ring of batches, oldest first, each the
// parent of the next. All memory is reserved at construction; the payload buffers of a
// participant's slots are reused.
type history struct {
	slots []Batch
	first int      // slot of the oldest batch
	count int      // batches held
	root  Position // what the oldest batch follows; the whole log, if nothing is held

	rootGeneration Generation // in force at root
	tailGeneration Generation // in force at the tail
}

func newHistory(max int) history { return history{slots: make([]Batch, max)} }

func (h *history) len() int { return h.count }

func (h *history) full() bool { return h.count == len(h.slots) }

// slot is where in the ring batch i is.
func (h *history) slot(i int) int {
	i += h.first
	if i >= len(h.slots) {
		i -= len(h.slots)
	}
	return i
}

// at is batch i, 0 the oldest. at(len) is the free slot that push takes in; it must not be used
// when the ring is full.
func (h *history) at(i int) *Batch { return &h.slots[h.slot(i)] }

// position is the prefix that ends after the n oldest batches.
func (h *history) position(n int) Position {
	if n == 0 {
		return h.root
	}
	return h.at(n - 1).Position()
}

func (h *history) tail() Position { return h.position(h.count) }

// through counts the batches at or below s.
func (h *history) through(s Seq) int {
	lo, hi := 0, h.count
	for lo < hi {
		mid := (lo + hi) / 2
		if h.at(mid).Seq <= s {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// holds reports whether p is a prefix that ends in this ring, or its root.
func (h *history) holds(p Position) bool { return h.position(h.through(p.Seq)) == p }

// push takes the batch in at(len) in.
func (h *history) push() *Batch {
	b := h.at(h.count)
	if b.ParentPosition() != h.tail() || b.Seq <= b.Parent {
		violated("I3", "a batch is appended that does not follow the tail")
	}
	if b.IsGeneration() {
		h.tailGeneration = mustGeneration(b)
	}
	h.count++
	return b
}

// fits reports whether b, whose parent is the tail, is of the generation in force there, or opens
// the next one.
func (h *history) fits(b *Batch) bool {
	if !b.IsGeneration() {
		return b.Generation == h.tailGeneration.Number
	}
	_, ok := GenerationOf(b)
	return ok && b.Generation == h.tailGeneration.Number+1
}

// generationAt is the generation in force behind the n oldest batches.
func (h *history) generationAt(n int) Generation {
	for i := n - 1; i >= 0; i-- {
		if b := h.at(i); b.IsGeneration() {
			return mustGeneration(b)
		}
	}
	return h.rootGeneration
}

// mustGeneration decodes an entry that was checked by fits before it was pushed.
func mustGeneration(b *Batch) Generation {
	g, ok := GenerationOf(b)
	if !ok {
		violated("I3", "a malformed generation is in the log")
	}
	return g
}

// cut forgets all but the n oldest batches.
func (h *history) cut(n int) {
	h.count = n
	if h.tailGeneration.At.Seq > h.tail().Seq && !mutant.Is(mutant.GenerationKept) {
		h.tailGeneration = h.generationAt(n)
	}
}

// release forgets the n oldest batches.
func (h *history) release(n int) {
	for i := n - 1; i >= 0; i-- {
		if b := h.at(i); b.IsGeneration() {
			h.rootGeneration = mustGeneration(b)
			break
		}
	}
	h.root = h.position(n)
	h.first += n
	if h.first >= len(h.slots) {
		h.first -= len(h.slots)
	}
	h.count -= n
}

// reset forgets everything and goes on from root, where g is in force.
func (h *history) reset(root Position, g Generation) {
	h.first, h.count, h.root = 0, 0, root
	h.rootGeneration, h.tailGeneration = g, g
}
