package pretrade

import "testing"

// Warm changes nothing, whatever it is asked for, and allocates nothing.
func TestWarmChangesNothing(t *testing.T) {
	a := create(t, 2*warmMin, 2*warmMin)
	keys := []Key{{}}
	for i := range uint32(warmMin + 10) {
		open(t, a, uint16(i%7), i, 1)
		keys = append(keys, Key{Member: uint16(i % 7), Client: i, Instrument: 1 + i%2})
	}
	before := a.StateHash()
	for len(keys) > 0 {
		a.Warm(keys)
		keys = keys[min(len(keys), warmMax):]
	}
	a.Warm(nil)
	if a.StateHash() != before || a.Check() != nil {
		t.Error("the accounts have changed")
	}
	if allocs := testing.AllocsPerRun(10, func() { a.Warm([]Key{{Client: 5, Instrument: 1}}) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
