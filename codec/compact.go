package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"unsafe"
)

// The compact form of trades: a quarter of the size or less, for a few ns a trade.
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

	// no block is longer: all fields of CompactBlockMax trades, whole
	compactBlockSizeMax = compactHeader + CompactBlockMax*tradeFieldsSize + compactSlack
	tradeFieldsSize     = 62
)

var _ [tradeFieldsSize]byte = [unsafe.Offsetof(Trade{}.Flags) + 1]byte{}

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

// packedSize is how many bytes a column of n values takes. The values of a group are a power of two, and this is
// asked so often that a division would show.
func packedSize(n, width int) int {
	of, size := group(width)
	return (n + of - 1) >> bits.Len(uint(of)>>1) * size
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
	var b block
	dst = b.begin(dst, trades)
	for b.column < compactColumns {
		dst = b.next(dst, trades)
	}
	return dst
}

// block is a block that is being written.
type block struct {
	start  int // of the block
	base   int // where the next base goes
	column int // the next one; compactColumns: the block is whole
	whole  int // so many trades are in lanes
	lanes  lanes
}

// begin appends the header of a block of these trades.
func (b *block) begin(dst []byte, trades []Trade) []byte {
	b.start, b.column = len(dst), 0
	b.base = b.start + compactBases
	dst = append(dst, make([]byte, compactHeader)...)
	le := binary.LittleEndian
	le.PutUint16(dst[b.start+4:], compactMagic)
	dst[b.start+6] = CompactVersion
	le.PutUint16(dst[b.start+8:], uint16(len(trades)))
	b.whole = b.lanes.turn(trades)
	return dst
}

// next appends the next column, of the same trades as the header; with the last one the block is whole.
func (b *block) next(dst []byte, trades []Trade) []byte {
	i, width := b.column, 0
	switch columns[i].size {
	case 8:
		dst, width, b.base = appendColumn[uint64](dst, b.base, trades, i, &b.lanes, b.whole)
	case 4:
		dst, width, b.base = appendColumn[uint32](dst, b.base, trades, i, &b.lanes, b.whole)
	case 2:
		dst, width, b.base = appendColumn[uint16](dst, b.base, trades, i, &b.lanes, b.whole)
	default:
		dst, width, b.base = appendColumn[uint8](dst, b.base, trades, i, &b.lanes, b.whole)
	}
	dst[b.start+compactBits+i] = uint8(width)
	if b.column++; b.column == compactColumns {
		dst = append(dst, make([]byte, compactSlack)...)
		binary.LittleEndian.PutUint32(dst[b.start:], uint32(len(dst)-b.start))
	}
	return dst
}

// appendColumn writes the base of column i at its place, appends the column and returns how many
// bits its values have and the place of the next base. The first whole trades are in l.
func appendColumn[F field](dst []byte, base int, trades []Trade, i int, l *lanes, whole int) ([]byte, int, int) {
	c, n := &columns[i], len(trades)
	in := unsafe.Add(unsafe.Pointer(unsafe.SliceData(trades)), c.offset)
	var before F
	if c.delta {
		first := *(*F)(in)
		putSized(dst[base:], c.size, uint64(first))
		base += int(c.size)
		before = first
		if n > 1 { // the first step is the second one again, which costs no bits
			before -= valueAt[F](in, 0, 1) - first
		}
	}
	low, high := columnBounds(in, n, before, i, l, whole)
	putSized(dst[base:], c.size, uint64(low))
	base += int(c.size)
	width := bits.Len64(uint64(high - low))
	if width == 0 {
		return dst, 0, base
	}
	dst, out := grown(dst, packedSize(n, width))
	if whole > 0 {
		l.pack(out, i, whole, uint64(before), uint64(low), width)
	}
	if whole < n {
		out = unsafe.Add(out, packedSize(whole, width))
		if in, before = behind(in, before, whole); c.delta {
			packSteps(out, in, n-whole, before, low, width)
		} else {
			pack(out, in, n-whole, low, width)
		}
	}
	return dst, width, base
}

// columnBounds returns the least and the greatest of the values of column i, or of their steps.
func columnBounds[F field](in unsafe.Pointer, n int, before F, i int, l *lanes, whole int) (low, high F) {
	if whole > 0 {
		x, y := l.bounds(i, whole, uint64(before))
		if low, high = F(x), F(y); whole == n {
			return low, high
		}
	}
	rest, before := behind(in, before, whole)
	var x, y F
	if columns[i].delta {
		x, y = boundsOfSteps(rest, n-whole, before)
	} else {
		x, y = bounds[F](rest, n-whole)
	}
	if whole > 0 {
		return min(low, x), max(high, y)
	}
	return x, y
}

// behind returns where the values of a column behind the first n are, and the one before them.
func behind[F field](in unsafe.Pointer, before F, n int) (unsafe.Pointer, F) {
	if n == 0 {
		return in, before
	}
	return unsafe.Add(in, n*TradeSize), valueAt[F](in, 0, n-1)
}

// field is a type of a column.
type field interface {
	uint8 | uint16 | uint32 | uint64
}

// grown extends dst by n bytes, behind which it has room for a word of the processor more, and returns where
// they begin.
func grown(dst []byte, n int) ([]byte, unsafe.Pointer) {
	start := len(dst)
	dst = slices.Grow(dst, n+laneBytes)[:start+n]
	return dst, unsafe.Pointer(&dst[start])
}

// put8 and get8 write and read 8 bytes wherever they lie.
func put8(p unsafe.Pointer, x uint64) { binary.LittleEndian.PutUint64((*[8]byte)(p)[:], x) }

func get8(p unsafe.Pointer) uint64 { return binary.LittleEndian.Uint64((*[8]byte)(p)[:]) }

// putSized and sized write and read a number of 1, 2, 4 or 8 bytes.
func putSized(b []byte, size uint8, x uint64) {
	le := binary.LittleEndian
	switch size {
	case 8:
		le.PutUint64(b, x)
	case 4:
		le.PutUint32(b, uint32(x))
	case 2:
		le.PutUint16(b, uint16(x))
	default:
		b[0] = uint8(x)
	}
}

func sized(b []byte, size uint8) uint64 {
	le := binary.LittleEndian
	switch size {
	case 8:
		return le.Uint64(b)
	case 4:
		return uint64(le.Uint32(b))
	case 2:
		return uint64(le.Uint16(b))
	default:
		return uint64(b[0])
	}
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
	if gap, slack := le.Uint64(b[compactHeader-8:])>>16, le.Uint64(b[length-compactSlack:]); gap|slack != 0 {
		return 0, 0, fmt.Errorf("%w: %#x behind the bases and %#x behind the columns, want zeros", ErrCompact, gap, slack)
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
	if start+total > cap(dst) { // whole blocks of room, so that a batch that is a little larger than those before finds it
		grown := make([]Trade, start, start+(total+CompactBlockMax-1)/CompactBlockMax*CompactBlockMax)
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

// stored is a column as it stands in a block.
type stored struct {
	numbers    unsafe.Pointer // compactSlack bytes and more may be read behind them
	width      int
	first, low uint64 // first in delta columns only
}

// columnsOf finds the columns of a block that blockLen has checked.
func columnsOf(b []byte, n int) (all [compactColumns]stored) {
	base, at := compactBases, compactHeader
	for i := range all {
		s, c := &all[i], &columns[i]
		s.numbers, s.width = unsafe.Pointer(&b[at]), int(b[compactBits+i])
		at += packedSize(n, s.width)
		if c.delta {
			s.first = sized(b[base:], c.size)
			base += int(c.size)
		}
		s.low = sized(b[base:], c.size)
		base += int(c.size)
	}
	return all
}

// before is what the first value of a delta column exceeds by a step: what is stored in its place says nothing.
func (s *stored) before() uint64 { return s.first - s.low - get8(s.numbers)&ones(s.width) }

// decodeBlock reads a block that blockLen has checked.
func decodeBlock(trades []Trade, b []byte) {
	all := columnsOf(b, len(trades))
	whole := unpackLanes(trades, &all)
	if whole == len(trades) {
		return
	}
	for i := whole; i < len(trades); i++ { // the bytes that no column has, with the two columns beside them in one store
		*(*uint32)(unsafe.Pointer(&trades[i].TakerSide)) = 0
	}
	for i := range all {
		switch c := &columns[i]; c.size {
		case 8:
			decodeColumn[uint64](trades, whole, c, &all[i])
		case 4:
			decodeColumn[uint32](trades, whole, c, &all[i])
		case 2:
			decodeColumn[uint16](trades, whole, c, &all[i])
		default:
			decodeColumn[uint8](trades, whole, c, &all[i])
		}
	}
}

// decodeColumn reads the values of a column from trade whole on.
func decodeColumn[F field](trades []Trade, whole int, c *column, s *stored) {
	out, before := behind(unsafe.Add(unsafe.Pointer(unsafe.SliceData(trades)), c.offset), F(s.before()), whole)
	in, n := unsafe.Add(s.numbers, packedSize(whole, s.width)), len(trades)-whole
	if c.delta {
		unpackSteps(out, in, n, before, F(s.low), s.width)
	} else if s.width > 0 || s.low != 0 || c.offset < unsafe.Offsetof(Trade{}.TakerSide) { // else it is there already
		unpack(out, in, n, F(s.low), s.width)
	}
}
