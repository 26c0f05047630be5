//tezi:pure

package rounds

import "github.com/tezi-exchange/tezi/batch3pc"

// Standby makes a Proposer of a standby: a Coordinator that watches until it finds no leader, or until
// its Open is called. When another one fences it, it watches again.
func Standby(s *batch3pc.Standby) Proposer { return standby{s, s.Coordinator()} }

type standby struct {
	*batch3pc.Standby
	behind *batch3pc.Coordinator
}

func (s standby) Open() batch3pc.Ready { return s.TakeOver() }
func (s standby) Room() bool           { return s.behind.Room() }

func (s standby) Propose(count uint32, payload []byte) (*batch3pc.Batch, batch3pc.Ready, error) {
	return s.behind.Propose(count, payload)
}

func (s standby) ProposeGeneration(members []batch3pc.NodeID, replaced ...batch3pc.NodeID) (batch3pc.Ready, error) {
	return s.behind.ProposeGeneration(members, replaced...)
}

func (s standby) InputsDurable(seq batch3pc.Seq) batch3pc.Ready { return s.behind.InputsDurable(seq) }

func (s standby) Status() batch3pc.CoordinatorStatus { return s.behind.Status() }
