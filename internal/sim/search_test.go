package sim

import (
	"runtime"
	"testing"

	"github.com/tezi-exchange/tezi/internal/check"
)

// TestEveryOrderOfASmallScope looks at every order of events of small scopes, and demands that these
// reach the cases that matter (I12).
func TestEveryOrderOfASmallScope(t *testing.T) {
	scopes := Scopes()[:testScopes]
	if testing.Short() {
		scopes = scopes[:1]
	}
	var states uint64
	var reached check.Counters
	for i, scope := range scopes {
		found := Search(scope, runtime.GOMAXPROCS(0))
		t.Logf("scope %d: %d states, %d transitions, longest %d events", i, found.States, found.Transitions, found.Depth)
		if found.Violation != nil {
			actions, v := NewRunner().Shrink(found.Setup, found.Actions)
			t.Fatalf("scope %d: %v\n%v", i, v, actions)
		}
		if !found.Complete {
			t.Errorf("scope %d was not searched to its end", i)
		}
		states += found.States
		reached.Add(&found.Reached)
	}
	if testing.Short() {
		return
	}
	t.Logf("%d states: %+v", states, reached)
	if states < 1_000_000 {
		t.Errorf("%d states, want a million", states)
	}
	if reached.RecoveryCommit == 0 || reached.RecoveryAbort == 0 || reached.RecoverForward == 0 || reached.Fenced == 0 || reached.Fill == 0 {
		t.Errorf("I12: the scopes do not reach what they are for: %+v", reached)
	}
}

// States are told apart by all that matters, and by no names: two workers find as many as one.
func TestSearchDoesNotDependOnWorkers(t *testing.T) {
	scope := Scope{Setup: small, Batches: 1, Opens: 1, FirstElected: true, Linked: true}
	one, four := Search(scope, 1), Search(scope, 4)
	if one.States != four.States || !one.Complete || !four.Complete {
		t.Errorf("%d states with one worker, %d with four", one.States, four.States)
	}
}

// A state is new to one worker only, and once, however much has been met in between.
func TestStateIsNewOnce(t *testing.T) {
	all := newStates()
	workers := []*seen{{all: all}, {all: all}}
	met := map[uint64]bool{}
	d := newDice(1)
	for range 300_000 {
		h := mix(uint64(1 + d.n(100_000)))
		if got := workers[d.n(len(workers))].add(h); got == met[h] {
			t.Fatalf("%016x: new is %v, after %d states", h, got, len(met))
		}
		met[h] = true
	}
	if all.len() != uint64(len(met)) {
		t.Errorf("%d states, want %d", all.len(), len(met))
	}
}
