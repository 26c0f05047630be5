package transport

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"unsafe"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// shared is memory that both processes of a session have mapped: a ring each way, and for each side a word
// that says whether its user waits, and how it is woken: by the kernel, which both processes can name the word to
// (futex), or by a byte on the connection. The connection stays open beside it: it says when the other
// process is gone, however it went.
//
//	  0  u64  magic        8  u64  token, as in the offer
//	128  u32  whether the dialer's user waits: 0 no, 1 for a byte on the connection, 2 in the kernel for this word
//	256  u32  the same of the listener's user
//	384  ring from the dialer to the listener, then the ring back: see ringbuf.FramesOn
//
// The memory belongs to one session. Who comes back, after a crash too, shares new memory, so nothing of
// an earlier run is ever read.
type shared struct {
	session uint64 // its number
	memory  []byte
	in, out *ringbuf.Frames
	asleep  *atomic.Uint32 // ours
	theirs  *atomic.Uint32
	conn    *net.TCPConn
	bell    *ringbuf.Bell // the user's
	spoilt  bool          // a bad frame has ended it; the user's
}

const (
	sharedMagic  = 0x336d687369_7a6574 // "tezishm3" in the order of the bytes
	sharedHeader = 384
	sharedDialer = 128
	sharedTaker  = 256
)

// offer is what a dialer says of the memory: the body of a FrameShare.
//
//	0  u64 token    8  u64 capacity of the ring to the listener    16  u64 of the ring back    24  name
type offer struct {
	token   uint64
	out, in int // as the dialer sees them
	name    string
}

var (
	errOffer  = errors.New("malformed offer of shared memory")
	errMemory = errors.New("not the memory that was offered")
	errTooFew = errors.New("smaller rings than ours")
)

func (o *offer) append(b []byte) []byte {
	for _, v := range [...]uint64{o.token, uint64(o.out), uint64(o.in)} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return append(b, o.name...)
}

// sharedMax bounds a ring in an offer.
const sharedMax = 1 << 30

func decodeOffer(b []byte) (o offer, err error) {
	if len(b) < 24 {
		return o, fmt.Errorf("%w: %d bytes", errOffer, len(b))
	}
	u := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	if u(1) > sharedMax || u(2) > sharedMax {
		return o, fmt.Errorf("%w: rings of %d and %d bytes, want at most %d", errOffer, u(1), u(2), sharedMax)
	}
	return offer{token: u(0), out: int(u(1)), in: int(u(2)), name: string(b[24:])}, nil
}

// size is that of the memory.
func (o *offer) size() int {
	return sharedHeader + ringbuf.FramesBytes(o.out) + ringbuf.FramesBytes(o.in)
}

// word is the word of memory at an offset.
func word(memory []byte, at int) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&memory[at])) }

// split divides memory for the dialer: its rings are made there.
func (o *offer) split(memory []byte) (*shared, error) {
	binary.LittleEndian.PutUint64(memory, sharedMagic)
	binary.LittleEndian.PutUint64(memory[8:], o.token)
	return o.sides(memory, ringbuf.FramesOn)
}

// join is split for the listener: what is in the memory must be what was offered.
func (o *offer) join(memory []byte) (*shared, error) {
	if m, t := binary.LittleEndian.Uint64(memory), binary.LittleEndian.Uint64(memory[8:]); m != sharedMagic || t != o.token {
		return nil, fmt.Errorf("%w: magic %#x and token %#x, want %#x and %#x", errMemory, m, t, uint64(sharedMagic), o.token)
	}
	s, err := o.sides(memory, ringbuf.OpenFrames)
	if err != nil {
		return nil, err
	}
	s.in, s.out = s.out, s.in
	s.asleep, s.theirs = s.theirs, s.asleep
	return s, nil
}

// sides returns the memory as the dialer sees it.
func (o *offer) sides(memory []byte, ring func([]byte) (*ringbuf.Frames, error)) (*shared, error) {
	middle := sharedHeader + ringbuf.FramesBytes(o.out)
	out, err := ring(memory[sharedHeader:middle:middle])
	if err != nil {
		return nil, err
	}
	in, err := ring(memory[middle:])
	if err != nil {
		return nil, err
	}
	return &shared{memory: memory, in: in, out: out, asleep: word(memory, sharedDialer), theirs: word(memory, sharedTaker)}, nil
}

// claim lends room for a frame, nil if there is none. A ring that the memory says is closed, or whose positions cannot
// be, takes nothing more, so the session ends; the next one has memory of its own.
func (s *shared) claim(n int) []byte {
	b := s.out.Claim(n)
	if b == nil && s.out.Closed() {
		s.conn.Close()
	}
	return b
}

// publish hands a frame over, and wakes the other user if it waits: it would not look otherwise.
func (s *shared) publish(n int) {
	s.out.Publish(n)
	if ringbuf.Wake(s.theirs, kernel) {
		s.sendByte()
	}
}

// publishQuietly is publish for a user who will look anyway.
func (s *shared) publishQuietly(n int) { s.out.Publish(n) }

// next returns the oldest frame, nil if there is none. It is checked as one from a socket is: what
// is not a sound frame ends the session, and is counted in bad.
func (s *shared) next(cluster uint32, bad *[BadReasonCount]atomic.Uint64) []byte {
	frame := s.in.Peek()
	if frame == nil {
		if s.in.Err() != nil {
			s.conn.Close()
		}
		return nil
	}
	if reason, err := badFrame(frame, cluster); err != nil {
		if !s.spoilt {
			s.spoilt = true
			bad[reason].Add(1)
		}
		s.conn.Close()
		return nil
	}
	return frame
}

// begin is called by the user when the session comes up, end when it has gone down: then nothing in the
// memory is used any more.
func (s *shared) begin() { s.bell.Mirror(s.asleep, sleeper()) }

func (s *shared) end() {
	s.bell.Unmirror(s.asleep)
	s.drop()
}

// drop gives the memory back.
func (s *shared) drop() {
	unmap(s.memory)
	s.memory = nil
}
