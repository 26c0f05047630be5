package codec

import (
	"slices"
	"unsafe"
)

// lanes are the trades of a block turned, word q of trade i at [q][i], so that registers of the processor take a field
// of eight trades at a time. Only whole groups of eight go this way, and only on a processor that can (lanesFit); the
// rest, and everything elsewhere, goes through the loops of compact_pack.go and compact_unpack.go, which write and
// read the same bytes and are its twin in the tests.
//
//	trades ── turnIn ──▶ lanes ── laneBounds, lanePack ──▶ columns
//	trades ◀─ turnOut ── lanes ◀────────── laneUnpack ──── columns
//
// That takes little more than half the time: docs/formats/compact-trades.md. The assembly is in lanes_amd64.s, which reads
// laneColumn and laneWidth by their offsets.
type lanes [TradeSize / 8][CompactBlockMax]uint64

const (
	laneGroup = 8             // trades that go together
	laneBytes = 8 * laneGroup // what a register writes at once
)

// laneColumn is a column as the assembly wants it.
type laneColumn struct {
	right  uint64 // the bit of a word at which the field begins
	mask   uint64 // as many ones as the field has bits
	before uint64 // delta columns: the value before the first
	delta  uint64 // all ones for a delta column, else 0
	low    uint64 // the base
}

// laneWidth is what the assembly has to know for numbers of so many bits.
type laneWidth struct {
	shift  [laneGroup]uint64 // of each number in its group
	pack   [laneBytes]uint8  // which byte of the eight numbers each byte of their groups is
	unpack [laneBytes]uint8  // which byte of the groups each byte of the eight numbers is
	size   uint64            // bytes of eight numbers
	bytes  uint64            // as many ones as that
	mask   uint64            // as many ones as a number has bits
	of     uint64            // numbers of a group
}

// laneWidths by width.
var laneWidths = func() (all [65]laneWidth) {
	for width := range all {
		of, size := group(width)
		w := &all[width]
		for i := range laneGroup {
			w.shift[i] = uint64(i % of * width)
			for b := range 8 {
				w.unpack[8*i+b] = uint8(i/of*size + b)
			}
		}
		for i := range laneGroup / of * size {
			w.pack[i] = uint8(i/size*of*8 + i%size)
		}
		w.size = uint64(laneGroup / of * size)
		w.bytes = ones(int(w.size))
		w.of = uint64(of)
		w.mask = ones(width)
	}
	return all
}()

// ones are n bits.
func ones(n int) uint64 { return ^uint64(0) >> (64 - uint(n)) }

// laneColumns are the columns for the assembly.
var laneColumns = func() (all [compactColumns]laneColumn) {
	for i, c := range &columns {
		all[i] = laneColumn{right: uint64(c.offset % 8 * 8), mask: ones(8 * int(c.size))}
		if c.delta {
			all[i].delta = ones(64)
		}
	}
	return all
}()

// turn takes in the trades that lanes can, and returns how many.
func (l *lanes) turn(trades []Trade) (whole int) {
	if !lanesFit || len(trades) < laneGroup {
		return 0
	}
	whole = len(trades) &^ (laneGroup - 1)
	turnIn(l, &trades[0], whole/laneGroup)
	return whole
}

// words are those that hold a column.
func (l *lanes) words(c *column) *uint64 { return &l[c.offset/8][0] }

// bounds returns the least and the greatest of the first n values of column i, or of their steps.
func (l *lanes) bounds(i, n int, before uint64) (low, high uint64) {
	column := laneColumns[i]
	column.before = before
	var lows, highs [laneGroup]uint64
	laneBounds(l.words(&columns[i]), n/laneGroup, &column, &lows, &highs)
	return slices.Min(lows[:]), slices.Max(highs[:])
}

// pack writes the first n values of column i, or their steps, less low and of width bits. It may write over up to 63
// bytes behind them.
func (l *lanes) pack(out unsafe.Pointer, i, n int, before, low uint64, width int) {
	column := laneColumns[i]
	column.before, column.low = before, low
	lanePack(out, l.words(&columns[i]), n/laneGroup, &column, &laneWidths[width])
}

// unpackLanes reads the trades of a block that lanes can, and returns how many.
func unpackLanes(trades []Trade, all *[compactColumns]stored) (whole int) {
	if !lanesFit || len(trades) < laneGroup {
		return 0
	}
	whole = len(trades) &^ (laneGroup - 1)
	var l lanes
	for i := range all {
		if s := &all[i]; s.width > 0 || s.low != 0 || columns[i].delta {
			l.unpack(s.numbers, i, whole, s.before(), s.low, s.width)
		}
	}
	turnOut(&trades[0], &l, whole/laneGroup)
	return whole
}

// unpack reads n values of column i into words that are 0 there.
func (l *lanes) unpack(in unsafe.Pointer, i, n int, before, low uint64, width int) {
	column := laneColumns[i]
	column.before, column.low = before, low
	laneUnpack(l.words(&columns[i]), in, n/laneGroup, &column, &laneWidths[width])
}
