package textbook

import "github.com/tezi-exchange/tezi/batch3pc"

// stream is the end of a chain of batches: a ring, oldest first, each the parent of the next. The
// payload buffers of its slots are used again.
type stream struct {
	slots []batch3pc.Batch
	first int
	count int
	root  batch3pc.Position // what the oldest batch follows
}

func newStream(size int) stream { return stream{slots: make([]batch3pc.Batch, size)} }

func (s *stream) at(i int) *batch3pc.Batch { return &s.slots[(s.first+i)%len(s.slots)] }

func (s *stream) full() bool { return s.count == len(s.slots) }

// position is the prefix that ends after the n oldest batches.
func (s *stream) position(n int) batch3pc.Position {
	if n == 0 {
		return s.root
	}
	return s.at(n - 1).Position()
}

func (s *stream) tail() batch3pc.Position { return s.position(s.count) }

// through counts the batches at or below seq.
func (s *stream) through(seq batch3pc.Seq) (n int) {
	for n < s.count && s.at(n).Seq <= seq {
		n++
	}
	return n
}

// holds reports whether at is a prefix that ends in this ring, or its root.
func (s *stream) holds(at batch3pc.Position) bool { return s.position(s.through(at.Seq)) == at }

// push takes b in, with a copy of its payload.
func (s *stream) push(b *batch3pc.Batch) *batch3pc.Batch {
	slot := s.at(s.count)
	payload := append(slot.Payload[:0], b.Payload...)
	*slot = *b
	slot.Payload = payload
	s.count++
	return slot
}

// lend takes b in with its payload as it is.
func (s *stream) lend(b *batch3pc.Batch) *batch3pc.Batch {
	slot := s.at(s.count)
	*slot = *b
	s.count++
	return slot
}

// release forgets the n oldest batches.
func (s *stream) release(n int) {
	s.root = s.position(n)
	s.first = (s.first + n) % len(s.slots)
	s.count -= n
}

// outbox collects the Ready of one call.
type outbox struct{ ready batch3pc.Ready }

func (o *outbox) reset() {
	o.ready.Records = o.ready.Records[:0]
	o.ready.Messages = o.ready.Messages[:0]
	o.ready.Durable = o.ready.Durable[:0]
}

func (o *outbox) record(r batch3pc.Record)       { o.ready.Records = append(o.ready.Records, r) }
func (o *outbox) send(m batch3pc.Message)        { o.ready.Messages = append(o.ready.Messages, m) }
func (o *outbox) sendDurable(m batch3pc.Message) { o.ready.Durable = append(o.ready.Durable, m) }
