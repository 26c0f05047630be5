//tezi:pure

package pretrade

import (
	"unsafe"

	"github.com/tezi-exchange/tezi/internal/prefetch"
)

// Key names a position before it is found. The zero Key is nobody's.
type Key struct {
	Client, Instrument uint32
	Member             uint16
}

// WarmMax is how many keys Warm looks at in one go.
const WarmMax = prefetch.Max

// Warm brings into the cache what Position and Reserve will need for these keys, and writes to found, as long as
// keys, which position it takes each key's to be: a guess to be judged by Is, for it looks at the first two
// entries of each probe only. Alone, each of the calls behind it would wait for its own trips to memory, one after
// the other, and guess wrong at some branch in between; here the trips of up to 64 run side by side, and there is no
// branch to guess. It changes nothing, and keys without a position do no harm.
func (a *Accounts) Warm(keys []Key, found []Position) {
	keys = keys[:min(len(keys), WarmMax)]
	found = found[:len(keys)]
	if len(a.positions) == 0 {
		clear(found)
		return
	}
	x, n := &a.positionIndex.table, len(keys)
	var tags, rows [WarmMax]uint32
	for i := range keys {
		k := &keys[i]
		tags[i] = tagOf(k.Member, k.Client, k.Instrument)
		rows[i] = x.home(tags[i])
	}
	prefetch.Rows(unsafe.Pointer(&x.entries[0]), entryShift, &rows, n)
	for i := range found {
		h := rows[i]
		e, second := x.entries[h], x.entries[x.next(h)]
		if e.tag() != tags[i] {
			e = second
		}
		found[i] = Position(e.row())
		rows[i] = max(e.row(), 1) - 1
	}
	prefetch.Rows(unsafe.Pointer(&a.positions[0]), positionShift, &rows, n)
	for i := range found {
		rows[i] = a.positions[rows[i]].account
	}
	prefetch.Rows(unsafe.Pointer(&a.accounts[0]), accountShift, &rows, n)
}

// The sizes of rows as shifts.
const (
	entryShift    = 3
	positionShift = 6
	accountShift  = 5
)

var (
	_ [1 << entryShift]byte    = [entryBytes]byte{}
	_ [1 << positionShift]byte = [positionBytes]byte{}
	_ [1 << accountShift]byte  = [accountBytes]byte{}
)
