package transport

import (
	"encoding/binary"
	"fmt"
	"time"
)

// udpWriter cuts frames into packets and sends them until they have arrived.
type udpWriter struct {
	*udp
	frames [][]byte // lent by the out ring, oldest first
	cut    int      // frames that are cut into packets
	offset int      // of the next piece in frames[cut]

	packets []udpPacket // by number, modulo their count
	next    uint64      // number of the next packet
	acked   uint64      // every packet below has arrived
	limit   uint64      // packets below may be sent
	order   uint64      // transmissions so far
	tells   uint64      // what the datagrams of the next call say has arrived
	newest  uint64      // the latest transmission that is known to have arrived

	buffer  []byte        // datagrams of one call: all of them but the last are as long as they may be
	patient time.Duration // until something is sent again although nothing says that it is lost
	quietAt time.Time     // since when nothing was acknowledged or sent again for that
	movedAt time.Time     // since when nothing was acknowledged of what was sent
	ack     acknowledgement
}

// udpPacket is a packet in flight.
type udpPacket struct {
	frame, offset, size int
	order               uint64 // its last transmission
	arrived             bool
	release             int // frames that are done with when it, and all before it, has arrived
}

// Times after which the end of a burst is sent again: far above a round trip.
const (
	resendMin = 5 * time.Millisecond
	resendMax = 200 * time.Millisecond
)

// write sends until the session is over, and ends it where nothing arrives.
func (u *udp) write() {
	w := newUDPWriter(u)
	err := w.serve()
	w.judgeWay() // before the peer notices the end: it comes back at once
	if err != nil {
		u.giveUp(err)
	}
}

// serve sends until the session is dead, the link is closed and everything published has arrived, or nothing arrives for
// too long.
func (w *udpWriter) serve() error {
	link, ctx := w.s.wire.link, w.s.wire.ctx
	busy := func() bool { return w.s.dead.Load() || w.hasNews() || w.canSend() }
	ready := func() bool { return busy() || ctx.Err() != nil }
	for !w.s.dead.Load() {
		closing := ctx.Err() != nil
		w.work()
		if closing && w.acked == w.next && w.cut == len(w.frames) {
			_ = w.s.conn.CloseWrite() // fails only if there is nobody left to tell
			return nil
		}
		switch {
		case w.acked == w.next && !closing:
			link.wake.Wait(ready)
		default:
			if wait := w.patient - time.Since(w.quietAt); wait > 0 {
				link.wake.WaitUntil(busy, wait)
			} else if quiet := time.Since(w.movedAt); quiet >= w.s.wire.timing.unacked {
				return fmt.Errorf("nothing that was sent over UDP has arrived for %v", quiet.Round(time.Millisecond))
			} else {
				w.resendOldest()
			}
		}
	}
	return nil
}

// judgeWay looks at the end of a session for what the way to the peer has swallowed although it was sent again and again: all
// of it, or packets that others have overtaken. Those are too long for a router that does not say so: the small ones pass,
// and each session would end at the same frame. There is no more UDP between the two processes then.
func (w *udpWriter) judgeWay() {
	wire := w.s.wire
	switch {
	case w.acked == w.next || time.Since(w.movedAt) < wire.timing.unacked/2:
		return
	case w.acked == 0:
		wire.notUsed(noUDP, "nothing that was sent has arrived")
	case w.overtaken():
		wire.notUsed(noUDP, fmt.Sprintf("a packet of %d bytes does not arrive, while others do", w.packets[w.acked%w.window].size))
	default:
		return
	}
	wire.carrier = TCP
	wire.deafTo.Store(w.s.process)
}

// overtaken reports whether something has arrived that was sent behind the oldest packet.
func (w *udpWriter) overtaken() bool {
	for number := w.acked + 1; number < w.next; number++ {
		if w.packets[number%w.window].arrived {
			return true
		}
	}
	return false
}

// giveUp ends the session for the writer.
func (u *udp) giveUp(why error) {
	u.failed = why
	u.s.conn.Close() // the session ends with it
}

func newUDPWriter(u *udp) *udpWriter {
	w := &udpWriter{
		udp: u, frames: make([][]byte, 0, packetsMax), packets: make([]udpPacket, u.window),
		buffer: make([]byte, 0, datagramMax), limit: u.window,
	}
	w.moved()
	return w
}

// work does what is to be done now.
func (w *udpWriter) work() {
	w.takeNews()
	w.resendLost()
	w.sendNew()
}

func (w *udpWriter) hasNews() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.seen
}

// canSend reports whether a packet of a frame is to be sent and may be.
func (w *udpWriter) canSend() bool {
	more := len(w.frames) < cap(w.frames) && w.s.wire.link.out.Len() > len(w.frames)
	return w.next < w.limit && w.next < w.acked+w.window && (w.cut < len(w.frames) || more)
}

// moved begins the time anew after which something is done about what is not acknowledged.
func (w *udpWriter) moved() {
	w.patient, w.movedAt = resendMin, time.Now()
	w.quietAt = w.movedAt
}

// takeNews follows the latest acknowledgement.
func (w *udpWriter) takeNews() {
	w.mu.Lock()
	fresh := !w.seen
	if fresh {
		w.ack, w.seen = w.news, true
	}
	w.mu.Unlock()
	if !fresh {
		return
	}
	if w.ack.next > w.next { // what the peer says from now on would count as older than that
		w.giveUp(fmt.Errorf("the peer acknowledges packet %d, of %d that were sent", w.ack.next-1, w.next))
		return
	}
	w.limit = max(w.limit, w.ack.limit)
	released := 0
	if w.acked < w.ack.next {
		w.moved()
	}
	for ; w.acked < w.ack.next; w.acked++ {
		p := &w.packets[w.acked%w.window]
		w.arrivedNow(p)
		released += p.release
	}
	for i := range w.ack.words * 64 {
		if number := w.ack.next + 1 + uint64(i); w.ack.bits[i/64]>>(i%64)&1 != 0 && number < w.next {
			w.arrivedNow(&w.packets[number%w.window])
		}
	}
	w.release(released)
}

func (w *udpWriter) arrivedNow(p *udpPacket) {
	if !p.arrived {
		p.arrived = true
		w.newest = max(w.newest, p.order)
	}
}

// release hands the oldest frames back to the out ring.
func (w *udpWriter) release(frames int) {
	if frames == 0 {
		return
	}
	w.s.wire.link.out.ReleaseBatch(frames)
	w.frames = append(w.frames[:0], w.frames[frames:]...)
	w.cut -= frames
	for number := w.acked; number < w.next; number++ {
		w.packets[number%w.window].frame -= frames
	}
}

// resendLost sends again what others have overtaken.
func (w *udpWriter) resendLost() {
	for number := w.acked; number < w.next; number++ {
		p := &w.packets[number%w.window]
		if !p.arrived && p.order+reorderMax <= w.newest {
			w.again(number, p)
		}
	}
	w.flush()
}

// resendOldest sends the oldest packet again, of which nothing was heard for long.
func (w *udpWriter) resendOldest() {
	w.quietAt, w.patient = time.Now(), min(2*w.patient, resendMax)
	if w.acked < w.next {
		w.again(w.acked, &w.packets[w.acked%w.window])
		w.flush()
	}
}

func (w *udpWriter) again(number uint64, p *udpPacket) {
	w.s.wire.link.resent.Add(1)
	w.transmit(number, p)
}

// sendNew cuts frames as far as the credit reaches.
func (w *udpWriter) sendNew() {
	out := w.s.wire.link.out
	if out.Len() > len(w.frames) {
		w.frames = out.PeekBatch(w.frames[:0])
	}
	if w.acked == w.next {
		w.moved()
	}
	for w.cut < len(w.frames) && w.next < w.limit && w.next < w.acked+w.window {
		frame := w.frames[w.cut]
		if binary.LittleEndian.Uint64(frame) != w.s.number {
			w.skip()
			continue
		}
		rest := len(frame) - stampSize - w.offset
		p := &w.packets[w.next%w.window]
		*p = udpPacket{frame: w.cut, offset: w.offset, size: min(rest, w.size-dataHead)}
		w.offset += p.size
		if p.size == rest {
			w.cut, w.offset, p.release = w.cut+1, 0, 1
			w.s.wire.link.countOut(1, uint64(len(frame)-stampSize))
		}
		w.next++
		w.transmit(w.next-1, p)
	}
	w.flush()
}

// skip passes by a frame that was meant for an earlier session. It goes with the packet before it.
func (w *udpWriter) skip() {
	w.s.wire.link.discarded.Add(1)
	w.cut++
	if w.acked < w.next {
		w.packets[(w.next-1)%w.window].release++
		return
	}
	w.release(1)
}

// transmit puts a packet among the datagrams of the next call.
func (w *udpWriter) transmit(number uint64, p *udpPacket) {
	size := dataHead + p.size
	if len(w.buffer)%w.size != 0 || len(w.buffer)+size > datagramMax || len(w.buffer) >= segmentsMax*w.size {
		w.flush()
	}
	w.order++
	p.order = w.order
	start := len(w.buffer)
	w.buffer = w.buffer[:start+size]
	b := w.buffer[start:]
	frame := w.frames[p.frame][stampSize:]
	arrived := w.arrived.Load()
	w.tells = arrived
	putHead(b, datagramData, w.token, arrived, arrived+w.window)
	binary.LittleEndian.PutUint64(b[32:], number)
	binary.LittleEndian.PutUint32(b[40:], uint32(len(frame)))
	binary.LittleEndian.PutUint32(b[44:], uint32(p.offset))
	copy(b[dataHead:], frame[p.offset:p.offset+p.size])
	sealDatagram(b)
}

// flush sends the datagrams that are collected. One that cannot be sent is lost, and sent again.
func (w *udpWriter) flush() {
	if len(w.buffer) > 0 {
		_ = w.socket.send(w.buffer, w.size)
		w.buffer = w.buffer[:0]
		w.told.Store(w.tells)
	}
}
