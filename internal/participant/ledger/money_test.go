package ledger

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestPaise(t *testing.T) {
	for _, c := range []struct {
		amount int64
		scale  uint8
		want   int64
	}{
		{123, 2, 123}, {0, 2, 0}, {5, 0, 500}, {5, 1, 50}, {1, 4, 1}, {100, 4, 1}, {101, 4, 2}, {0, 4, 0},
		{TurnoverMax, 2, TurnoverMax}, {TurnoverMax / 100, 0, TurnoverMax / 100 * 100}, {1, 9, 1},
	} {
		if got := Paise(c.amount, c.scale); got != c.want {
			t.Errorf("Paise(%d, %d) = %d, want %d", c.amount, c.scale, got, c.want)
		}
	}
}

// TestDivide compares both roundings with arithmetic without bounds.
func TestDivide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Min(0).Draw(t, "amount")
		by := rapid.Int64Min(1).Draw(t, "by")
		a, b := big.NewInt(amount), big.NewInt(by)
		up := new(big.Int).Add(a, b)
		up.Sub(up, big.NewInt(1)).Quo(up, b)
		if got := DivideUp(amount, by); got != up.Int64() {
			t.Fatalf("DivideUp(%d, %d) = %d, want %v", amount, by, got, up)
		}
		half := new(big.Int).Mul(a, big.NewInt(2))
		half.Add(half, b).Quo(half, new(big.Int).Mul(b, big.NewInt(2)))
		if got := DivideHalfUp(amount, by); got != half.Int64() {
			t.Fatalf("DivideHalfUp(%d, %d) = %d, want %v", amount, by, got, half)
		}
	})
}
