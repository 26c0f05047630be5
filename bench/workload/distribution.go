package workload

import (
	"math/bits"
	"sort"
)

// The distributions of a Referee, in integers (I1).

// share is true percent times in a hundred.
func (r *random) share(percent uint32) bool { return r.below(100) < percent }

// normalBits are the fraction bits of normal.
const normalBits = 16

// normal draws from the normal distribution, nearly: a sum of four uniform numbers of 16 bits, which ends at
// 3.5 standard deviations. One standard deviation is 1 << normalBits.
func (r *random) normal() int64 {
	u := r.next()
	sum := int64(u&0xffff) + int64(u>>16&0xffff) + int64(u>>32&0xffff) + int64(u>>48)
	return (sum - 2*0xffff) * 443 / 256 // a uniform number of 16 bits has a variance of 2^32/12: √3 is missing
}

// The profile of depth: how many orders are placed how many ticks behind the best possible price.
const (
	levels    = 800 // ticks that it reaches
	humpLevel = 8   // most orders are there
	levelBits = 40  // fraction bits of a weight
)

// hump is what the levels around humpLevel have on top, by distance: 5·e^(-d²/2), in thousandths.
var hump = [...]uint64{5000, 3033, 677, 56, 2}

// levelsUpTo holds the sums of the weights of the levels up to each. The power law has the exponent 9/4
// where the public benchmark has 2.23: it needs square roots only.
var levelsUpTo = func() (sums [levels]uint64) {
	sum := uint64(0)
	for level := range sums {
		k := uint64(level + 1)
		root := isqrt(isqrt(k << 48)) // ⁴√k with 12 fraction bits
		sum += 1 << (levelBits + 12) / (k * k * root)
		if d := max(level-humpLevel, humpLevel-level); d < len(hump) {
			sum += hump[d] << levelBits / 1000
		}
		sums[level] = sum
	}
	return sums
}()

// level draws from the profile.
func (r *random) level() int {
	x, _ := bits.Mul64(r.next(), levelsUpTo[levels-1])
	return sort.Search(levels-1, func(level int) bool { return x < levelsUpTo[level] })
}

const medianLifeUs = 431 // of an order at level 0

// lifeUs draws how long an order lives until it is cancelled: exponential, the longer the deeper it is placed.
func (r *random) lifeUs(level uint16) int64 {
	longer := isqrt(uint64(level+1) << 16) // √(level+1) with 8 fraction bits
	return int64(medianLifeUs * longer * halvings(r.next()) >> (8 + halvingBits))
}

// halvingBits are the fraction bits of halvings.
const halvingBits = 16

// halvings tells how many times 2^64 must be halved to come to u: exponential for a uniform u, with 1 as its
// median. Each squaring of the mantissa shifts one more bit of its logarithm out.
func halvings(u uint64) uint64 {
	zeros := bits.LeadingZeros64(u | 1)
	mantissa := u | 1
	mantissa = mantissa << zeros >> 32 // 2^31 to 2^32: 1 to 2
	logarithm := uint64(0)
	for range halvingBits {
		mantissa = mantissa * mantissa >> 31
		bit := mantissa >> 32
		logarithm = logarithm<<1 | bit
		mantissa >>= bit
	}
	return uint64(zeros+1)<<halvingBits - logarithm
}
