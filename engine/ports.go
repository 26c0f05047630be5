package engine

import (
	"errors"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// Entry is one element of the input ring: a command and when it arrived.
type Entry struct {
	Command   codec.Command
	ArrivalNs int64 // by Ports.Clock; open loop: when it should have arrived. 0: not measured
}

// LinkEvent says what Link.Next found.
type LinkEvent uint8

// The events of a link.
const (
	LinkNone  LinkEvent = iota // nothing waits
	LinkUp                     // the peer is connected
	LinkDown                   // the connection is gone
	LinkFrame                  // a whole frame that codec.CheckFrame passed
)

// Link is one connection to a participant. The engine's loop alone uses it and is never blocked by
// it: a Claim that finds no room loses the message, and the protocol sends it again.
type Link interface {
	Claim(n int) []byte // room for a frame of n bytes, or nil
	Publish(n int)
	Next() (LinkEvent, []byte) // the frame is valid until Release
	Release()
}

// ErrNoRoom is wrapped by an error of Log.Append that has appended nothing because the disk is full.
var ErrNoRoom = errors.New("the disk is full")

// Log is the engine's durable command log. Append and Flush are called by the logger goroutine; after ErrNoRoom
// Append is tried again.
// Recover only while nothing is being appended: it calls load with the newest snapshot of the log, if
// there is one, and take with each record behind it.
type Log interface {
	Append(kind uint8, body ...[]byte) error
	Flush() error
	Sync() error
	Recover(load func(snapshot []byte) error, take func(kind uint8, body []byte) error) error
}

// Stage is a measured part of the way of an order.
type Stage uint8

// The stages, in the order of the report.
const (
	StageOrderToMatch  Stage = iota // arrival of a command -> it is matched
	StageBatchDecision              // batch sealed -> decided
	StageCanCommit                  // batch sent -> every member voted yes
	StagePreCommit                  // every member voted yes -> a quorum is durable: decided
	StageDoCommit                   // decided -> applied by every participant
	StageOrderToCommit              // arrival of a trade's taker -> its batch is decided
)

// Recorder takes latencies in nanoseconds. One goroutine calls it.
type Recorder interface {
	Record(s Stage, ns int64)
}

// Committed is a batch that is decided: the first moment at which its trades may be seen outside
// (design D4). The payload's slices are valid during the call only.
type Committed struct {
	Seq     batch3pc.Seq
	Chain   batch3pc.Chain
	Payload codec.Payload
}

// NoticeKind says what a Notice is about.
type NoticeKind uint8

// The notices.
const (
	NoticePeerUp     NoticeKind = iota // Peer is connected
	NoticePeerDown                     // Peer is gone
	NoticeStalled                      // no commit for StallNs while batches wait, because of Peer; one of Times stalls, told at most every 10 s
	NoticeResumed                      // batches commit again after a stall that was told
	NoticeVeto                         // Peer refused Orders; the book is rolled back
	NoticeFinished                     // Peer has saved its state
	NoticeHalted                       // trading is halted for the reason Why, because of Peer; with Rejects every order is refused, else the source waits
	NoticeTrading                      // it goes on
	NoticeStanding                     // of a standby: it has followed the log to its end, has decided up to Seq, and every member is connected
	NoticeUnready                      // of a standby that was: the member Peer is not connected any more
	NoticeTerminated                   // of a standby: the leader was silent; what it left in doubt is decided up to Seq, but the log is not ours
	NoticeLeading                      // of a standby: the log is ours
	NoticeExcluded                     // Peer is left out of the members from Seq on, because of Why; InFlight batches are proposed again
	NoticeReadmitted                   // Peer is a member again from Seq on, after ForNs
	NoticeNewLog                       // Peer has a new log, which counts from Seq on
	NoticeTrouble                      // Peer does not count, because of Why; with no Why, it does again
	NoticeLate                         // Peer, or with "" all together, missed the deadline of Phase for batch Seq, for ForNs, as one of Times; 1st, 10th, 100th ... are told
	NoticeDropped                      // frames of Peer are not understood, and dropped: the last one because of Why, Times so far; 1st, 10th, 100th ... are told
	NoticeTakenUp                      // the log is taken up behind Seq: Orders commands are matched again, InFlight batches were aborted
)

// Notice tells people what goes on. It is made off the matching path.
type Notice struct {
	Kind     NoticeKind
	Peer     string
	Seq      batch3pc.Seq
	InFlight int   // undecided batches
	ForNs    int64 // how long the stall, or whatever it is about, lasts or lasted
	Orders   int
	Halted   int // instruments that a veto has halted
	Rejects  bool
	Why      string
	Phase    batch3pc.Phase
	Times    uint64
}

// Ports are the effects that the engine needs. Every field but Budget must be set.
type Ports struct {
	Links    []Link // one for each participant, in the order of Config.Participants
	Log      Log
	Clock    func() int64 // monotonic ns
	Recorder Recorder
	Budget   Budget                 // nil: nobody wants to know
	Commit   func(*Committed) error // called once for each batch, in order, after its decision
	Notify   func(Notice)
}
