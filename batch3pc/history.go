package batch3pc

// history is the end of a stream that a machine holds: a ring of batches, oldest first, each the
// parent of the next. All memory is reserved at construction; the payload buffers of a
// participant's slots are reused.
type history struct {
	slots []Batch
	first int      // slot of the oldest batch
	count int      // batches held
	root  Position // what the oldest batch follows; the whole log, if nothing is held
}

func newHistory(max int) history { return history{slots: make([]Batch, max)} }

func (h *history) len() int { return h.count }

func (h *history) full() bool { return h.count == len(h.slots) }

// at is batch i, 0 the oldest. at(len) is the free slot that push takes in; it must not be used
// when the ring is full.
func (h *history) at(i int) *Batch {
	i += h.first
	if i >= len(h.slots) {
		i -= len(h.slots)
	}
	return &h.slots[i]
}

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
	h.count++
	return b
}

// cut forgets all but the n oldest batches.
func (h *history) cut(n int) { h.count = n }

// release forgets the n oldest batches.
func (h *history) release(n int) {
	h.root = h.position(n)
	h.first += n
	if h.first >= len(h.slots) {
		h.first -= len(h.slots)
	}
	h.count -= n
}

// reset forgets everything and goes on from root.
func (h *history) reset(root Position) { h.first, h.count, h.root = 0, 0, root }
