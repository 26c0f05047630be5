//tezi:pure

package pretrade

// Key names a position before it is found.
type Key struct {
	Client, Instrument uint32
	Member             uint16
}

// warmMin is the number of positions from which Warm pays: below it they lie in the cache anyway.
const warmMin = 1 << 14

// warmMax is how many keys Warm looks at in one go.
const warmMax = 64

// Cold reports whether there are so many positions that Warm makes the calls behind it faster.
func (a *Accounts) Cold() bool { return len(a.positions) >= warmMin }

// Warm brings into the cache what Position and Reserve will need for these keys. Each would wait for its own
// three trips to memory, one after the other; here the trips of up to 64 run side by side. It changes
// nothing, and keys without a position do no harm.
func (a *Accounts) Warm(keys []Key) {
	keys = keys[:min(len(keys), warmMax)]
	var homes [warmMax]uint32
	sum := uint32(0)
	x := &a.positionIndex
	for i := range keys {
		homes[i] = x.home(tagOf(keys[i].Member, keys[i].Client, keys[i].Instrument))
		sum += x.entries[homes[i]].row()
	}
	var rows [warmMax]uint32
	for i := range keys {
		if row := x.entries[homes[i]].row(); row != 0 { // nearly all lie at home
			rows[i] = row
			sum += a.positions[row-1].account
		}
	}
	for _, row := range rows[:len(keys)] {
		if row != 0 {
			sum += a.accounts[a.positions[row-1].account].client
		}
	}
	a.warmed = sum // or the compiler would leave the loads out
}
