package sim

import "testing"

// TestEverySingleFault enumerates each fault at each message and each sync of an election, two batches,
// a takeover and two batches more, under either coordinator in the end.
func TestEverySingleFault(t *testing.T) {
	for _, setup := range []Setup{
		{Participants: 3, Coordinators: 2, Window: 2, Retain: 2},
		{Participants: 3, Coordinators: 2, Window: 1, Retain: 1, Snapshots: true, Learners: 1},
		{Participants: 3, Coordinators: 2, Window: 2, Retain: 4, Standby: true, Wire: true},
	} {
		found := EverySingleFault(setup)
		t.Logf("%v: %v", setup, found)
		if found.Violation != nil {
			actions, v := NewRunner().Shrink(setup, found.Actions)
			t.Errorf("%v: %v\n%v", setup, v, actions)
		}
		if found.Steps < 50 || len(found.Cases) != 12 {
			t.Errorf("%v: %d steps, %d sorts of fault: %v", setup, found.Steps, len(found.Cases), found.Cases)
		}
		for name, n := range found.Cases {
			if n == 0 {
				t.Errorf("%v: no case of %s", setup, name)
			}
		}
	}
}
