package batch3pc

import "cmp"

// NodeID names a node of the commit group: coordinators and participants share one numbering.
// 0 is invalid.
type NodeID uint8

// Ballot orders competing coordinators. It is unique to one boot of one coordinator, which makes
// its epoch durable before the first message of the ballot leaves (PROTOCOL.md 3.1). The zero
// Ballot is below every real one and means "none".
type Ballot struct {
	Epoch uint64 // compared first
	Node  NodeID // then the coordinator
	Boot  uint32 // then its boot number
}

// Compare returns -1, 0 or +1.
func (b Ballot) Compare(o Ballot) int {
	return cmp.Or(cmp.Compare(b.Epoch, o.Epoch), cmp.Compare(b.Node, o.Node), cmp.Compare(b.Boot, o.Boot))
}

// Less reports whether b is fenced by o.
func (b Ballot) Less(o Ballot) bool { return b.Compare(o) < 0 }

// IsZero reports whether b is no ballot.
func (b Ballot) IsZero() bool { return b == Ballot{} }
