package workload

// random is the SplitMix64 generator of Steele, Lea and Flood (2014): eight bytes of state, passes
// the usual batteries, and its output will never change with a release of Go. Every instrument has
// its own.
type random uint64

const golden = 0x9e3779b97f4a7c15

func (r *random) next() uint64 {
	*r += golden
	return mix(uint64(*r))
}

// below returns a number in [0, n), n > 0, by multiply and shift: no division, and a bias below
// n / 2^32.
func (r *random) below(n uint32) uint32 { return scale(uint32(r.next()>>32), n) }

// scale maps a uniform 32-bit number to [0, n).
func scale(u, n uint32) uint32 { return uint32(uint64(u) * uint64(n) >> 32) }

// mix is SplitMix64's output function: a bijection that spreads every input bit over all output
// bits.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
