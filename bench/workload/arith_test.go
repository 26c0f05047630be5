package workload

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64().Draw(t, "n")
		if want := new(big.Int).Sqrt(new(big.Int).SetUint64(n)).Uint64(); isqrt(n) != want {
			t.Fatalf("root of %d: %d, want %d", n, isqrt(n), want)
		}
		a, c := rapid.Uint64().Draw(t, "a"), rapid.Uint64Range(1, 1<<64-1).Draw(t, "c")
		b := rapid.Uint64Range(0, c).Draw(t, "b")
		want := new(big.Int).SetUint64(a)
		want.Mul(want, new(big.Int).SetUint64(b)).Quo(want, new(big.Int).SetUint64(c))
		if got := mulDiv(a, b, c); got != want.Uint64() {
			t.Fatalf("%d x %d / %d: %d, want %s", a, b, c, got, want)
		}
	})
}

// SplitMix64's published first outputs for seed 1234567.
func TestRandomIsSplitMix64(t *testing.T) {
	r := random(1234567)
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := r.next(); got != want {
			t.Fatalf("output %d: %d, want %d", i, got, want)
		}
	}
}

func TestScaleAndTrailing(t *testing.T) {
	if scale(0, 7) != 0 || scale(1<<32-1, 7) != 6 || trailing(0) != 63 || trailing(8) != 3 || trailing(1) != 0 {
		t.Error("scale must cover [0, n), trailing count zeros below 64")
	}
}
