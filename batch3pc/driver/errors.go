package driver

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/transport"
)

// Why a node does not start, or ended.
var (
	// ErrInUse: another process, or another node of this one, has the directory.
	ErrInUse = journal.ErrInUse
	// ErrDamaged: the log is damaged, and what is left cannot stand for the whole of it. The node may begin anew in
	// an empty directory: a participant gets what it needs from the others (Group.Classes) when
	// CoordinatorNode.ChangeMembers has named it as replaced, and a coordinator has nothing to get back.
	ErrDamaged = errors.New("driver: the log is damaged beyond repair")
	// ErrFenced: another coordinator leads with a higher ballot.
	ErrFenced = errors.New("driver: another coordinator has taken over")
	// ErrClosed: the node was closed before the proposal was made.
	ErrClosed = errors.New("driver: closed")
	// ErrTooLarge: the payload is larger than the group allows. Nothing has happened.
	ErrTooLarge = errors.New("driver: payload too large")
)

// Why a link does not come up: what UnavailableError wraps. Both sides keep trying, so that the
// group comes up by itself when the configuration is mended.
var (
	ErrCluster = transport.ErrCluster // the node there belongs to another cluster
	ErrVersion = transport.ErrVersion // it speaks another version of the protocol
	ErrTwin    = transport.ErrTwin    // two live processes claim to be the same node
	ErrRefused = transport.ErrRefused // all of these; alone: it is another node than was wanted, or has another PayloadMax
)

// UnavailableError says why a coordinator does not get on: whom it is not connected to, and why, and who does not count.
type UnavailableError struct {
	Cause   error                     // of giving up: context.Cause
	State   batch3pc.State            // of the coordinator
	Missing []batch3pc.NodeID         // not connected
	Refused map[batch3pc.NodeID]error // those of them that are there, and refused or are refused
	// Unreached are those of the missing that were not reached at all, and why, as far as is known: a host that has no address.
	Unreached map[batch3pc.NodeID]error
	// Trouble is why participants that are connected count for nothing.
	Trouble map[batch3pc.NodeID]batch3pc.Trouble
}

// Error lists the missing nodes, and those in trouble.
func (e *UnavailableError) Error() string {
	return fmt.Sprintf("driver: coordinator is %v (%v)%s", e.State, e.Cause, e.who())
}

// who lists the missing nodes, and those in trouble, each behind a semicolon.
func (e *UnavailableError) who() string {
	var b strings.Builder
	for _, n := range e.Missing {
		if why := e.Refused[n]; why != nil {
			fmt.Fprintf(&b, "; node %d: %v", n, why)
		} else if why := e.Unreached[n]; why != nil {
			fmt.Fprintf(&b, "; node %d is not connected: %v", n, why)
		} else {
			fmt.Fprintf(&b, "; node %d is not connected", n)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(e.Trouble)) {
		fmt.Fprintf(&b, "; node %d does not count: %v", n, e.Trouble[n])
	}
	return b.String()
}

// Unwrap returns the cause of giving up and what the links say.
func (e *UnavailableError) Unwrap() []error {
	all := []error{e.Cause}
	for _, n := range e.Missing {
		if why := cmp.Or(e.Refused[n], e.Unreached[n]); why != nil {
			all = append(all, why)
		}
	}
	return all
}
