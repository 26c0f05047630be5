package transport

import (
	"encoding/binary"
	"fmt"

	"github.com/tezi-exchange/tezi/codec"
)

// udpReader puts what arrives into the order in which it was sent.
type udpReader struct {
	*udp
	slots []udpSlot // by number, modulo their count
	next  uint64    // every packet below has arrived, and is delivered
	top   uint64    // no packet at or above has arrived
	frame []byte    // being put together in the in ring; nil: none is
	got   int
	count int    // packets since the last acknowledgement
	acked uint64 // next, as the last acknowledgement, or data seen at the time, has told the peer
	gap   bool   // something was missing at the last acknowledgement
	ack   []byte // buffer
}

// udpSlot holds a packet that came before its turn.
type udpSlot struct {
	full          bool
	length, start uint32 // of the frame; in the frame
	piece         []byte
}

// gapEvery is how many packets arrive before it is said again that something is missing: as many as make
// the sender believe it.
const gapEvery = reorderMax

// read serves until the socket is closed or the peer breaks the rules.
func (u *udp) read() {
	r := newUDPReader(u)
	u.giveCredit(0)
	buffer := make([]byte, datagramMax+1)
	for {
		n, err := u.socket.receive(buffer)
		if err != nil {
			u.s.conn.Close() // if it was not for that
			return
		}
		if err := r.take(buffer[:n]); err != nil {
			u.s.wire.log.Warn("the peer breaks the rules: "+err.Error(), "peer", name(u.s.wire.want))
			u.s.conn.Close()
			return
		}
	}
}

func newUDPReader(u *udp) *udpReader {
	return &udpReader{udp: u, slots: make([]udpSlot, u.window), ack: make([]byte, datagramHead+packetsMax/8)}
}

// take takes in what has arrived in one piece. It returns an error if the peer breaks the rules.
func (r *udpReader) take(rest []byte) error {
	for one := []byte(nil); len(rest) > 0; {
		one, rest = firstDatagram(rest)
		if !checkDatagram(one, r.token) {
			r.s.wire.link.bad[BadDatagram].Add(1)
			continue
		}
		r.tellWriter(one)
		if one[5] == datagramData {
			if err := r.data(one); err != nil {
				return err
			}
		}
	}
	gap := r.top > r.next
	if told := r.told.Load(); told > r.acked && !gap && r.count < int(r.window) { // our own data says it as well
		r.acked, r.count = told, int(r.next-told)
	}
	if r.count >= int(r.window)/4 || gap && (!r.gap || r.count >= gapEvery) {
		r.acknowledge()
		r.gap = gap
	}
	return nil
}

// tellWriter hands an acknowledgement on.
func (u *udp) tellWriter(b []byte) {
	u.mu.Lock()
	fresh := b[5] == datagramAck || binary.LittleEndian.Uint64(b[16:]) > u.news.next || binary.LittleEndian.Uint64(b[24:]) > u.news.limit
	if fresh && binary.LittleEndian.Uint64(b[16:]) >= u.news.next {
		acknowledgementAt(b, &u.news)
		u.seen = false
	}
	u.mu.Unlock()
	if fresh {
		u.s.wire.link.wake.Ring()
	}
}

// data takes a packet in. When the link is being closed nobody wants it any more, but what is published still
// has to be acknowledged: the reader reads on into nothing.
func (r *udpReader) data(b []byte) error {
	if r.over() {
		return nil
	}
	number := binary.LittleEndian.Uint64(b[32:])
	length, start := binary.LittleEndian.Uint32(b[40:]), binary.LittleEndian.Uint32(b[44:])
	if number < r.next || number >= r.next+r.window || r.slots[number%r.window].full {
		r.count = int(r.window) // it was sent again because our word was lost: say it again
		r.s.wire.link.duplicates.Add(1)
		return nil
	}
	r.count++
	r.top = max(r.top, number+1)
	if number != r.next {
		slot := &r.slots[number%r.window]
		slot.full, slot.length, slot.start = true, length, start
		slot.piece = append(slot.piece[:0], b[dataHead:]...)
		return nil
	}
	if err := r.deliver(length, start, b[dataHead:]); err != nil {
		return err
	}
	for r.slots[r.next%r.window].full && !r.over() {
		slot := &r.slots[r.next%r.window]
		slot.full = false
		if err := r.deliver(slot.length, slot.start, slot.piece); err != nil {
			return err
		}
	}
	return nil
}

// over reports whether nobody will read what arrives.
func (r *udpReader) over() bool { return r.s.dead.Load() || r.s.wire.ctx.Err() != nil }

// deliver puts the next piece into the in ring, where the frame is published when it is whole.
func (r *udpReader) deliver(length, start uint32, piece []byte) error {
	w := r.s.wire
	if r.frame == nil {
		if int(length) < codec.FrameHeaderSize || int(length) > w.link.in.MaxFrame() {
			return fmt.Errorf("frame of %d bytes, the in ring takes %d to %d", length, codec.FrameHeaderSize, w.link.in.MaxFrame())
		}
		if r.frame = w.claimWhile(int(length), &r.s.dead); r.frame == nil {
			return nil // over
		}
		r.got = 0
	}
	if int(length) != len(r.frame) || int(start) != r.got || r.got+len(piece) > len(r.frame) {
		return fmt.Errorf("piece of %d bytes at %d of a frame of %d, want it at %d of %d", len(piece), start, length, r.got, len(r.frame))
	}
	r.got += copy(r.frame[r.got:], piece)
	r.next++
	r.arrived.Store(r.next)
	if r.got < len(r.frame) {
		return nil
	}
	if err := r.checkFrame(); err != nil {
		return err
	}
	w.link.in.Publish(len(r.frame))
	w.bell.Ring()
	w.link.countIn(uint64(len(r.frame)))
	r.frame = nil
	return nil
}

// checkFrame is session.check for a frame whose pieces have passed the checksums of their datagrams.
func (r *udpReader) checkFrame() error {
	cluster := r.s.wire.header.Cluster
	n, err := codec.FrameLen(r.frame)
	switch h, _ := codec.TrustFrame(r.frame); {
	case err != nil || n != len(r.frame):
		return r.s.bad(BadLength, fmt.Errorf("frame of length %d, want %d", n, len(r.frame)))
	case h.Cluster != cluster:
		return r.s.bad(BadCluster, fmt.Errorf("frame of cluster %d, want %d", h.Cluster, cluster))
	case ofHandshake(h.Kind):
		return r.s.bad(BadKind, fmt.Errorf("handshake frame of kind %d after the handshake", h.Kind))
	}
	return nil
}

// acknowledge says what has arrived, and gives credit.
func (r *udpReader) acknowledge() {
	r.count, r.acked = 0, r.next
	putHead(r.ack, datagramAck, r.token, r.next, r.next+r.window)
	n := datagramHead
	if r.top > r.next {
		words := (r.top - r.next + 62) / 64
		clear(r.ack[n : n+int(words)*8])
		for number := r.next + 1; number < r.top; number++ {
			if r.slots[number%r.window].full {
				bit := number - r.next - 1
				r.ack[n+int(bit/8)] |= 1 << (bit % 8)
			}
		}
		n += int(words) * 8
	}
	sealDatagram(r.ack[:n])
	_ = r.socket.send(r.ack[:n], n) // lost, if it fails: as any datagram may be
}

// giveCredit says that the window may be filled.
func (u *udp) giveCredit(next uint64) {
	b := make([]byte, datagramHead)
	putHead(b, datagramAck, u.token, next, next+u.window)
	sealDatagram(b)
	_ = u.socket.send(b, len(b))
}
