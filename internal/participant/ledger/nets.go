package ledger

import (
	"maps"
	"slices"
)

// Possible reports whether trades can have the quantity and the value: prices are at least 1.
func Possible(qty, value int64) bool { return 0 <= qty && qty <= value && value <= TurnoverMax }

// Nets adds up by instrument what all parties have bought less what they have sold, in shares and in money.
type Nets map[uint32]net

type net struct{ qty, value int64 }

// Add adds what one party has. whole is false if no trades within the turnover give so much: a sum that went on from there
// could pass 64 bits and look like 0.
func (n Nets) Add(instrument uint32, qty, value int64) (whole bool) {
	sum := n[instrument]
	sum.qty, sum.value = sum.qty+qty, sum.value+value
	n[instrument] = sum
	return -TurnoverMax <= min(sum.qty, sum.value) && max(sum.qty, sum.value) <= TurnoverMax
}

// Unequal returns the first instrument, by index, of which more is bought than sold, or less; ok is false if there is none.
func (n Nets) Unequal() (instrument uint32, qty, value int64, ok bool) {
	for _, i := range slices.Sorted(maps.Keys(n)) {
		if s := n[i]; s != (net{}) {
			return i, s.qty, s.value, true
		}
	}
	return 0, 0, 0, false
}
