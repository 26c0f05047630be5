package workload

import "math/bits"

// Integers only: floating point may differ between machines in the last bit, and a day must not (I1).

// mulDiv returns a·b/c, rounded down, for a quotient of 64 bits.
func mulDiv(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	q, _ := bits.Div64(hi, lo, c)
	return q
}

// isqrt returns the square root, rounded down.
func isqrt(n uint64) uint64 {
	root := uint64(0)
	for bit := uint64(1) << 31; bit > 0; bit >>= 1 {
		if try := root | bit; try*try <= n {
			root = try
		}
	}
	return root
}

// trailing draws from the geometric distribution 1/2, 1/4, 1/8, ... on 0, 1, 2, ... 63.
func trailing(u uint64) int { return bits.TrailingZeros64(u | 1<<63) }
