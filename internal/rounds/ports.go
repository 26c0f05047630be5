//tezi:pure

package rounds

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/transport"
)

// Event is what a Link has for its user.
type Event = transport.Event

// The events. Up and Down alternate, Up first; frames come only between an Up and its Down.
const (
	EventNone  = transport.EventNone  // nothing to read now
	EventUp    = transport.EventUp    // the peer is connected and has proved who it is
	EventDown  = transport.EventDown  // the connection is gone, with every frame that was still on its way
	EventFrame = transport.EventFrame // a frame that codec.CheckFrame has passed
)

// Link is one connection to one peer. It carries whole frames and may lose any of them, but not
// reorder them within a connection. No method waits for the peer.
type Link interface {
	Claim(n int) []byte // room for a frame of n bytes, or nil: the link is down or full, and the frame is lost
	Publish(n int)      // sends what was claimed; n is its length
	Next() (Event, []byte)
	Release() // ends the use of what Next returned; the frame is valid until then
}

// quietLink is a Link that can publish what its receiver need not wake up for.
type quietLink interface {
	// PublishQuietly is Publish of what the receiver may find when it wakes up for something else.
	PublishQuietly(n int)
}

// Log is the durable memory of a node. Its records are numbered from 1 (LSN).
type Log interface {
	// Append adds a record whose body is head and then payload. Both are copied.
	Append(kind uint8, head, payload []byte) error
	// Flush hands what was appended to the operating system: a sync that begins later covers it.
	Flush() error
	// LSN is the number of the last record appended.
	LSN() uint64
	// Want asks that everything up to lsn, which is flushed, be made durable. It does not wait.
	Want(lsn uint64)
	// Synced is the number of the last record that is durable. An error is final: a sync is never
	// tried again.
	Synced() (lsn uint64, err error)
}

// waiter is a Log that can be waited for.
type waiter interface {
	// WantNow is Want that may wait until it is so.
	WantNow(lsn uint64)
}

// Machine is the protocol of a participant: batch3pc.Participant, or one to compare it with. One
// that has a method Tick() batch3pc.Ready as well is ticked.
type Machine interface {
	Step(*batch3pc.Message) batch3pc.Ready
	Recover(*batch3pc.Record) error
	Status() batch3pc.ParticipantStatus
}

// ticker is a Machine with a sense of time, which batch3pc.Participant has not.
type ticker interface{ Tick() batch3pc.Ready }

// Proposer is the protocol of a coordinator: batch3pc.Coordinator, or one to compare it with.
type Proposer interface {
	Recover(*batch3pc.Record) error
	Open() batch3pc.Ready
	Step(*batch3pc.Message) batch3pc.Ready
	Tick() batch3pc.Ready
	PeerUp(batch3pc.NodeID) batch3pc.Ready
	PeerDown(batch3pc.NodeID)
	Room() bool
	Propose(count uint32, payload []byte) (*batch3pc.Batch, batch3pc.Ready, error)
	InputsDurable(batch3pc.Seq) batch3pc.Ready
	Status() batch3pc.CoordinatorStatus
}

// generational is a Proposer whose members may change.
type generational interface {
	ProposeGeneration(members []batch3pc.NodeID, replaced ...batch3pc.NodeID) (batch3pc.Ready, error)
}

// Peer is a node at the other end of a Link.
type Peer struct {
	Node batch3pc.NodeID
	Link Link
}
