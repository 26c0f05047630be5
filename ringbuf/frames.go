package ringbuf

import (
	"encoding/binary"
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
// The header is 8 bytes, little endian: u32 length of the payload, with the top bit set, and u32 tag (record or
// padding). Headers and payloads begin at multiples of 8, so a payload may be read in place as a struct.
//
// The header is also what hands a record over: where the next one will be stands 0, the end, until the record
// is whole (I12). So the consumer looks at the line that it is going to read, and a short record moves one
// cache line from core to core, where a position in the control block would be another one. The producer's
// position there is for its successor and for whoever counts.
//
// In memory that another process shares (FramesOn, OpenFrames) records begin at multiples of a cache line, and one of
// 8 to 64 bytes whose first 4 say its length, little endian, is its own header and takes one line, not two:
//
//	0        4                          n     64
//	┌────────┬───────────────────────────┬─────┬────────┬ ─ ─ ─ ─ ─ ─
//	│ n      │ rest of the payload       │idle │ 0      │ free
//	└────────┴───────────────────────────┴─────┴────────┴ ─ ─ ─ ─ ─ ─
//
// The producer writes it elsewhere (line), and Publish brings it here, its first 8 bytes last.
//
// Such a ring does not trust its memory: positions and headers are checked before they are used,
// and what is wrong there closes the ring with an error, Err. In a ring of our own the same is a
// broken invariant, and panics.
type Frames struct {
	sides
	slab    []byte // len is a power of two >= slabMin; the header is never written again
	foreign bool   // others may write the memory
	fault   atomic.Pointer[error]
	_       padding

	begun   bool           // producer: nothing stands at its position, by its own store
	skip    uint64         // producer: bytes of padding before the claimed record
	claimed int            // producer: payload bytes of the open claim, -1 if there is none
	line    [lineSize]byte // producer: the claimed record, if it may be its own header; begins at a multiple of 8
	_       padding

	behind uint64 // consumer: position behind the record that Peek has lent
	single bool   // consumer: it is still the oldest one
	_      padding
}

const (
	recordHeader = 8
	slabMin      = 64
	sharedMin    = 2 * lineSize // the same in shared memory
	headed       = 1 << 31      // in the length: the header stands before the record
	tagRecord    = 0x31636572   // "rec1"
	tagPadding   = 0x31646170   // "pad1"
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

// recordSize is what a record with a payload of n bytes and a header takes up.
func (r *Frames) recordSize(n int) uint64 {
	if r.foreign {
		return (recordHeader + uint64(n) + lineSize - 1) &^ (lineSize - 1)
	}
	return recordHeader + (uint64(n)+7)&^7
}

// Claim lends exactly n contiguous bytes to the producer, 8-byte aligned and with the contents of
// long ago, or returns nil if there is no room now or the ring is closed. It panics if n is
// negative or above MaxFrame. A claim that is not published is forgotten by the next one.
func (r *Frames) Claim(n int) []byte {
	if n < 0 || n > r.MaxFrame() {
		panic(fmt.Sprintf("ringbuf: claim of %d bytes, the largest frame of this ring is %d", n, r.MaxFrame()))
	}
	r.claimed = -1
	if r.closed() {
		return nil
	}
	p := &r.producer
	if !r.begun && !r.takeOver() {
		return nil
	}
	size := uint64(len(r.slab))
	at := p.pos & (size - 1)
	need := r.recordSize(n)
	r.skip = 0
	if size-at < need {
		r.skip = size - at
	}
	if room := r.skip + need + recordHeader; size-(p.pos-p.cached) < room && !r.fits(room) { // and the end behind it
		return nil
	}
	r.claimed = n
	if r.foreign && n <= lineSize {
		return r.line[:n:n]
	}
	start := (at+r.skip)&(size-1) + recordHeader
	return r.slab[start : start+uint64(n) : start+uint64(n)]
}

// ClaimWait is Claim, but waits while there is too little room, as the producer's bell says. It
// returns nil only when the ring is closed.
func (r *Frames) ClaimWait(n int) []byte {
	for {
		if b := r.Claim(n); b != nil || r.closed() {
			return b
		}
		r.room.Wait(func() bool { return r.Claim(n) != nil || r.closed() })
	}
}

// Publish hands the claimed record over with its final length n, which may be less than what was
// claimed. It panics if n bytes are not claimed.
func (r *Frames) Publish(n int) {
	if n < 0 || n > r.claimed {
		panic(fmt.Sprintf("ringbuf: publish of %d bytes, %d are claimed", n, r.claimed))
	}
	p := &r.producer
	begin := p.pos + r.skip
	header, size := uint64(n)|headed|tagRecord<<32, r.recordSize(n)
	if r.foreign && r.claimed <= lineSize {
		header, size = r.place(begin, n, header, size)
	}
	r.claimed = -1
	next := begin + size
	bump(&r.shared.published)
	storeRelease(r.header(next), 0)
	storeRelease(r.header(begin), header) // hands the record over, but behind padding
	if r.skip > 0 {
		storeRelease(r.header(p.pos), (r.skip-recordHeader)|headed|tagPadding<<32)
	}
	r.publish(next)
}

// place brings a record of n bytes from line to begin, all but its header, and returns that and what the record
// takes up: as they were, or what they are if the record is its own header.
func (r *Frames) place(begin uint64, n int, header, size uint64) (uint64, uint64) {
	to := r.slab[begin&uint64(len(r.slab)-1)+recordHeader:]
	if n < recordHeader || binary.LittleEndian.Uint32(r.line[:]) != uint32(n) {
		copy(to, r.line[:n])
		return header, size
	}
	copy(to, r.line[recordHeader:n])
	return binary.LittleEndian.Uint64(r.line[:]), lineSize
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
	if h == (size-at-recordHeader)|headed|tagPadding<<32 {
		pos += size - at
		at, h = 0, r.header(0).Load()
	}
	length := h & (1<<32 - 1)
	if r.foreign && length-recordHeader <= lineSize-recordHeader { // its own header
		return r.slab[at : at+length : at+length], pos + lineSize, true
	}
	length ^= headed // far too long if there was none
	if h>>32 != tagRecord || length > size/2-recordHeader || size-at < r.recordSize(int(length)) {
		r.damaged("no record at position %d: tag %#x, length %d", pos, h>>32, length)
		return nil, pos, false
	}
	from := at + recordHeader
	return r.slab[from : from+length : from+length], pos + r.recordSize(int(length)), true
}

// Peek lends the oldest record to the consumer, or returns nil when there is none. It belongs to
// the consumer until Release; Peek again returns the same one. A record of length 0 is not nil.
func (r *Frames) Peek() []byte {
	c := &r.consumer
	if r.header(c.pos).Load() == 0 { // what who spins finds most of the time: no call for it
		c.nothing()
		return nil
	}
	payload, next, ok := r.record(c.pos)
	if !ok {
		c.nothing()
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
		closed := r.closed() // before the look: what was published before Close must be seen
		if b := r.Peek(); b != nil || closed {
			return b
		}
		r.items.Wait(func() bool { return r.waiting() || r.closed() })
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
// side it is a moment in the past. In shared memory each side that died may have left it one call off, for good.
func (r *Frames) Len() int {
	released := r.shared.released.Load()
	return int(r.shared.published.Load() - released)
}

// Bells lets the ring do the ringing: from now on Publish rings the consumer's bell, Release the
// producer's, and Close both, and the forms that wait (their names end in Wait, or have no Try) may
// be used by the sides that have a bell. Either may be nil. One bell may serve many rings for which
// its owner waits at the same time; a stage between two rings, which waits for items or for room and
// never for both, has a bell for each, or every release behind it would wake it for nothing. Call it
// before the ring is used.
func (r *Frames) Bells(producer, consumer *Bell) { r.bells(producer, consumer) }

// Close ends the ring for both sides: the producer can claim nothing more, the consumer may still
// drain what is published. Any goroutine may call it, more than once. It rings the bells of the
// ring; whoever closes a ring without bells, on which somebody waits, rings afterwards.
func (r *Frames) Close() { r.close() }

// Closed reports whether Close was called. A consumer that wants everything that was published
// before Close asks Closed first and looks into the ring afterwards, in this order.
func (r *Frames) Closed() bool { return r.closed() }

// Stats may be called by any goroutine.
func (r *Frames) Stats() Stats { return r.stats() }
