package pretrade

import "testing"

// Warm changes nothing, whatever it is asked for, and allocates nothing; what it guesses is right for nearly all who
// have a position, and Is sees when it is not.
func TestWarmChangesNothing(t *testing.T) {
	const clients = 20_000
	a := create(t, 2*clients, 2*clients)
	var keys []Key
	for i := range uint32(clients) {
		open(t, a, uint16(i%7), i, 1)
		keys = append(keys, Key{Member: uint16(i % 7), Client: i, Instrument: 1 + i%2})
	}
	for a.positionIndex.moving() { // until then some are where Warm does not look
		a.Position(0, 0, 1)
	}
	before, right := a.StateHash(), 0
	var found [WarmMax]Position
	for at := 0; at < len(keys); at += WarmMax {
		chunk := keys[at:min(at+WarmMax, len(keys))]
		a.Warm(chunk, found[:])
		for i, k := range chunk {
			if is := a.Is(found[i], k.Member, k.Client, k.Instrument); is && k.Instrument == 1 {
				right++
			} else if is {
				t.Fatalf("%+v is said to have position %d, and has none", k, found[i])
			}
		}
	}
	if right < clients/2*9/10 {
		t.Errorf("%d of %d guesses are right", right, clients/2)
	}
	a.Warm(nil, nil)
	if a.StateHash() != before || a.Check() != nil {
		t.Error("the accounts have changed")
	}
	if allocs := testing.AllocsPerRun(10, func() { a.Warm(keys[:9], found[:]) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// Without a position there is none to guess.
func TestWarmOfNobody(t *testing.T) {
	a := create(t, 1, 1)
	found := []Position{7, 8}
	a.Warm([]Key{{Client: 1}, {}}, found)
	if found[0] != 0 || found[1] != 0 || a.Is(found[0], 0, 0, 0) || a.Is(1, 0, 0, 0) {
		t.Errorf("guessed %v", found)
	}
}
