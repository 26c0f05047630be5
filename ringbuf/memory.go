package ringbuf

import (
	"errors"
	"fmt"
	"unsafe"
)

// A Frames ring in memory of the caller's, which two processes may share: the control block, then
// the slab.
//
//	0            384                        384 + slab
//	┌────────────┬──────────────────────────┐
//	│ control    │ slab, a power of two      │      control: see the type
//	└────────────┴──────────────────────────┘
//
// Each process makes a Frames of its own over the same bytes and uses one side of it. Everything
// that must outlive a process is in the memory, so a side that died is replaced by opening the ring
// again: a new producer goes on behind the last record that was published, which it looks for behind the position
// in the control block, because that is stored after the record; a new consumer sees again
// what the old one had not released (I9). What a producer had claimed and not published is lost, and
// nobody has seen it.

// framesMagic is "tezring3" in the order of the bytes. Another layout gets another number.
const framesMagic = 0x33676e69727a6574

// ErrMemory is wrapped by every error about memory that is, or is to become, a Frames ring.
var ErrMemory = errors.New("ringbuf: not the memory of a ring")

// FramesBytes is how much memory FramesOn wants for a slab of at least capacity bytes.
func FramesBytes(capacity int) int { return controlSize + max(sharedMin, roundUp(capacity)) }

// FramesOn makes an empty ring in mem, which is aligned to 8 bytes (to a cache line if it is to be fast) and has
// exactly FramesBytes of some capacity. Nobody may use the memory yet. The ring keeps mem in use, and in the same
// place, but does not keep mapped memory mapped.
func FramesOn(mem []byte) (*Frames, error) {
	c, slab, err := divide(mem)
	if err != nil {
		return nil, err
	}
	*c = control{}
	c.size = uint64(len(slab))
	r := &Frames{sides: sides{shared: c}, slab: slab, foreign: true, claimed: -1}
	r.header(0).Store(0)       // I12, whatever the memory was before
	c.magic.Store(framesMagic) // last: whoever opens the ring finds all of it, or none
	return r, nil
}

// OpenFrames takes up the ring that FramesOn has made in mem. Both sides begin where the memory says
// that their predecessors stopped. It returns an error if there is no ring in mem, or a damaged one.
func OpenFrames(mem []byte) (*Frames, error) {
	c, slab, err := divide(mem)
	if err != nil {
		return nil, err
	}
	if m := c.magic.Load(); m != framesMagic {
		return nil, fmt.Errorf("%w: it begins with %#x, want %#x", ErrMemory, m, uint64(framesMagic))
	}
	if c.size != uint64(len(slab)) {
		return nil, fmt.Errorf("%w: a slab of %d bytes, the memory has room for %d", ErrMemory, c.size, len(slab))
	}
	r := &Frames{sides: sides{shared: c}, slab: slab, foreign: true, claimed: -1}
	r.resume()
	tail, head := r.producer.pos, r.consumer.pos // whatever somebody may write there meanwhile
	if (tail|head)%lineSize != 0 || tail-head > uint64(len(slab)) && !r.tookUnsaid() {
		return nil, fmt.Errorf("%w: head %d and tail %d in a slab of %d bytes", ErrMemory, head, tail, len(slab))
	}
	return r, nil
}

// tookUnsaid reports whether the consumer is ahead of the producer's word by just the record that a producer handed over
// before it died: it has taken what the word does not say yet. What cannot be a record closes nothing here.
func (r *Frames) tookUnsaid() bool {
	probe := Frames{sides: sides{shared: new(control)}, slab: r.slab, foreign: true}
	_, next, ok := probe.record(r.producer.pos)
	return ok && next == r.consumer.pos
}

func divide(mem []byte) (*control, []byte, error) {
	slab := len(mem) - controlSize
	if slab < sharedMin || slab&(slab-1) != 0 {
		return nil, nil, fmt.Errorf("%w: %d bytes, want %d and a power of two, at least %d", ErrMemory, len(mem), controlSize, sharedMin)
	}
	base := unsafe.Pointer(unsafe.SliceData(mem))
	if uintptr(base)%8 != 0 {
		return nil, nil, fmt.Errorf("%w: it begins at %p, want a multiple of 8", ErrMemory, base)
	}
	return (*control)(base), mem[controlSize:], nil
}

// damaged ends a ring whose memory says what cannot be.
func (r *Frames) damaged(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !r.foreign {
		panic("ringbuf: " + text)
	}
	err := fmt.Errorf("%w: %s", ErrMemory, text)
	r.fault.CompareAndSwap(nil, &err)
	r.close()
}

// Err is what was found wrong in shared memory, nil if nothing was. Such a ring is closed, and gives
// and takes nothing more.
func (r *Frames) Err() error {
	if p := r.fault.Load(); p != nil {
		return *p
	}
	return nil
}

// fits asks the consumer's word whether n bytes are free.
func (r *Frames) fits(n uint64) bool {
	p, size := &r.producer, uint64(len(r.slab))
	head := r.shared.head.Load()
	depth := p.pos - head
	if depth > size {
		r.damaged("the consumer at %d is ahead of the producer at %d, or the slab of %d bytes behind", head, p.pos, size)
		return false
	}
	p.cached = head
	p.look(depth, size-depth >= n)
	return size-depth >= n
}

// waiting reports whether there is something at the consumer's position.
func (r *Frames) waiting() bool {
	found := r.header(r.consumer.pos).Load() != 0
	r.consumer.look(0, found)
	return found
}

// takeOver moves a producer that has taken the place of another behind the record that this one had published
// without having said so in the control block: there is one at most. It is false if the ring is closed then. Only the first
// claim looks. Later ones know what stands there, and a look would be dear: the consumer polls that line, so the
// look brings it back to be read, and the record once more to be written: half of a hop more.
func (r *Frames) takeOver() bool {
	if _, next, ok := r.record(r.producer.pos); ok {
		r.publish(next)
	}
	if h := r.header(r.producer.pos).Load(); h != 0 {
		r.damaged("%#x at position %d, where the producer's next record belongs", h, r.producer.pos)
	}
	r.begun = !r.closed()
	return r.begun
}
