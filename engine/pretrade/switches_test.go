package pretrade

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/orderbook"
)

// The orders that the tests of the switches look at: two members with client 11, one with 12 too.
var parties = []selector{{1, 11, 1}, {1, 11, 2}, {1, 12, 1}, {2, 11, 1}, {2, 11, 2}}

func TestKill(t *testing.T) {
	const yes, no = true, false
	for _, c := range []struct {
		name string
		on   []selector
		want [5]bool // of parties
	}{
		{"none", nil, [5]bool{no, no, no, no, no}},
		{"market", []selector{{0, 0, 0}}, [5]bool{yes, yes, yes, yes, yes}},
		{"member", []selector{{1, 0, 0}}, [5]bool{yes, yes, yes, no, no}},
		{"instrument", []selector{{0, 0, 1}}, [5]bool{yes, no, yes, yes, no}},
		{"client at every member", []selector{{0, 11, 0}}, [5]bool{yes, yes, no, yes, yes}},
		{"client", []selector{{1, 11, 0}}, [5]bool{yes, yes, no, no, no}},
		{"member in an instrument", []selector{{1, 0, 1}}, [5]bool{yes, no, yes, no, no}},
		{"client at every member, in an instrument", []selector{{0, 11, 2}}, [5]bool{no, yes, no, no, yes}},
		{"client in an instrument", []selector{{2, 11, 1}}, [5]bool{no, no, no, yes, no}},
		{"two", []selector{{1, 12, 0}, {2, 0, 2}}, [5]bool{no, no, yes, no, yes}},
		{"three that overlap", []selector{{1, 0, 0}, {1, 11, 0}, {0, 0, 1}}, [5]bool{yes, yes, yes, yes, no}},
		{"strangers", []selector{{3, 0, 0}, {0, 13, 0}, {0, 0, 3}, {1, 13, 1}, {11, 1, 1}}, [5]bool{no, no, no, no, no}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := create(t, 1, 1)
			for range 2 { // the second time changes nothing
				for _, s := range c.on {
					a.Kill(s.member, s.client, s.instrument, true)
				}
				for i, s := range parties {
					if got := a.Killed(s.member, s.client, s.instrument); got != c.want[i] {
						t.Errorf("%+v: %v, want %v", s, got, c.want[i])
					}
				}
				check(t, a)
			}
			for _, s := range c.on {
				a.Kill(s.member, s.client, s.instrument, false)
			}
			if a.StateHash() != create(t, 1, 1).StateHash() {
				t.Errorf("lifting them left %+v", a.switches.on)
			}
		})
	}
}

// P8: what is lifted leaves the others, also those that it contains.
func TestKillIsLiftedWithTheSameCombination(t *testing.T) {
	a := create(t, 1, 1)
	a.Kill(1, 0, 0, true)
	a.Kill(1, 11, 0, true)
	a.Kill(1, 11, 1, false) // never set
	a.Kill(1, 0, 0, false)
	if !a.Killed(1, 11, 1) || a.Killed(1, 12, 1) {
		t.Fatalf("the client's switch is to be left, there is %+v", a.switches.on)
	}
	a.Kill(0, 0, 0, true)
	a.Kill(1, 11, 0, false)
	if !a.Killed(1, 11, 1) || !a.Killed(0, 0, 0) {
		t.Fatalf("the market's switch is to be left, there is %+v", a.switches.on)
	}
	a.Kill(0, 0, 0, false)
	if a.Killed(1, 11, 1) || a.Killed(0, 0, 0) {
		t.Fatalf("there is %+v", a.switches.on)
	}
}

func TestKillFull(t *testing.T) {
	a := create(t, 1, 1)
	for i := range uint32(switchesMax) {
		if reason := a.Kill(0, switchesMax-i, 0, true); reason != orderbook.Accepted {
			t.Fatalf("switch %d: %v", i, reason)
		}
	}
	if reason := a.Kill(1, 0, 0, true); reason != orderbook.RejectAccounts {
		t.Fatalf("one more: %v", reason)
	}
	if reason := a.Kill(0, 1, 0, true); reason != orderbook.Accepted {
		t.Fatalf("one that stands: %v", reason)
	}
	if a.Killed(1, switchesMax+1, 1) || !a.Killed(1, switchesMax, 1) || !a.Killed(9, 1, 9) {
		t.Fatal("wrong clients are killed")
	}
	check(t, a)
	a.Kill(0, 1, 0, false)
	if reason := a.Kill(1, 0, 0, true); reason != orderbook.Accepted {
		t.Fatalf("after one was lifted: %v", reason)
	}
}

// P8 beside a set of combinations, asked one by one.
func TestPropertySwitches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, set := create(t, 1, 1), map[selector]bool{}
		draw := func(t *rapid.T) selector {
			return selector{
				rapid.Uint16Range(0, 2).Draw(t, "member"), rapid.Uint32Range(0, 2).Draw(t, "client"), rapid.Uint32Range(0, 2).Draw(t, "instrument"),
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"kill": func(t *rapid.T) {
				s, on := draw(t), rapid.Bool().Draw(t, "on")
				a.Kill(s.member, s.client, s.instrument, on)
				if set[s] = on; !on {
					delete(set, s)
				}
			},
			"": func(t *rapid.T) {
				order := draw(t)
				want := false
				for s := range set {
					want = want || (s.member == 0 || s.member == order.member) && (s.client == 0 || s.client == order.client) &&
						(s.instrument == 0 || s.instrument == order.instrument)
				}
				if got := a.Killed(order.member, order.client, order.instrument); got != want {
					t.Fatalf("%+v: %v, want %v, set %v", order, got, want, set)
				}
				check(t, a)
			},
		})
	})
}
