package transport

// Event is what Link.Next found.
type Event uint8

// The events. Up and Down alternate, Up first; frames come only between an Up and its Down.
const (
	EventNone  Event = 0 // nothing to read now
	EventUp    Event = 1 // the peer is connected and has proved who it is
	EventDown  Event = 2 // the connection is gone, with every frame that was still on its way
	EventFrame Event = 3 // a frame of the peer
)

var eventNames = [...]string{"none", "up", "down", "frame"}

// String returns the stable lower-case name used in logs.
func (e Event) String() string {
	if int(e) < len(eventNames) {
		return eventNames[e]
	}
	return "unknown"
}
