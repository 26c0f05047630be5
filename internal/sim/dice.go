package sim

import "math/bits"

// dice is the only source of chance: SplitMix64, so that a seed means the same schedule on every
// machine and with every version of Go.
type dice struct{ state uint64 }

func newDice(seed uint64) dice { return dice{mix(seed + 0x9e3779b97f4a7c15)} }

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	return mix(d.state)
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// n is a number in [0, n).
func (d *dice) n(n int) int {
	hi, _ := bits.Mul64(d.next(), uint64(n))
	return int(hi)
}

// in reports true x times in a thousand.
func (d *dice) in(x int) bool { return x > 0 && d.n(1000) < x }

// of picks one of list.
func of[T any](d *dice, list ...T) T { return list[d.n(len(list))] }
