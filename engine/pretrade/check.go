//tezi:pure

package pretrade

import (
	"fmt"
	"slices"
)

// Check computes everything that is kept in sums anew and returns the first contradiction to the
// invariants of the package that it finds. It is slow and allocates; for tests.
func (a *Accounts) Check() error {
	accounts, members := make([]int64, len(a.accounts)), make([]int64, len(a.members))
	for i := range a.positions {
		p := &a.positions[i]
		if err := a.checkPosition(Position(i+1), p); err != nil {
			return fmt.Errorf("pretrade: position %d: %w", i+1, err)
		}
		accounts[p.account] += p.margin
		members[p.member] += p.margin
	}
	for i, used := range accounts {
		c := &a.accounts[i]
		if number, ok := a.findAccount(c.member, c.client); !ok || int(number) != i {
			return fmt.Errorf("pretrade: P6: account %d is found as %d, %v", i, number, ok)
		}
		if c.used != used || c.limit < 0 {
			return fmt.Errorf("pretrade: P1: client %d of member %d uses %d of %d, its positions %d", c.client, c.member, c.used, c.limit, used)
		}
	}
	for i, used := range members {
		if m := &a.members[i]; m.used != used || m.used > usedMax || m.limit < 0 {
			return fmt.Errorf("pretrade: P1, P7: member %d uses %d of %d, its positions %d", i, m.used, m.limit, used)
		}
	}
	if n := a.positionIndex.count(); n != len(a.positions) {
		return fmt.Errorf("pretrade: P6: %d entries for %d positions", n, len(a.positions))
	}
	if n := a.accountIndex.count(); n != len(a.accounts) {
		return fmt.Errorf("pretrade: P6: %d entries for %d accounts", n, len(a.accounts))
	}
	return a.switches.check()
}

func (a *Accounts) checkPosition(number Position, p *position) error {
	e := p.exposure()
	c := &a.accounts[p.account]
	switch {
	case p.reach[0] < p.net || p.reach[1] < -p.net:
		return fmt.Errorf("P2: net %d that can come to %d", p.net, p.reach)
	case max(e, p.inPaise(e)) > exposureMax:
		return fmt.Errorf("P7: exposure %d", e)
	case p.margin != marginOf(p.inPaise(e), p.bps):
		return fmt.Errorf("P1: margin %d for an exposure of %d at %d", p.margin, e, p.bps)
	case c.client != p.client || c.member != p.member:
		return fmt.Errorf("P6: client %d of member %d, its account is %d of %d", p.client, p.member, c.client, c.member)
	}
	// A position that the index has lost is opened anew here, and has another number then.
	if found, _ := a.Position(p.member, p.client, p.instrument); found != number {
		return fmt.Errorf("P6: found as position %d", found)
	}
	return nil
}

// count returns how many entries there are.
func (x *index) count() int {
	n := 0
	for _, e := range x.entries {
		if e != 0 {
			n++
		}
	}
	if x.moving() {
		for _, e := range x.old.entries[x.moved:] {
			if e != 0 {
				n++
			}
		}
	}
	return n
}

func (w *switches) check() error {
	var shapes [8]uint16
	for _, s := range w.on {
		shapes[s.shape()]++
	}
	if shapes != w.shapes || !slices.IsSortedFunc(w.on, selector.compare) {
		return fmt.Errorf("pretrade: P8: switches %+v, counted %d", w.on, w.shapes)
	}
	return nil
}
