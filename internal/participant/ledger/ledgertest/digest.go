package ledgertest

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
)

// RunAnyOrder checks that a role whose state is a sum does not show in which order trades came:
// same files, same digest.
func RunAnyOrder[R Role](t *testing.T, create func() R) {
	rapid.Check(t, func(t *rapid.T) {
		var instruments []codec.Instrument
		var known []uint32
		for i := range uint32(instrumentCount) {
			instruments = append(instruments, Instrument(i+1, string(rune('A'+i)), 2))
			known = append(known, i+1)
		}
		var trades []codec.Trade
		for range rapid.IntRange(1, 40).Draw(t, "trades") {
			trades = append(trades, drawTrade(t, known))
		}
		one, other := create(), create()
		apply(one, instruments, trades)
		apply(other, instruments, rapid.Permutation(trades).Draw(t, "order"))
		if one.Digest() != other.Digest() {
			t.Fatal("the digest depends on the order of the trades")
		}
		sameFiles(t, one, other)
	})
}

// apply gives a new role one batch.
func apply(role Role, instruments []codec.Instrument, trades []codec.Trade) {
	var s Stream
	b := s.Next(instruments, trades...)
	role.Vote(b, true)
	role.Apply(b)
}

// DigestSees changes each field, given by a pointer to an integer inside the applied state of the
// role, and checks that the digest notices.
func DigestSees(t *testing.T, role Role, fields ...any) {
	t.Helper()
	before := role.Digest()
	for i, f := range fields {
		v := reflect.ValueOf(f).Elem()
		old := reflect.ValueOf(v.Interface())
		v.Set(reflect.ValueOf(1).Convert(v.Type()))
		if old.Equal(v) {
			v.Set(reflect.ValueOf(2).Convert(v.Type()))
		}
		if role.Digest() == before {
			t.Errorf("field %d: the digest does not see it", i)
		}
		v.Set(old)
	}
	if role.Digest() != before {
		t.Error("the digest changed by itself")
	}
}
