package sim

import "github.com/tezi-exchange/tezi/batch3pc"

// walk is the untimed scheduler: whatever is pending may come next, so a message may arrive when
// everybody has forgotten it. Time order hides just these schedules. Timers are damped, or
// everything would be aborted at once.
type walk struct {
	*schedule
	weights [walkMoves]int // swarm: each move is drawn stronger, weaker or absent
	total   int
	reorder int // deliveries in a thousand that do not take the oldest
	freeze  int // messages in a thousand that rest for long
	partial int // syncs in a thousand that stop half way
}

type walkMove uint8

const (
	moveDeliver walkMove = iota
	moveSync
	moveSyncLeader
	movePropose
	moveInputs
	moveTick
	moveOpen
	moveLoss
	moveCrash
	moveCrashLeader
	moveCrashIn
	moveRestart
	moveLink
	moveDrain
	moveChange
	moveTruncate
	moveOvertake
	moveDisk
	walkMoves
)

// calmWeights are the moves of an undisturbed group, in proportion.
var calmWeights = [walkMoves]int{
	moveDeliver: 600, moveSync: 200, moveSyncLeader: 40, movePropose: 70, moveInputs: 25, moveTick: 8, moveOpen: 10,
}

// stormWeights are added for faults.
var stormWeights = [walkMoves]int{
	moveLoss: 20, moveCrash: 8, moveCrashLeader: 5, moveCrashIn: 5, moveRestart: 24, moveLink: 5, moveDrain: 2,
}

// begin makes w the scheduler of s.
func (w *walk) begin(s *schedule) {
	*w = walk{schedule: s}
	d := &s.dice
	storm := of(d, 0, 1, 1, 2, 4)
	for i := range w.weights[:moveOvertake] {
		w.weights[i] = calmWeights[i]*2 + stormWeights[i]*storm*of(d, 0, 1, 2, 4)
	}
	if storm > 0 {
		w.weights[moveOpen] *= of(d, 1, 1, 2, 4)
		w.weights[moveTick] *= of(d, 1, 1, 2, 4)
		w.weights[moveSync] = w.weights[moveSync] * of(d, 1, 2, 4) / 2
	}
	if s.world.setup.Changes {
		w.weights[moveChange] = of(d, 15, 40)
	}
	if s.world.setup.Snapshots {
		w.weights[moveTruncate] = of(d, 10, 40)
		w.weights[moveOvertake] = of(d, 0, 10, 30)
	}
	if s.mixed {
		w.weights[moveChange], w.weights[moveTruncate] = of(d, 30, 80), of(d, 80, 160)
	}
	if s.world.setup.Driver {
		w.weights[moveDisk] = storm * of(d, 0, 4, 12)
	}
	for _, weight := range w.weights {
		w.total += weight
	}
	w.reorder = of(d, 0, 100, 300, 900)
	w.freeze = of(d, 0, 0, 30, 120)
	w.partial = of(d, 0, 200, 500)
}

func (w *walk) run() {
	w.do(Action{Op: OpOpen, Node: coordinatorBase})
	if w.dice.in(850) {
		w.do(Action{Op: OpSettle}) // the first election is worth walking through now and then only
	}
	w.seen = w.world.sent
	for range (40 + w.dice.n(80)) * w.often(1, 3) {
		if w.world.watch.Err() != nil {
			return
		}
		w.step()
	}
}

func (w *walk) step() {
	w.freezeFresh()
	n := w.dice.n(w.total)
	move := walkMove(0)
	for n >= w.weights[move] {
		n -= w.weights[move]
		move++
	}
	switch move {
	case moveDeliver:
		for range 1 + w.dice.n(3) {
			w.deliverAny(OpDeliver)
		}
	case moveSync:
		w.sync(w.anyParticipant())
	case moveSyncLeader:
		w.sync(w.anyCoordinator())
	case movePropose:
		for _, c := range w.world.coordinators {
			w.do(Action{Op: OpPropose, Node: c.id})
		}
	case moveInputs:
		if w.world.setup.Gate {
			w.do(Action{Op: OpInputs, Node: w.anyCoordinator()})
		}
	case moveTick:
		w.do(Action{Op: OpTick, Node: w.anyCoordinator()})
	case moveOpen:
		w.reopen()
	case moveLoss:
		w.deliverAny(of(&w.dice, OpDrop, OpDuplicate, OpCorrupt))
	case moveCrashIn:
		w.deliverAny(OpCrashIn)
	default:
		w.fault(move)
	}
}

func (w *walk) fault(move walkMove) {
	switch move {
	case moveCrash:
		w.crash(w.anyParticipant())
	case moveCrashLeader:
		w.crash(w.anyCoordinator())
	case moveRestart:
		w.restart(w.anyNode())
	case moveLink:
		op := of(&w.dice, OpUp, OpDown)
		w.do(Action{Op: op, Node: w.anyCoordinator(), Arg: uint16(w.anyParticipant())})
	case moveChange:
		w.change()
	case moveTruncate:
		w.do(Action{Op: OpTruncate, Node: w.anyParticipant()})
	case moveOvertake:
		w.overtake()
	case moveDisk:
		w.diskFault(w.anyNode())
	case moveDrain:
		w.do(Action{Op: OpDrain, Node: w.anyParticipant()})
	}
}

// freezeFresh lets some of the messages that were sent since the last step rest.
func (w *walk) freezeFresh() {
	for i := len(w.world.bag) - 1; i >= 0 && w.world.bag[i].id >= w.seen; i-- {
		if w.dice.in(w.freeze) {
			w.world.bag[i].thaw = w.world.done + 20 + w.dice.n(120)
		}
	}
	w.seen = w.world.sent
}

// deliverAny takes a message, mostly the oldest one that does not rest.
func (w *walk) deliverAny(op Op) {
	bag := w.world.bag
	if len(bag) == 0 {
		return
	}
	i := 0
	if w.dice.in(w.reorder) {
		i = w.dice.n(len(bag))
	}
	for range bag {
		if bag[i].thaw <= w.world.done {
			w.about(op, i)
			return
		}
		i = (i + 1) % len(bag)
	}
}

func (w *walk) sync(id batch3pc.NodeID) {
	arg := 0
	if n := w.world.unsynced(id); n > 1 && w.dice.in(w.partial) {
		arg = 1 + w.dice.n(n-1)
	}
	w.do(Action{Op: OpSync, Node: id, Arg: uint16(arg)})
}

// reopen is what a driver does about a ballot that is stuck, and now and then about one that is not.
func (w *walk) reopen() {
	c := w.world.coordinator(w.anyCoordinator())
	if !c.up {
		return
	}
	chance := 1000
	switch c.machine.State() {
	case batch3pc.StateIdle:
		chance = 250
		if c.standby != nil {
			chance = 50 // it decides by itself
		}
	case batch3pc.StateFenced:
		chance = 400
	case batch3pc.StateActive:
		chance = 60
	case batch3pc.StateElecting, batch3pc.StateStarting:
		chance = 30
	}
	if w.dice.in(chance) {
		w.do(Action{Op: OpOpen, Node: c.id})
	}
}
