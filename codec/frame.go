package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/tezi-exchange/tezi/internal/mutant"
)

// A frame is what travels between nodes, over every transport. Little endian.
//
//	 0  u32  length of the whole frame
//	 4  u32  CRC32C of bytes 8..length
//	 8  u16  magic 0x7a54
//	10  u8   version
//	11  u8   kind
//	12  u32  cluster id
//	16  u16  shard
//	18  u8   sender (node)
//	19  u8   receiver (node), 0 = anyone
//	20  u32  boot number of the sender
//	24  ...  body by kind
const (
	FrameHeaderSize = 24
	FrameSizeMax    = FrameHeaderSize + messageBodySize + PayloadSizeMax
	frameMagic      = 0x7a54
	FrameVersion    = 3
)

// FrameKind says what a frame's body is. Part of the wire format: never renumber.
type FrameKind uint8

// The kinds of frame.
const (
	FrameMessage  FrameKind = 1 // a batch3pc.Message
	FrameHello    FrameKind = 2 // first frame of a connection, both ways; see Hello
	FrameFinish   FrameKind = 3 // coordinator: no more batches will come; save your state
	FrameFinished FrameKind = 4 // participant: state is saved; see Summary
	FrameRefuse   FrameKind = 5 // the connection is refused; body is the reason as text
	FrameTwin     FrameKind = 6 // as Refuse: a live process has the sender's identity already
	FrameShare    FrameKind = 7 // in place of the dialer's second hello: an offer of shared memory, see internal/transport
	FrameShared   FrameKind = 8 // its answer: empty, or why the connection is used instead
	FrameUDP      FrameKind = 9 // in place of the dialer's second hello: an offer of UDP, and its answer
)

// Errors about frames, wrapped with detail.
var (
	ErrFrameShort   = errors.New("codec: frame too short")
	ErrFrameLength  = errors.New("codec: frame length out of bounds")
	ErrFrameCRC     = errors.New("codec: frame checksum mismatch")
	ErrFrameMagic   = errors.New("codec: not a tezi frame")
	ErrFrameVersion = errors.New("codec: frame of another protocol version")
	ErrFrameBody    = errors.New("codec: malformed frame body")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is the part that all frames share.
type Header struct {
	Kind    FrameKind
	Cluster uint32
	Shard   uint16
	From    uint8
	To      uint8
	Boot    uint32
}

// FrameLen reads the length of the frame that starts with the first 4 bytes of b and checks it
// against the limits, so that a reader never allocates or waits by an attacker's number.
func FrameLen(b []byte) (int, error) {
	if len(b) < 4 {
		return 0, fmt.Errorf("%w: %d bytes, want at least the 4 of its length", ErrFrameShort, len(b))
	}
	n := binary.LittleEndian.Uint32(b)
	if n < FrameHeaderSize || n > FrameSizeMax {
		return 0, fmt.Errorf("%w: %d, want %d to %d", ErrFrameLength, n, FrameHeaderSize, FrameSizeMax)
	}
	return int(n), nil
}

// CheckFrame verifies that b is exactly one whole, undamaged frame of our version, and returns its
// header and its body, which aliases b.
func CheckFrame(b []byte) (Header, []byte, error) {
	if _, _, err := VerifyFrame(b); err != nil {
		return Header{}, nil, err
	}
	h, body := splitFrame(b)
	return h, body, nil
}

// VerifyFrame is CheckFrame for who needs no more of the header than what it returns. A whole header goes through memory,
// which takes longer than the rest of a short frame's check.
func VerifyFrame(b []byte) (kind FrameKind, cluster uint32, err error) {
	n, err := FrameLen(b)
	if err != nil {
		return 0, 0, err
	}
	if n != len(b) {
		return 0, 0, fmt.Errorf("%w: header says %d, want the %d that are there", ErrFrameLength, n, len(b))
	}
	if got := binary.LittleEndian.Uint16(b[8:]); got != frameMagic {
		return 0, 0, fmt.Errorf("%w: magic %#x, want %#x", ErrFrameMagic, got, frameMagic)
	}
	if b[10] != FrameVersion {
		return 0, 0, fmt.Errorf("%w: %d, want %d", ErrFrameVersion, b[10], FrameVersion)
	}
	if got, want := crc32.Checksum(b[8:], castagnoli), binary.LittleEndian.Uint32(b[4:]); got != want && !mutant.Is(mutant.FrameUnchecked) {
		return 0, 0, fmt.Errorf("%w: bytes 8 to %d have %#x, want %#x", ErrFrameCRC, n, got, want)
	}
	return FrameKind(b[11]), binary.LittleEndian.Uint32(b[12:]), nil
}

// TrustFrame is CheckFrame for a frame that CheckFrame has passed already, or that never left this
// process: it reads the header without the checksum. It panics if b is shorter than a header. The
// body aliases b.
func TrustFrame(b []byte) (Header, []byte) { return splitFrame(b) }

func splitFrame(b []byte) (Header, []byte) {
	return Header{
		Kind:    FrameKind(b[11]),
		Cluster: binary.LittleEndian.Uint32(b[12:]),
		Shard:   binary.LittleEndian.Uint16(b[16:]),
		From:    b[18],
		To:      b[19],
		Boot:    binary.LittleEndian.Uint32(b[20:]),
	}, b[FrameHeaderSize:]
}

// BeginFrame appends a frame header with room for length and checksum to dst; the body follows by
// appending, then SealFrame.
func BeginFrame(dst []byte, h Header) []byte {
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint16(dst, frameMagic)
	dst = append(dst, FrameVersion, byte(h.Kind))
	dst = binary.LittleEndian.AppendUint32(dst, h.Cluster)
	dst = binary.LittleEndian.AppendUint16(dst, h.Shard)
	dst = append(dst, h.From, h.To)
	return binary.LittleEndian.AppendUint32(dst, h.Boot)
}

// SealFrame writes length and checksum into frame, which holds exactly one frame, of at most
// FrameSizeMax bytes: a reader refuses a longer one.
func SealFrame(frame []byte) {
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(frame[8:], castagnoli))
}
