package pretrade

import "testing"

// Numbers come dense and in patterns; a probe is to stay short for all of them.
func TestProbesAreShort(t *testing.T) {
	const rows = 1 << 18
	type key struct {
		member             uint16
		client, instrument uint32
	}
	for name, keyOf := range map[string]func(i uint32) key{
		"clients in one instrument":        func(i uint32) key { return key{1, i, 1} },
		"instruments of one client":        func(i uint32) key { return key{1, 1, i} },
		"clients by instruments":           func(i uint32) key { return key{1, i >> 9, i & 511} },
		"members, clients and instruments": func(i uint32) key { return key{uint16(i >> 12), i >> 6 & 63, i & 63} },
		"members by clients alone":         func(i uint32) key { return key{uint16(i & 1023), i >> 10, 7} },
		"clients in steps of 2^10":         func(i uint32) key { return key{1, i << 10, 7} },
		"clients numbered by member":       func(i uint32) key { return key{uint16(i >> 8), (i>>8)*1_000_000 + i&255, 26_000} },
		"client and instrument alike":      func(i uint32) key { return key{9, i, i} },
		"bits reversed":                    func(i uint32) key { return key{uint16(i), i << 14, i << 14} },
	} {
		t.Run(name, func(t *testing.T) {
			x := newIndex(make([]entry, entriesFor(rows)))
			longest, total := uint32(0), uint64(0)
			for i := range uint32(rows) {
				k := keyOf(i)
				tag := tagOf(k.member, k.client, k.instrument)
				x.insert(tag, i+1)
			}
			for x.moving() { // as the next rows would
				x.move()
			}
			for i := range uint32(rows) {
				k := keyOf(i)
				at := x.home(tagOf(k.member, k.client, k.instrument))
				steps := uint32(1)
				for ; x.entries[at].row() != i+1; at = x.next(at) {
					steps++
				}
				longest, total = max(longest, steps), total+uint64(steps)
			}
			// Half full with a perfect hash: 1.5 entries on average, the longest probe below 60.
			if mean := float64(total) / rows; mean > 1.6 || longest > 100 {
				t.Errorf("a probe looks at %.2f entries on average, at most %d", mean, longest)
			}
			if x.count() != rows || len(x.entries) != 2*rows {
				t.Errorf("%d entries of %d", x.count(), len(x.entries))
			}
		})
	}
}

// TestIndexFollowsItsRows: after each row every one is found, the table is at most half full, and, but for the
// first one, at least a quarter.
func TestIndexFollowsItsRows(t *testing.T) {
	const rows = 5000
	x := newIndex(make([]entry, entriesFor(rows)))
	for range 2 {
		for row := uint32(1); row <= rows; row++ {
			x.insert(tagOf(1, row, 7), row)
			n := len(x.entries)
			if x.count() != int(row) || n < 2*int(row) || n > tableMin && n > 4*int(row) {
				t.Fatalf("%d entries for %d rows in a table of %d", x.count(), row, n)
			}
			if row%61 != 0 && row != rows {
				continue
			}
			for r := uint32(1); r <= row; r++ {
				if !x.has(tagOf(1, r, 7), r) {
					t.Fatalf("with %d rows, row %d is lost", row, r)
				}
			}
		}
		x.reset()
		if x.count() != 0 || x.moving() || len(x.entries) != tableMin {
			t.Fatalf("a reset leaves %d entries in a table of %d", x.count(), len(x.entries))
		}
	}
}

// TestLookingMoves: a table that no more rows come into is moved by those who look into it, or each of them would look
// into two for ever.
func TestLookingMoves(t *testing.T) {
	a := create(t, 5000, 5000)
	client := uint32(0)
	for !a.positionIndex.moving() {
		client++
		open(t, a, 1, client, 1)
	}
	for looks := 0; a.positionIndex.moving(); looks++ {
		if looks > len(a.positionIndex.entries) {
			t.Fatal("it is never moved")
		}
		open(t, a, 1, 1, 1)
	}
	for c := uint32(1); c <= client; c++ {
		if p := open(t, a, 1, c, 1); p != Position(c) {
			t.Fatalf("client %d has position %d", c, p)
		}
	}
	check(t, a)
}

func (x *index) has(tag, row uint32) bool {
	for _, t := range []table{x.table, x.old} {
		if len(t.entries) == 0 {
			continue
		}
		for i := t.home(tag); t.entries[i] != 0; i = t.next(i) {
			if t.entries[i].row() == row {
				return true
			}
		}
	}
	return false
}

func TestIndexHasRoom(t *testing.T) {
	for rows := 1; rows < 5000; rows++ {
		x := newIndex(make([]entry, entriesFor(rows)))
		for row := range uint32(rows) {
			x.insert(row*golden, row+1)
		}
		if n := len(x.entries); n < 2*rows || n&(n-1) != 0 || int(x.mask) != n-1 || x.home(1<<32-1) != x.mask {
			t.Fatalf("%d entries for %d rows, mask %d, last home %d", n, rows, x.mask, x.home(1<<32-1))
		}
	}
}

const golden = 0x9e3779b9
