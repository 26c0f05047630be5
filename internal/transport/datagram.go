package transport

import (
	"encoding/binary"
	"hash/crc32"
)

// A datagram of a session. Little endian; all of it is covered by the checksum.
//
//	 0  u32  CRC32C of bytes 4 to the end
//	 4  u8   magic 0x64    5  u8  kind    6  u16  length of the datagram: several may arrive in one piece
//	 8  u64  token of the session: what an earlier one has sent fits no later one
//	16  u64  next: every packet below this number has arrived
//	24  u64  limit: packets below this number may be sent (credit)
//	32  data:  u64 number of the packet, u32 length of its frame, u32 offset in it, then the piece
//	    ack:   u64 for 64 packets each, from next + 1 on: bit 0 of the first is next + 1
//
// The pieces of a frame are numbered one after the other, and so are frames, so the numbers are the order.
const (
	datagramHead  = 32
	dataHead      = 48
	datagramMagic = 0x64
	datagramData  = 1
	datagramAck   = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sizes and limits of a session over UDP.
const (
	datagramMax  = 65507   // what UDP over IPv4 carries
	datagramWire = 1472    // what a frame of Ethernet carries of it
	headIPv4     = 20      // bytes of that
	headIPv6     = 40      // with which a datagram is shorter, or it goes in fragments, and without the offload
	segmentsMax  = 64      // datagrams in one call with segmentation offload
	inFlightMax  = 2 << 20 // bytes in flight: half of the socket's buffer, so that a reader who stalls loses nothing
	packetsMax   = 1 << 10 // packets in flight, a power of two
	packetsMin   = 16      //
	reorderMax   = 3       // packets that may overtake one before it counts as lost
)

// acknowledgement is what a datagram says of the other direction.
type acknowledgement struct {
	next, limit uint64
	bits        [packetsMax / 64]uint64
	words       int // of bits
}

// put writes the head of a datagram but for its checksum.
func putHead(b []byte, kind byte, token, next, limit uint64) {
	b[4], b[5] = datagramMagic, kind
	binary.LittleEndian.PutUint64(b[8:], token)
	binary.LittleEndian.PutUint64(b[16:], next)
	binary.LittleEndian.PutUint64(b[24:], limit)
}

// sealDatagram writes length and checksum.
func sealDatagram(b []byte) {
	binary.LittleEndian.PutUint16(b[6:], uint16(len(b)))
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
}

// firstDatagram cuts the first datagram off b, which is not empty. What has no sensible length is all one.
func firstDatagram(b []byte) (one, rest []byte) {
	if len(b) >= datagramHead {
		if n := int(binary.LittleEndian.Uint16(b[6:])); n >= datagramHead && n <= len(b) {
			return b[:n], b[n:]
		}
	}
	return b, nil
}

// checkDatagram reports whether b is an undamaged datagram of the session.
func checkDatagram(b []byte, token uint64) bool {
	if len(b) < datagramHead || b[4] != datagramMagic || int(binary.LittleEndian.Uint16(b[6:])) != len(b) || binary.LittleEndian.Uint64(b[8:]) != token {
		return false
	}
	switch b[5] {
	case datagramData:
		if len(b) <= dataHead {
			return false
		}
	case datagramAck:
		if rest := len(b) - datagramHead; rest%8 != 0 || rest > packetsMax/8 {
			return false
		}
	default:
		return false
	}
	return binary.LittleEndian.Uint32(b) == crc32.Checksum(b[4:], castagnoli)
}

// acknowledgementAt reads what a checked datagram acknowledges.
func acknowledgementAt(b []byte, a *acknowledgement) {
	a.next, a.limit, a.words = binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:]), 0
	if b[5] == datagramAck {
		for at := datagramHead; at < len(b); at += 8 {
			a.bits[a.words] = binary.LittleEndian.Uint64(b[at:])
			a.words++
		}
	}
}
