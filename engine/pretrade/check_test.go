package pretrade

import (
	"strings"
	"testing"
)

// Check sees every kind of damage, and names the invariant.
func TestCheckSeesDamage(t *testing.T) {
	check(t, sample(t))
	for _, c := range []struct {
		name, want string
		damage     func(a *Accounts)
	}{
		{"margin", "P1", func(a *Accounts) { a.positions[0].margin++ }},
		{"client's margin in use", "P1", func(a *Accounts) { a.accounts[1].used++ }},
		{"member's margin in use", "P1", func(a *Accounts) { a.members[1].used-- }},
		{"member without positions", "P1", func(a *Accounts) { a.members[500].used++ }},
		{"client's limit", "P1", func(a *Accounts) { a.accounts[0].limit = -1 }},
		{"bought below 0", "P2", func(a *Accounts) { a.positions[0].reach[0] = a.positions[0].net - 1 }},
		{"sold below 0", "P2", func(a *Accounts) { a.positions[0].reach[1] = -a.positions[0].net - 1 }},
		{"exposure", "P7", func(a *Accounts) { a.positions[0].reach[1] = exposureMax + 1 }},
		{"position of another client", "P6", func(a *Accounts) { a.positions[0].account = 2 }},
		{"position that is lost", "P6", func(a *Accounts) { clear(a.positionIndex.entries) }},
		{"entry too many", "P6", func(a *Accounts) { a.positionIndex.insert(0, 1) }},
		{"account that is lost", "P6", func(a *Accounts) { clear(a.accountIndex.entries) }},
		{"account entry too many", "P6", func(a *Accounts) { a.accountIndex.insert(0, 1) }},
		{"shapes", "P8", func(a *Accounts) { a.switches.shapes[0]++ }},
		{"order of switches", "P8", func(a *Accounts) { a.switches.on[0], a.switches.on[1] = a.switches.on[1], a.switches.on[0] }},
	} {
		a := sample(t)
		c.damage(a)
		if err := a.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}
