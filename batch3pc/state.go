package batch3pc

import "fmt"

// State of a coordinator. Exported as a gauge: never renumber.
type State uint8

// The states. Open leads from any of them to StateElecting.
const (
	StateIdle     State = 0 // no ballot yet: call Open
	StateElecting State = 1 // asks participants for their promise and state, until it may choose a base
	StateStarting State = 2 // the base is chosen, a quorum has yet to accept it
	StateActive   State = 3 // proposes and decides
	StateRefused  State = 4 // as Active, but a member refused a batch: nothing new is proposed until Open
	StateFenced   State = 5 // a higher ballot exists: this one decides nothing any more
)

var stateNames = [...]string{"Idle", "Electing", "Starting", "Active", "Refused", "Fenced"}

// String returns the state's name.
func (s State) String() string {
	if int(s) >= len(stateNames) {
		return fmt.Sprintf("State(%d)", uint8(s))
	}
	return stateNames[s]
}
