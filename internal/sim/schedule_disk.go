package sim

import "github.com/tezi-exchange/tezi/batch3pc"

// What schedulers do to whole nodes.

// diskFault lets something go wrong with the disk of a node, or come right again.
func (s *schedule) diskFault(id batch3pc.NodeID) {
	switch s.dice.n(6) {
	case 0, 1:
		s.do(Action{Op: OpFailSync, Node: id})
	case 2:
		s.do(Action{Op: OpFailWrite, Node: id})
	case 3:
		s.do(Action{Op: OpFull, Node: id})
	case 4:
		s.do(Action{Op: OpFull, Node: id, Arg: 1})
	case 5:
		s.do(Action{Op: OpKill, Node: id})
	}
}

// restartWhole brings a node back, which may find its disk spoiled or gone, and may die on the way.
func (s *schedule) restartWhole(id batch3pc.NodeID) {
	c := s.world.computer(id)
	if c.full && s.dice.in(500) {
		s.do(Action{Op: OpFull, Node: id, Arg: 1})
	}
	if s.world.participant(id) != nil {
		switch {
		case s.dice.in(150):
			s.do(Action{Op: OpDamage, Node: id, Arg: uint16(s.dice.n(1 << 12))})
		case s.dice.in(s.often(30, 60)):
			s.do(Action{Op: OpLose, Node: id})
		}
	}
	if s.world.coordinator(id) != nil && s.dice.in(100) {
		s.do(Action{Op: OpLose, Node: id, Arg: uint16(s.dice.n(2))})
	}
	a := Action{Op: OpRestart, Node: id}
	if s.dice.in(50) {
		a.Arg = uint16(1 + s.dice.n(12))
	}
	s.do(a)
}
