package sim

import (
	"slices"

	"github.com/tezi-exchange/tezi/codec"
)

// corrupt flips a bit of a message on its way. The frame's checksum has to show it; where bytes are
// not simulated it is a loss.
func (w *World) corrupt(f *flight, bit int) {
	if f.frame == nil {
		return
	}
	frame := slices.Clone(f.frame)
	bit %= len(frame) * 8
	frame[bit/8] ^= 1 << (bit % 8)
	if _, _, err := codec.CheckFrame(frame); err == nil {
		w.watch.Fail("I4", "a frame with bit %d flipped passes for a whole one", bit)
	}
}
