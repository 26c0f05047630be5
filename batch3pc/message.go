package batch3pc

import "encoding/binary"

// Kind of a message. Part of the wire format: never renumber.
type Kind uint8

// The messages of PROTOCOL.md 5.2. All are idempotent and, where they carry a watermark, cumulative.
const (
	KindBatch        Kind = 1  // C->P  vote request for Batch (can-commit)
	KindYes          Kind = 2  // P->C  voted yes for everything <= Seq, whose chain is Chain
	KindNo           Kind = 3  // P->C  refuses Seq for Reason; Veto names items when Reason is ReasonVeto
	KindPreCommit    Kind = 4  // C->P  pre-commit everything <= Seq, whose chain is Chain
	KindPreCommitAck Kind = 5  // P->C  durable up to Seq in Ballot
	KindCommit       Kind = 6  // C->P  nothing but the piggybacked Commit watermark (do-commit)
	KindApplied      Kind = 7  // P->C  nothing but the piggybacked Applied watermark
	KindStateReq     Kind = 8  // C->P  asks for a promise of Ballot and for the participant's state
	KindState        Kind = 9  // P->C  the promise and the state
	KindStart        Kind = 10 // C->P  opens Ballot: everything <= Seq is pre-committed in it, everything above is dropped
	KindStartAck     Kind = 11 // P->C  Start is durable
	KindFill         Kind = 12 // C->P  a Batch at or below Commit, or at or below the ballot's base (Seq), for a participant that fell behind; P->C the answer to a Fetch
	KindFetch        Kind = 13 // P->C  send what follows Seq, whose chain is Chain; C->P the same, on behalf of another participant
	KindStale        Kind = 14 // P->C  fenced: it has promised LastElected, which is higher than your ballot
	KindWatch        Kind = 15 // C->P  of a standby, without a ballot: have you heard of a leader? Promises nothing
	KindWatched      Kind = 16 // P->C  LastElected is the highest ballot promised, Seq counts the messages heard in it
	KindSnapshot     Kind = 17 // P->C->P  Chunk, the piece at Offset of the snapshot at Seq, whose chain is Chain
	KindSnapshotReq  Kind = 18 // P->C->P  send the piece at Offset of the snapshot at Seq; the first piece of the newest if there is none
)

// Reason of a NO.
type Reason uint8

// The reasons. Only ReasonVeto and ReasonHash are votes; the others mean "not now".
const (
	ReasonNone       Reason = 0
	ReasonVeto       Reason = 1 // a business rule refuses the items named in Veto
	ReasonHash       Reason = 2 // the batch is not intact, or its content contradicts itself: a bug, halt
	ReasonInfra      Reason = 3 // cannot serve now (draining, disk full, overload)
	ReasonGeneration Reason = 4 // the batch belongs to another generation
)

// Message is every message; which fields count depends on Kind. A Message is a value; Batch and
// Veto alias the buffer it was decoded from, or the sender's memory.
type Message struct {
	Kind   Kind
	From   NodeID
	To     NodeID
	Ballot Ballot // the coordinator's ballot, echoed by answers

	Seq   Seq
	Chain Chain

	Commit      Seq    // C->P on every message: decided watermark
	CommitChain Chain  // C->P its chain
	Truncate    Seq    // C->P on every message: every configured participant has this much for good
	Applied     Seq    // P->C on every message: applied watermark
	Incarnation uint64 // P->C on every message: whose log it speaks for

	// State (KindState; KindStale fills LastElected).
	LastElected  Ballot // highest ballot promised
	LastAttempt  Ballot // ballot in which PreCommitted was accepted
	PreCommitted Seq    // everything at or below is pre-committed
	PreChain     Chain
	Voted        Seq // the last batch in its log
	VotedChain   Chain
	AppliedChain Chain

	// Generations (KindState) are the generation in force at Applied and all that the log opens above,
	// oldest first, see AppendGeneration.
	Generations []byte

	// Of a snapshot.
	Offset uint64 // of Chunk
	Total  uint64 // size of the image
	Digest uint64 // xxhash64 of the image
	Chunk  []byte // at most SnapshotChunkMax

	Reason Reason // of a No; in a State ReasonInfra: it is repairing, and says less than it had
	Veto   []byte // two bits an item: 1 the taker's order, 2 the maker's order is refused; see VetoBits
	Tail   []byte // KindState: the undecided log, oldest first, see TailAt; without it recovery aborts more than it must
	Batch  *Batch // KindBatch, KindFill
}

// Who a veto bit refuses.
const (
	VetoTaker = 1
	VetoMaker = 2
)

// VetoBits returns the two bits of item i; a short Veto means 0 for the rest.
func VetoBits(veto []byte, i int) uint8 {
	if i/4 >= len(veto) {
		return 0
	}
	return veto[i/4] >> (uint(i%4) * 2) & 3
}

// SetVeto sets bits of item i, which must be inside veto ((count+3)/4 bytes).
func SetVeto(veto []byte, i int, bits uint8) { veto[i/4] |= bits << (uint(i%4) * 2) }

// TailEntrySize is the size of one position of a Tail in bytes: u64 seq, u64 chain, little endian.
const TailEntrySize = 16

// AppendTail appends p to a Tail.
func AppendTail(tail []byte, p Position) []byte {
	tail = binary.LittleEndian.AppendUint64(tail, uint64(p.Seq))
	return binary.LittleEndian.AppendUint64(tail, uint64(p.Chain))
}

// TailLen is the number of positions in tail; bytes of an incomplete one do not count.
func TailLen(tail []byte) int { return len(tail) / TailEntrySize }

// TailAt is position i of tail, 0 <= i < TailLen.
func TailAt(tail []byte, i int) Position {
	entry := tail[i*TailEntrySize : (i+1)*TailEntrySize]
	return Position{
		Seq:   Seq(binary.LittleEndian.Uint64(entry)),
		Chain: Chain(binary.LittleEndian.Uint64(entry[8:])),
	}
}

// RecordKind is the type of a durable record. Part of the journal format: never renumber.
type RecordKind uint8

// The records. A participant's log is their sequence; Recover rebuilds its state from it.
const (
	RecordBatch     RecordKind = 1 // P: Batch was voted for (written, not synced)
	RecordPromise   RecordKind = 2 // P: LastElected = Ballot
	RecordPreCommit RecordKind = 3 // P: LastElected = LastAttempt = Ballot, PreCommitted = Seq
	RecordStart     RecordKind = 4 // P: as PreCommit, and every batch above Seq is dropped
	RecordCommit    RecordKind = 5 // P: everything <= Seq is committed (lazy: re-derivable)
	RecordFill      RecordKind = 6 // P: Batch is decided, or below the base of a promised ballot; local batches above its parent are dropped
	RecordEpoch     RecordKind = 7 // C: Ballot is used up
	RecordSnapshot  RecordKind = 8 // P: Chunk at Offset of the applied state at Seq; a log may begin with the first one
	RecordIdentity  RecordKind = 9 // P: the log is that of node Ballot.Node, begun as Incarnation
)

// Record is one durable fact. Batch aliases memory that is valid until the next call of the state machine.
type Record struct {
	Kind   RecordKind
	Ballot Ballot
	Seq    Seq
	Chain  Chain
	Batch  *Batch // RecordBatch, RecordFill

	// Of a RecordSnapshot, whose Ballot is the promised one.
	Attempt       Ballot   // in which PreCommitted was accepted
	PreCommitted  Position //
	Offset, Total uint64   // of Chunk in the image, and the size of the image, in bytes
	Digest        uint64   // xxhash64 of the image
	Chunk         []byte   //

	Incarnation uint64 // RecordIdentity
}

// Ready is what the driver must do after an input, in this order: append Records to the log in
// order; send Messages (they need no durability); make the log durable up to and including
// Records if Durable is not empty; then send Durable. Persist-before-send is thus part of the
// type: a message that promises something rides behind the record that keeps the promise. A
// driver may go on stepping while the disk works, as long as each Durable leaves only after the
// records that came before it. The slices are reused by the next call: copy what must live longer.
type Ready struct {
	Records  []Record
	Messages []Message
	Durable  []Message
	Older    []Message // Fetches for batches that only the log holds, see Participant.Older; there for drivers that set ParticipantConfig.Older
}
