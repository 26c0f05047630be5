package ringbuf

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

// Frames is a ring of byte records of any length between one producer and one consumer, in one
// slab. Claim and Publish belong to the producer; Peek, Release and their batch forms to the
// consumer; everything else to anyone.
//
// A record never crosses the end of the slab: what does not fit there is skipped by a padding
// record, which is published together with the record that follows it (I5).
//
//	0        8                          n        n + 8
//	┌────────┬───────────────┬──────────┬────────┬ ─ ─ ─ ─ ─ ─
//	│ header │ payload       │ 0-7 idle │ 0      │ free
//	└────────┴───────────────┴──────────┴────────┴ ─ ─ ─ ─ ─ ─
//
// The header is 8 bytes, little endian: u32 length of the payload, u32 tag (record or padding).
// Headers and payloads begin at multiples of 8, so a payload may be read in place as a struct.
//
// The header is also what hands a record over: where the next one will be stands 0, the end, until the record
// is whole (I12). So the consumer looks at the line that it is going to read, and a short record moves one
// cache line from core to core, where a position in the control block would be another one. The producer's
// position there is for its successor and for whoever counts.
//
// A ring in memory that another process shares (FramesOn, OpenFrames) does not trust it: positions
// and headers are checked before they are used, and what is wrong there closes the ring with an
// error, Err. In a ring of our own the same is a broken invariant, and panics.
type Frames struct {
	sides
	slab    []byte // len is a power of two >= slabMin; the header is never written again
	foreign bool   // others may write the memory
	fault   atomic.Pointer[error]
	_       padding

	skip    uint64 // producer: bytes of padding before the claimed record
	claimed int    // producer: payload bytes of the open claim, -1 if there is none
	_       padding

	behind uint64 // consumer: position behind the record that Peek has lent
	single bool   // consumer: it is still the oldest one
	_      padding
}

const (
	recordHeader = 8
	slabMin      = 64
	tagRecord    = 0x31636572 // "rec1"
	tagPadding   = 0x31646170 // "pad1"
)

// NewFrames makes a ring whose slab has at least capacity bytes, rounded up to a power of two. The
// largest record is a little less than half of it: see MaxFrame.
func NewFrames(capacity int) *Frames {
	return &Frames{sides: sides{shared: new(control)}, slab: make([]byte, max(slabMin, roundUp(capacity))), claimed: -1}
}

// MaxFrame is the longest record in bytes. It is half of the slab less a header, so that an empty
// ring takes it at whatever position it stands: either before the end or, after padding, from the
// start (I6).
func (r *Frames) MaxFrame() int { return len(r.slab)/2 - recordHeader }

// Cap is the size of the slab in bytes.
func (r *Frames) Cap() int { return len(r.slab) }

// recordSize is what a record with a payload of n bytes takes up.
func recordSize(n int) uint64 { return recordHeader + (uint64(n)+7)&^7 }

// Claim lends exactly n contiguous bytes to the producer, 8-byte aligned and with the contents of
// long ago, or returns nil if there is no room now or the ring is closed. It panics if n is
// negative or above MaxFrame. A claim that is not published is forgotten by the next one.
func (r *Frames) Claim(n int) []byte {
	if n < 0 || n > r.MaxFrame() {
		panic(fmt.Sprintf("ringbuf: claim of %d bytes, the largest frame of this ring is %d", n, r.MaxFrame()))
	}
	r.claimed = -1
	if r.Closed() {
		return nil
	}
	p := &r.producer
	if r.header(p.pos).Load() != 0 {
		if r.takeOver(); r.Closed() {
			return nil
		}
	}
	size := uint64(len(r.slab))
	at := p.pos & (size - 1)
	need := recordSize(n)
	r.skip = 0
	if size-at < need {
		r.skip = size - at
	}
	if room := r.skip + need + recordHeader; size-(p.pos-p.cached) < room && !r.fits(room) { // and the end behind it
		return nil
	}
	r.claimed = n
	start := (at+r.skip)&(size-1) + recordHeader
	return r.slab[start : start+uint64(n) : start+uint64(n)]
}

// ClaimWait is Claim, but waits while there is too little room, as the producer's bell says. It
// returns nil only when the ring is closed.
func (r *Frames) ClaimWait(n int) []byte {
	for {
		if b := r.Claim(n); b != nil || r.Closed() {
			return b
		}
		r.room.Wait(func() bool { return r.Claim(n) != nil || r.Closed() })
	}
}

// Publish hands the claimed record over with its final length n, which may be less than what was
// claimed. It panics if n bytes are not claimed.
func (r *Frames) Publish(n int) {
	if n < 0 || n > r.claimed {
		panic(fmt.Sprintf("ringbuf: publish of %d bytes, %d are claimed", n, r.claimed))
	}
	r.claimed = -1
	p := &r.producer
	begin, next := p.pos+r.skip, p.pos+r.skip+recordSize(n)
	bump(&r.shared.published)
	storeRelease(r.header(next), 0)
	if r.skip > 0 {
		storeRelease(r.header(begin), uint64(n)|tagRecord<<32)
		storeRelease(r.header(p.pos), (r.skip-recordHeader)|tagPadding<<32)
	} else {
		storeRelease(r.header(begin), uint64(n)|tagRecord<<32)
	}
	r.publish(next)
}

// header is where the header of a record at pos stands.
func (r *Frames) header(pos uint64) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&r.slab[pos&uint64(len(r.slab)-1)]))
}

// record returns the payload of the record at pos, and the position after it. ok is false if there is none, or
// what is there cannot be one, which ends the ring.
func (r *Frames) record(pos uint64) (payload []byte, next uint64, ok bool) {
	h := r.header(pos).Load()
	if h == 0 {
		return nil, pos, false
	}
	size := uint64(len(r.slab))
	at := pos & (size - 1)
	if h>>32 == tagPadding && h&(1<<32-1) == size-at-recordHeader {
		pos += size - at
		at, h = 0, r.header(0).Load()
	}
	length := h & (1<<32 - 1)
	if h>>32 != tagRecord || length > size/2-recordHeader || size-at < recordSize(int(length)) {
		r.damaged("no record at position %d: tag %#x, length %d", pos, h>>32, length)
		return nil, pos, false
	}
	from := at + recordHeader
	return r.slab[from : from+length : from+length], pos + recordSize(int(length)), true
}

// Peek lends the oldest record to the consumer, or returns nil when there is none. It belongs to
// the consumer until Release; Peek again returns the same one. A record of length 0 is not nil.
func (r *Frames) Peek() []byte {
	c := &r.consumer
	payload, next, ok := r.record(c.pos)
	if !ok {
		c.look(0, false)
		return nil
	}
	c.stalled = false
	c.lent = max(c.lent, 1)
	r.behind, r.single = next, true
	return payload
}

// PeekWait is Peek, but waits while the ring is empty, as the consumer's bell says. It returns nil
// only when the ring is closed and everything published before is released.
func (r *Frames) PeekWait() []byte {
	for {
		closed := r.Closed() // before the look: what was published before Close must be seen
		if b := r.Peek(); b != nil || closed {
			return b
		}
		r.items.Wait(func() bool { return r.waiting() || r.Closed() })
	}
}

// PeekBatch appends the waiting records to dst, oldest first, until none is left or cap(dst) is
// reached, and returns dst. They belong to the consumer until it releases them.
func (r *Frames) PeekBatch(dst [][]byte) [][]byte {
	c := &r.consumer
	c.lent = 0
	for pos := c.pos; len(dst) < cap(dst); c.lent++ {
		payload, next, ok := r.record(pos)
		if !ok {
			break
		}
		dst, pos = append(dst, payload), next
	}
	c.look(0, c.lent > 0)
	return dst
}

// Release hands the record that Peek returned back to the producer.
func (r *Frames) Release() { r.ReleaseBatch(1) }

// ReleaseBatch hands the k oldest records back, of those that Peek or PeekBatch returned. It
// panics if fewer than k are lent.
func (r *Frames) ReleaseBatch(k int) {
	c := &r.consumer
	if k < 0 || uint64(k) > c.lent {
		panic(fmt.Sprintf("ringbuf: release of %d records, %d are peeked", k, c.lent))
	}
	pos := c.pos
	if k == 1 && r.single { // its header need not be read and checked again
		pos = r.behind
	} else {
		for range k {
			_, next, ok := r.record(pos)
			if !ok {
				return
			}
			pos = next
		}
	}
	r.single = r.single && k == 0
	c.lent -= uint64(k)
	storeRelease(&r.shared.released, r.shared.released.Load()+uint64(k))
	r.release(pos)
}

// Len is the number of published records that are not released. For a goroutine that is neither
// side it is a moment in the past.
func (r *Frames) Len() int {
	released := r.shared.released.Load()
	return int(r.shared.published.Load() - released)
}
