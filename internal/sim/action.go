package sim

import (
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Op is what an action does.
type Op uint8

// The actions. A schedule is a list of them; one that does not fit the moment (its message is not
// there, its node is down) does nothing, so that any part of a schedule is a schedule.
const (
	OpDeliver   Op = iota // the message of Key reaches its node
	OpDuplicate           // the same, and it stays in flight
	OpDrop                // the message is lost
	OpCorrupt             // a bit of it flips on the way; its receiver must notice
	OpSync                // Node makes the first Arg of its unsynced records durable, all if Arg is 0
	OpCrash               // Node dies; of its unsynced records the first Arg survive
	OpRestart             // Node comes back from its disk
	OpCrashIn             // as OpDeliver, and the receiver dies after Arg effects (records, then messages)
	OpTick                // coordinator Node: the resend timer
	OpOpen                // coordinator Node: a new ballot
	OpPropose             // coordinator Node: a new batch
	OpInputs              // coordinator Node: the inputs of all it proposed are durable
	OpChange              // coordinator Node: the last participant is to be no member any more, or one again; Arg: see changeBack
	OpUp                  // coordinator Node: participant Arg is connected
	OpDown                // coordinator Node: participant Arg is not
	OpDrain               // participant Node begins or ends to answer "not now"
	OpTruncate            // participant Node writes a checkpoint, or cuts its log in front of it
	OpDamage              // participant Node is down, and record Arg of its disk cannot be read any more
	OpKill                // Node dies, and what it wrote stays in the page cache
	OpFailSync            // the next sync of Node's disk fails
	OpFailWrite           // the next write of Node fails
	OpFull                // the disk of Node is full, or with Arg 1 is not any more
	OpLose                // Node is down, and gets an empty disk; a coordinator, with Arg 1, an old copy of its own
	OpSettle              // no faults for a while: everything in flight arrives, in order, and every disk syncs
	OpPeace               // faults end: leader Node alone, participant Arg dead for the first half (0: none; Nth 1: from the election on; Nth 2: nobody, and nothing new at first)
	ops
)

var opNames = [ops]string{
	"deliver", "duplicate", "drop", "corrupt", "sync", "crash", "restart", "crash-in", "tick", "open", "propose",
	"inputs", "change", "up", "down", "drain", "truncate", "damage", "kill", "fail-sync", "fail-write", "full", "lose", "settle", "peace",
}

// aboutMessage reports whether the action names a message.
func (o Op) aboutMessage() bool { return o <= OpCorrupt || o == OpCrashIn }

// aboutDisk reports whether the action is one of the driver level alone.
func (o Op) aboutDisk() bool { return o >= OpKill && o <= OpLose }

// Action is one event of a schedule.
type Action struct {
	Op   Op
	Node batch3pc.NodeID
	Nth  uint8 // among the messages in flight with Key, oldest first
	Arg  uint16
	Key  Key
}

// Key names a message in flight by what people would call it: sender, receiver, kind, ballot and batch.
// It leaves out what hardly ever tells two of them apart.
type Key uint64

func keyOf(m *batch3pc.Message) Key {
	seq := m.Seq
	if m.Batch != nil {
		seq = m.Batch.Seq
	}
	return Key(uint64(m.From)<<56 | uint64(m.To)<<48 | uint64(m.Kind)<<40 |
		uint64(m.Ballot.Epoch&0xfff)<<28 | uint64(m.Ballot.Node&0xf)<<24 | uint64(seq&0xffffff))
}

// String is from>to kind epoch.node seq.
func (k Key) String() string {
	return fmt.Sprintf("%d>%d %v %d.%d %d", k>>56, k>>48&0xff, batch3pc.Kind(k>>40), k>>28&0xfff, k>>24&0xf, k&0xffffff)
}

// String is a line of a script, which ParseScript reads.
func (a Action) String() string {
	text := opNames[a.Op]
	if a.Op.aboutMessage() {
		text += " " + a.Key.String()
	} else if a.Node > 0 {
		text += fmt.Sprintf(" %d", a.Node)
	}
	if a.Nth > 0 {
		text += fmt.Sprintf(" #%d", a.Nth)
	}
	if a.Arg > 0 {
		text += fmt.Sprintf(" arg=%d", a.Arg)
	}
	return text
}
