package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"unsafe"
)

// The compact form of trades, for slow links and disks: a quarter of the size, for a few ns a trade.
// Trades are cut into blocks of up to CompactBlockMax; each field of a block is a column, whose
// values are stored as what they exceed the least of them by, in as few bits as the greatest needs.
// Drawn in docs/formats/compact-trades.md. Little endian.
//
//	  0  u32  length of the block
//	  4  u16  magic 0x7a63
//	  6  u8   version
//	  7  u8   0
//	  8  u16  n trades, 1 to 256
//	 10  14 x u8  bits of a value, by column
//	 24  base of each column in the size of its field; of a delta column the first value and the base
//	106  6 x 0
//	112  columns: groups of values
//	     8 x 0, so that a reader may take 8 bytes at a time
//
// Numbers, times and commands are stored as differences to the one before (delta columns). A group
// is as many values as fit into 64 bits (8, 4, 2 or 1), the first in the lowest bits, in as few
// bytes as they need; the last group of a column is filled up with zeros.
const (
	compactMagic   = 0x7a63
	CompactVersion = 1
	compactHeader  = 112
	compactBits    = 10
	compactBases   = 24
	compactSlack   = 8
)

// CompactBlockMax is the greatest number of trades in a block.
const CompactBlockMax = 256

// ErrCompact is wrapped by every error about compact trades.
var ErrCompact = errors.New("codec: malformed compact trades")

// column is a field of Trade.
type column struct {
	offset uintptr
	size   uint8 // bytes
	delta  bool
}

const compactColumns = 14

// columns in the order of the format: never change it.
var columns = [compactColumns]column{
	{unsafe.Offsetof(Trade{}.No), 8, true},
	{unsafe.Offsetof(Trade{}.Taker), 8, false},
	{unsafe.Offsetof(Trade{}.Maker), 8, false},
	{unsafe.Offsetof(Trade{}.TimeNs), 8, true},
	{unsafe.Offsetof(Trade{}.Command), 4, true},
	{unsafe.Offsetof(Trade{}.Instrument), 4, false},
	{unsafe.Offsetof(Trade{}.Price), 4, false},
	{unsafe.Offsetof(Trade{}.Qty), 4, false},
	{unsafe.Offsetof(Trade{}.TakerClient), 4, false},
	{unsafe.Offsetof(Trade{}.MakerClient), 4, false},
	{unsafe.Offsetof(Trade{}.TakerMember), 2, false},
	{unsafe.Offsetof(Trade{}.MakerMember), 2, false},
	{unsafe.Offsetof(Trade{}.TakerSide), 1, false},
	{unsafe.Offsetof(Trade{}.Flags), 1, false},
}

// group is how many values of so many bits form a group, and its bytes.
func group(width int) (of, size int) {
	switch {
	case width <= 8:
		of = 8
	case width <= 16:
		of = 4
	case width <= 32:
		of = 2
	default:
		of = 1
	}
	return of, (of*width + 7) / 8
}

// packedSize is how many bytes a column of n values takes.
func packedSize(n, width int) int {
	of, size := group(width)
	return (n + of - 1) / of * size
}

// AppendCompact appends the compact form of trades to dst and returns the extended slice. It
// allocates only if dst has no room; 64 bytes a trade and 256 for each block begun are always
// enough.
func AppendCompact(dst []byte, trades []Trade) []byte {
	for len(trades) > 0 {
		n := min(len(trades), CompactBlockMax)
		dst = appendBlock(dst, trades[:n])
		trades = trades[n:]
	}
	return dst
}

func appendBlock(dst []byte, trades []Trade) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, compactHeader)...)
	le := binary.LittleEndian
	le.PutUint16(dst[start+4:], compactMagic)
	dst[start+6] = CompactVersion
	le.PutUint16(dst[start+8:], uint16(len(trades)))
	base := start + compactBases
	for i, c := range &columns {
		var width int
		switch c.size {
		case 8:
			dst, width, base = appendColumn[uint64](dst, base, trades, c)
		case 4:
			dst, width, base = appendColumn[uint32](dst, base, trades, c)
		case 2:
			dst, width, base = appendColumn[uint16](dst, base, trades, c)
		default:
			dst, width, base = appendColumn[uint8](dst, base, trades, c)
		}
		dst[start+compactBits+i] = uint8(width)
	}
	dst = append(dst, make([]byte, compactSlack)...)
	le.PutUint32(dst[start:], uint32(len(dst)-start))
	return dst
}

// appendColumn writes the base of a column at its place, appends the column and returns how many
// bits its values have and the place of the next base.
func appendColumn[F field](dst []byte, base int, trades []Trade, c column) ([]byte, int, int) {
	in, n := unsafe.Add(unsafe.Pointer(unsafe.SliceData(trades)), c.offset), len(trades)
	var low, high F
	if c.delta {
		putSized(dst[base:], c.size, uint64(*(*F)(in)))
		base += int(c.size)
		low, high = boundsOfSteps[F](in, n)
	} else {
		low, high = bounds[F](in, n)
	}
	putSized(dst[base:], c.size, uint64(low))
	base += int(c.size)
	width := bits.Len64(uint64(high - low))
	if width == 0 {
		return dst, 0, base
	}
	dst, out := grown(dst, packedSize(n, width))
	if c.delta {
		packSteps(out, in, n, low, width)
	} else {
		pack(out, in, n, low, width)
	}
	return dst, width, base
}

// field is a type of a column.
type field interface {
	uint8 | uint16 | uint32 | uint64
}

// grown extends dst by n bytes, behind which it has room for compactSlack more, and returns where
// they begin.
func grown(dst []byte, n int) ([]byte, unsafe.Pointer) {
	start := len(dst)
	dst = slices.Grow(dst, n+compactSlack)[:start+n]
	return dst, unsafe.Pointer(&dst[start])
}

// put8 and get8 write and read 8 bytes wherever they lie.
func put8(p unsafe.Pointer, x uint64) { binary.LittleEndian.PutUint64((*[8]byte)(p)[:], x) }

func get8(p unsafe.Pointer) uint64 { return binary.LittleEndian.Uint64((*[8]byte)(p)[:]) }

// putSized and sized write and read a number of 1, 2, 4 or 8 bytes.
func putSized(b []byte, size uint8, x uint64) {
	for i := range size {
		b[i] = byte(x >> (8 * i))
	}
}

func sized(b []byte, size uint8) (x uint64) {
	for i := range size {
		x |= uint64(b[i]) << (8 * i)
	}
	return x
}

// blockLen checks the header of the first block of b and returns its length and its trades.
func blockLen(b []byte) (length, n int, err error) {
	if len(b) < compactHeader+compactSlack {
		return 0, 0, fmt.Errorf("%w: %d bytes, a block has at least %d", ErrCompact, len(b), compactHeader+compactSlack)
	}
	le := binary.LittleEndian
	if m, v := le.Uint16(b[4:]), b[6]; m != compactMagic || v != CompactVersion || b[7] != 0 {
		return 0, 0, fmt.Errorf("%w: magic %#x, version %d, then %d, want %#x, %d and 0", ErrCompact, m, v, b[7], compactMagic, CompactVersion)
	}
	n = int(le.Uint16(b[8:]))
	if n < 1 || n > CompactBlockMax {
		return 0, 0, fmt.Errorf("%w: a block of %d trades, want 1 to %d", ErrCompact, n, CompactBlockMax)
	}
	length = compactHeader + compactSlack
	for i, c := range &columns {
		width := int(b[compactBits+i])
		if width > 8*int(c.size) {
			return 0, 0, fmt.Errorf("%w: column %d with %d bits for a field of %d bytes", ErrCompact, i, width, c.size)
		}
		length += packedSize(n, width)
	}
	if said := le.Uint32(b); uint64(said) != uint64(length) || length > len(b) {
		return 0, 0, fmt.Errorf("%w: a block says that it has %d bytes, its columns say %d, and %d are there", ErrCompact, said, length, len(b))
	}
	return length, n, nil
}

// DecodeCompact appends the trades in b to dst and returns the extended slice. b holds whole blocks
// and nothing else, with at most TradesPerBatchMax trades, so that an input of any length makes it
// allocate no more than that. What it says is checked as to form only. After an error dst is as it
// was.
func DecodeCompact(dst []Trade, b []byte) ([]Trade, error) {
	start, total := len(dst), 0
	for rest := b; len(rest) > 0; {
		length, n, err := blockLen(rest)
		if err != nil {
			return dst, err
		}
		if total += n; total > TradesPerBatchMax {
			return dst, fmt.Errorf("%w: more than %d trades", ErrCompact, TradesPerBatchMax)
		}
		rest = rest[length:]
	}
	if need := start + total; need > cap(dst) {
		grown := make([]Trade, start, need)
		copy(grown, dst)
		dst = grown
	}
	dst = dst[:start+total]
	for at := start; len(b) > 0; {
		length, n, err := blockLen(b)
		if err != nil {
			panic("codec: a block that was right a moment ago: " + err.Error())
		}
		decodeBlock(dst[at:at+n], b[:length])
		at, b = at+n, b[length:]
	}
	return dst, nil
}

// decodeBlock reads a block that blockLen has checked.
func decodeBlock(trades []Trade, b []byte) {
	for i := range trades { // the bytes that no column has, with the two columns beside them in one store
		*(*uint32)(unsafe.Pointer(&trades[i].TakerSide)) = 0
	}
	base, at := compactBases, compactHeader
	for i, c := range &columns {
		width := int(b[compactBits+i])
		in := b[at : at+packedSize(len(trades), width)+compactSlack]
		switch c.size {
		case 8:
			base = decodeColumn[uint64](trades, c, b, base, in, width)
		case 4:
			base = decodeColumn[uint32](trades, c, b, base, in, width)
		case 2:
			base = decodeColumn[uint16](trades, c, b, base, in, width)
		default:
			base = decodeColumn[uint8](trades, c, b, base, in, width)
		}
		at += packedSize(len(trades), width)
	}
}

// decodeColumn reads the base of a column at its place in b and the column from in, and returns the
// place of the next base.
func decodeColumn[F field](trades []Trade, c column, b []byte, base int, in []byte, width int) int {
	out := unsafe.Add(unsafe.Pointer(unsafe.SliceData(trades)), c.offset)
	first := F(sized(b[base:], c.size))
	base += int(c.size)
	if !c.delta {
		if width > 0 || first != 0 || c.offset < unsafe.Offsetof(Trade{}.TakerSide) { // else it is there already
			unpack(out, unsafe.Pointer(&in[0]), len(trades), first, width)
		}
		return base
	}
	unpackSteps(out, unsafe.Pointer(&in[0]), len(trades), first, F(sized(b[base:], c.size)), width)
	return base + int(c.size)
}
