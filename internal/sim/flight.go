package sim

import (
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// flight is a message on its way. It does not change any more, so worlds may share it.
type flight struct {
	msg   batch3pc.Message
	key   Key
	id    uint32 // in the order of sending
	thaw  int    // a walk does not touch it before this step
	frame []byte // the bytes on the wire, if they are simulated
	hash  uint64 // of the content, if a search needs it
}

// memory holds what the messages and records of one schedule point to, until it is reset.
type memory struct {
	flights []*flight
	used    int
	blocks  [][]byte                    // taken one after the other
	block   int                         // the next one
	bytes   []byte                      // the present one, as far as it is used
	batches [batchSlots]*batch3pc.Batch // by chain, open addressing
	count   int                         // of batches
	pool    []*batch3pc.Batch
}

// batchSlots is more than a schedule makes batches.
const batchSlots = 256

func (m *memory) reset() {
	m.used, m.bytes, m.block = 0, nil, 0
	if m.count > 0 {
		clear(m.batches[:])
		m.count = 0
	}
}

func (m *memory) flight() *flight {
	if m.used == len(m.flights) {
		block := make([]flight, 64)
		for i := range block {
			m.flights = append(m.flights, &block[i])
		}
	}
	f := m.flights[m.used]
	m.used++
	return f
}

// blockSize is how many bytes are taken at once.
const blockSize = 16 << 10

func (m *memory) take(n int) []byte {
	if len(m.bytes)+n > cap(m.bytes) {
		if m.block == len(m.blocks) || cap(m.blocks[m.block]) < n {
			m.blocks = slices.Insert(m.blocks, m.block, make([]byte, 0, max(blockSize, n)))
		}
		m.bytes = m.blocks[m.block]
		m.block++
	}
	at := len(m.bytes)
	m.bytes = m.bytes[:at+n]
	return m.bytes[at : at+n : at+n]
}

func (m *memory) clone(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	c := m.take(len(b))
	copy(c, b)
	return c
}

// batch returns a copy of b that nobody changes, the same one for the same content.
func (m *memory) batch(b *batch3pc.Batch) *batch3pc.Batch {
	if b == nil {
		return nil
	}
	slot := int(mix(uint64(b.Chain)) % batchSlots)
	for ; m.batches[slot] != nil; slot = (slot + 1) % batchSlots {
		if o := m.batches[slot]; o.Chain == b.Chain && o.Seq == b.Seq && o.Digest == b.Digest && string(o.Payload) == string(b.Payload) {
			return o
		}
	}
	if m.count++; m.count == batchSlots {
		panic("sim: a schedule with too many batches")
	}
	if len(m.pool) < m.count {
		m.pool = append(m.pool, new(batch3pc.Batch))
	}
	c := m.pool[m.count-1]
	*c = *b
	c.Payload = m.clone(b.Payload)
	m.batches[slot] = c
	return c
}

// launch copies m out of the machine that made it.
func (m *memory) launch(msg *batch3pc.Message, wire bool) *flight {
	f := m.flight()
	f.msg, f.key, f.thaw, f.frame = *msg, keyOf(msg), 0, nil
	if wire {
		f.frame = codec.AppendMessage(m.take(codec.MessageSize(msg))[:0], codec.Header{Cluster: 1}, msg)
		f.msg.Batch, f.msg.Veto, f.msg.Tail, f.msg.Generations, f.msg.Chunk = nil, nil, nil, nil, nil
		return f
	}
	f.msg.Batch = m.batch(msg.Batch)
	f.msg.Veto, f.msg.Tail = m.clone(msg.Veto), m.clone(msg.Tail)
	f.msg.Generations, f.msg.Chunk = m.clone(msg.Generations), m.clone(msg.Chunk)
	return f
}
