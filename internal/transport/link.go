package transport

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// Link is one ordered connection to one peer, which carries whole frames. All methods belong to
// one goroutine, its user, except Stats and NotUsed. None of them waits for the peer; Close waits, but never
// longer than closeFlush.
type Link struct {
	in   *ringbuf.Frames // events (1 byte) and frames (codec.FrameHeaderSize and more) for the user
	out  *ringbuf.Frames // frames of the user, each behind a stamp of stampSize bytes
	wake *ringbuf.Bell   // rung after Publish: the writer's, or the other user's in a Pair
	room *ringbuf.Bell   // rung after Release: the reader waits for room in in; nil in a Pair

	// live is the number of the session that is connected now, 0 if none is. The user compares it
	// with its own session, so that a frame leaves in the session it was written for or not at
	// all (I3).
	live      atomic.Uint64
	session   uint64 // user: number of Up events seen
	up        bool   // user: seen an Up that no Down has followed
	rising    bool   // user: the event lent by Next is an Up, which no frame of the shared memory may overtake
	ended     bool   // user: the event lent by Next is a Down that is not in the ring
	closed    bool   // user: Close was called
	stampSize int    // 8, or 0 in a Pair

	// refusal is why the last handshake failed, if that was for who is at the other end, and the link
	// has not come up since.
	refusal atomic.Pointer[error]
	failure atomic.Pointer[error] // why the last connection did not come up, whatever it was, likewise

	// Memory of the session, shared with the peer's process, in place of the rings above.
	offered atomic.Pointer[shared] // of the session that comes up; the user takes it with the Up
	shared  *shared                // user: of this session; nil: it has none
	lent    []byte                 // user: what Next has lent, if it lies in the shared ring
	cluster uint32                 // whose frames they must be

	unused func() []string // see NotUsed; nil in a Pair

	close func() // ends everything behind the rings and waits for it
	counters
}

// stampSize is the length of the session number before each frame in the out ring of a connection.
// It keeps the frame 8-byte aligned.
const stampSize = 8

// MaxFrame is the longest frame that Claim can ever give, in bytes.
func (l *Link) MaxFrame() int { return l.out.MaxFrame() - l.stampSize }

// Claim lends the user room for a frame of exactly n bytes, 8-byte aligned. It returns nil when the
// link is down or the out ring is full: the caller drops the frame, and its protocol sends again.
// The link is up from the moment that Next returns EventUp. It panics if n is above MaxFrame.
func (l *Link) Claim(n int) []byte {
	if !l.up || l.live.Load() != l.session {
		return nil
	}
	if l.shared != nil {
		return l.shared.claim(n)
	}
	b := l.out.Claim(n + l.stampSize)
	if b == nil {
		return nil
	}
	if l.stampSize > 0 {
		binary.LittleEndian.PutUint64(b, l.session)
	}
	return b[l.stampSize:]
}

// Publish sends the claimed frame, whose final length is n.
func (l *Link) Publish(n int) {
	if l.shared != nil {
		l.shared.publish(n)
		l.countSharedOut(uint64(n))
		return
	}
	l.out.Publish(n + l.stampSize)
	l.wake.Ring()
	if l.stampSize == 0 {
		l.countOut(1, uint64(n))
	}
}

// PublishQuietly is Publish of a frame for which a peer that sleeps need not wake up: it finds it when something else
// has woken it. Where a socket lies between it is Publish.
func (l *Link) PublishQuietly(n int) {
	if l.shared == nil {
		l.Publish(n)
		return
	}
	l.shared.publishQuietly(n)
	l.countSharedOut(uint64(n))
}

// Next returns the oldest event, and the frame if it is one. It stays the same until Release. The
// frame has passed codec.CheckFrame, except in a Pair, where it never left the process, and over
// UDP, where the datagrams have been checked instead; it belongs to the user until Release. After
// Close there are no more events.
func (l *Link) Next() (Event, []byte) {
	if l.closed {
		return EventNone, nil
	}
	if !l.rising {
		if frame := l.nextShared(); frame != nil {
			return EventFrame, frame
		}
	}
	rec := l.in.Peek()
	if rec == nil {
		if rec = l.afterClose(); rec == nil {
			if l.ended {
				return EventDown, nil
			}
			return EventNone, nil
		}
	}
	if len(rec) > 1 {
		return EventFrame, rec
	}
	return l.happened(Event(rec[0]))
}

// happened follows an event of the in ring.
func (l *Link) happened(event Event) (Event, []byte) {
	switch event {
	case EventUp:
		l.rising = true
		if !l.up {
			l.up = true
			l.session++
			l.share()
		}
	case EventDown:
		if frame := l.nextShared(); frame != nil { // published before, and seen by no look before this one
			return EventFrame, frame
		}
		l.up = false
		l.unshare()
	}
	return event, nil
}

// nextShared is the oldest frame in the session's shared memory, nil if there is none.
func (l *Link) nextShared() []byte {
	if l.shared != nil && l.lent == nil {
		l.lent = l.shared.next(l.cluster, &l.bad)
	}
	return l.lent
}

// share takes the memory of the session that has come up.
func (l *Link) share() {
	if s := l.offered.Load(); s != nil && s.session == l.session && l.offered.CompareAndSwap(s, nil) {
		l.shared = s
		s.begin()
	}
}

// unshare gives it back.
func (l *Link) unshare() {
	if l.shared != nil {
		l.shared.end()
		l.shared, l.lent = nil, nil
	}
}

// afterClose looks once more into an in ring that was closed by the other user of a Pair: what was
// published before is still to be read. When all of it is, one EventDown ends the link.
func (l *Link) afterClose() []byte {
	if !l.up || !l.in.Closed() {
		return nil
	}
	if rec := l.in.Peek(); rec != nil {
		return rec
	}
	l.up, l.ended = false, true
	l.live.Store(0)
	return nil
}

// Release ends the use of what Next returned. It panics if that was EventNone.
func (l *Link) Release() {
	if l.ended {
		l.ended = false
		return
	}
	l.rising = false
	if l.lent != nil {
		l.shared.in.Release()
		l.countSharedIn(uint64(len(l.lent)))
		l.lent = nil
		return
	}
	if l.stampSize == 0 {
		if rec := l.in.Peek(); len(rec) > 1 {
			l.countIn(uint64(len(rec)))
		}
	}
	l.in.Release()
	if l.room != nil {
		l.room.Ring()
	}
}

// Live reports whether the peer is connected now. Any goroutine may ask.
func (l *Link) Live() bool { return l.live.Load() != 0 }

// Refusal is why the last handshake failed, if that was for who is at the other end, and the link
// has not come up since; it wraps ErrRefused. Any goroutine may ask.
func (l *Link) Refusal() error {
	if p := l.refusal.Load(); p != nil {
		return *p
	}
	return nil
}

// Failure is why the last connection did not come up, if the link has not come up since: with the address, or the host,
// that cannot be reached. Any goroutine may ask.
func (l *Link) Failure() error {
	if p := l.failure.Load(); p != nil {
		return *p
	}
	return nil
}

// NotUsed says what of the carrier that was asked for the kernel or the peer has refused, why, and what is used in its
// place, a line each; nil if everything was granted. It may be called by any goroutine, and after Close.
func (l *Link) NotUsed() []string {
	if l.unused == nil {
		return nil
	}
	return l.unused()
}

// Close ends the link. Frames that are published already are still sent if the peer takes them
// within closeFlush, a second. Close may be called again.
func (l *Link) Close() error {
	if !l.closed {
		l.closed, l.up = true, false
		l.close()
		l.unshare()
		if s := l.offered.Swap(nil); s != nil {
			s.drop()
		}
	}
	return nil
}
