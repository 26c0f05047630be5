package mutant

// ID is a bug.
type ID uint8

// The bugs. Their rules are those of docs/PROTOCOL.md.
const (
	None ID = iota
	NoFence
	LateVote
	PromiseEarly
	PromiseUnwritten
	PromiseNotKept
	AckEarly
	AckUnwritten
	StartAckEarly
	BatchUnwritten
	CommitUnwritten
	VotesKept
	LongerPreKept
	AttemptNotReported
	AttemptNotRecovered
	ApplyUnchecked
	ApplyTwice
	FencedCommitObeyed
	TimerCommits
	TimerAborts
	TimerForgets
	TimersDecide
	VetoIgnored
	PreCommitUnstarted
	PreCommitGap
	VoteUnstarted
	StartTwice
	StartDropsApplied
	FillUnpromised
	FillKeepsPre
	EpochEarly
	EpochUnwritten
	EpochNotRecovered
	BallotReused
	BallotShared
	QuorumMinusOne
	MajorityYes
	OneAckDecides
	AckTimeoutCommits
	DuplicateAckCounts
	OtherBallotCounts
	AttemptIgnored
	AbsenceAborts
	ForwardSilent
	ForwardUngated
	GateIgnored
	SeqReused
	TerminationAlone
	ActivePromised
	StatesUnpromised
	AbortAlone
	SuffixKept
	StartingForever
	NoResend
	FenceIgnored
	CommitUntold
	CommitToldOnce
	MembersConfigured
	GenerationKept
	GenerationNotAsked
	HelpersForever
	SilenceTrusted
	PieceForever
	SnapshotHalf
	SnapshotUnwritten
	SnapshotOfNothing
	FrameUnchecked
	CommitChainLost
	AttemptLost
	RecordBallotLost
	AckBeforeSync
	SyncErrorIgnored
	NextGroupAcked
	FlushForgotten
	WrongSession
	OutcomeEarly
	DoubtIsAbort
	GateOpensAll
	CutAboveWatermark
	CutBeforeDurable
	HoleUnsaid
	UndecidedGivenOut
	StartsCounted
	WaitUnflushed
	RunningSyncJoined
	OwnSyncBelieved
	CommitForgotten
	RolledUnsynced
	NameUnsynced
	PromiseAhead
	ChecksumUnchecked
	ChainUnchecked
	OrderUnchecked
	TornIsDamage
	DamageIsTorn
	TailKept
	OpenUnsynced
	FailedSyncBelieved
	CutOneMore
	MarkUnsynced
	HoleClosed
	count
)

// Bug describes an ID.
type Bug struct {
	Name  string
	Where string // the machine or package it lives in
	Rule  string // what it breaks
	Text  string
}

var bugs = [count]Bug{
	NoFence:             {"NoFence", "participant", "S4, I6", "messages of a ballot below the promise are obeyed"},
	LateVote:            {"LateVote", "participant", "S4, I6", "batches of a ballot below the promise are voted for"},
	PromiseEarly:        {"PromiseEarly", "participant", "3.3, I4", "the promise of a ballot leaves before it is durable"},
	PromiseUnwritten:    {"PromiseUnwritten", "participant", "3.3, I4", "the promise of a ballot is not written at all"},
	PromiseNotKept:      {"PromiseNotKept", "participant", "3.3, I6", "the promise of a ballot is given and forgotten"},
	AckEarly:            {"AckEarly", "participant", "3.3, I4", "a pre-commit is acknowledged before it is durable"},
	AckUnwritten:        {"AckUnwritten", "participant", "3.3, I4", "a pre-commit is acknowledged and not written"},
	StartAckEarly:       {"StartAckEarly", "participant", "3.3, I4", "a base is accepted before it is durable"},
	BatchUnwritten:      {"BatchUnwritten", "participant", "3.3, S10", "a batch is voted for and not written"},
	CommitUnwritten:     {"CommitUnwritten", "participant", "3.6", "the commit watermark is not written"},
	VotesKept:           {"VotesKept", "participant", "S3b", "START drops nothing above the base"},
	LongerPreKept:       {"LongerPreKept", "participant", "S3", "START keeps a longer pre-committed prefix of an older ballot"},
	AttemptNotReported:  {"AttemptNotReported", "participant", "3.2", "the state does not say in which ballot it was accepted (no last_attempt)"},
	AttemptNotRecovered: {"AttemptNotRecovered", "participant", "3.2", "after a restart START does not set last_attempt"},
	ApplyUnchecked:      {"ApplyUnchecked", "participant", "S8, I3", "the commit watermark is applied without a look at the chain"},
	ApplyTwice:          {"ApplyTwice", "participant", "S8, I5", "a repeated commit watermark applies the last batch again"},
	FencedCommitObeyed:  {"FencedCommitObeyed", "participant", "S4", "the commit watermark of a fenced leader is obeyed"},
	TimerCommits:        {"TimerCommits", "participant", "S5", "suspicion of the leader turns PRE-COMMIT into COMMIT (textbook)"},
	TimerAborts:         {"TimerAborts", "participant", "S5", "suspicion of the leader turns PRE-COMMIT into ABORT"},
	TimerForgets:        {"TimerForgets", "participant", "S5, 3.6", "suspicion of the leader drops what was only voted for (textbook: W to A)"},
	TimersDecide:        {"TimersDecide", "participant", "S5", "suspicion of the leader turns PRE-COMMIT into COMMIT and a mere vote into ABORT (both timers of the textbook)"},
	VetoIgnored:         {"VetoIgnored", "participant", "I2", "a batch that the business refuses is voted for"},
	PreCommitUnstarted:  {"PreCommitUnstarted", "participant", "S1, I6", "a pre-commit is accepted in a ballot whose START is missing"},
	PreCommitGap:        {"PreCommitGap", "participant", "5.2", "a pre-commit is accepted for batches that are not in the log"},
	VoteUnstarted:       {"VoteUnstarted", "participant", "S1", "batches are voted for in a ballot whose START is missing"},
	StartTwice:          {"StartTwice", "participant", "S3", "a repeated START is taken for a fresh one"},
	StartDropsApplied:   {"StartDropsApplied", "participant", "I1, I3", "START below what is applied is taken at its word"},
	FillUnpromised:      {"FillUnpromised", "participant", "S4", "batches below the base of a ballot that was not promised are taken in"},
	FillKeepsPre:        {"FillKeepsPre", "participant", "S3", "a batch that replaces another one leaves the pre-commit where it was"},
	EpochEarly:          {"EpochEarly", "coordinator", "3.1, I4", "a ballot is opened before its epoch is durable"},
	EpochUnwritten:      {"EpochUnwritten", "coordinator", "3.1, I4", "the epoch is not written"},
	EpochNotRecovered:   {"EpochNotRecovered", "coordinator", "3.1", "a restart forgets the epochs, while boot numbers keep ballots unique"},
	BallotReused:        {"BallotReused", "coordinator", "3.1, I6", "a restart forgets the epochs, and ballots have no boot number"},
	BallotShared:        {"BallotShared", "coordinator", "3.1, I6", "ballots do not name their coordinator"},
	QuorumMinusOne:      {"QuorumMinusOne", "coordinator", "3.1, I7", "a quorum is one less than more than half"},
	MajorityYes:         {"MajorityYes", "coordinator", "S1, I2", "a majority of yes is enough for PRE-COMMIT"},
	OneAckDecides:       {"OneAckDecides", "coordinator", "I7", "the first acknowledgement decides"},
	AckTimeoutCommits:   {"AckTimeoutCommits", "coordinator", "S5, I7", "a missing acknowledgement counts when the timer fires"},
	DuplicateAckCounts:  {"DuplicateAckCounts", "coordinator", "I7", "a repeated acknowledgement counts for another participant"},
	OtherBallotCounts:   {"OtherBallotCounts", "coordinator", "3.3, I7", "acknowledgements of another ballot count"},
	AttemptIgnored:      {"AttemptIgnored", "coordinator", "S2", "the base is the longest pre-committed prefix of any ballot"},
	AbsenceAborts:       {"AbsenceAborts", "coordinator", "3.4, 3.6", "who comes back without a batch has aborted it: a vote that was lost is a NO for good (textbook)"},
	ForwardSilent:       {"ForwardSilent", "coordinator", "S3c", "recover-forward takes a member that has said nothing for one that voted"},
	ForwardUngated:      {"ForwardUngated", "coordinator", "S3c", "recover-forward ignores whether the inputs are durable"},
	GateIgnored:         {"GateIgnored", "coordinator", "5.3", "PRE-COMMIT ignores whether the inputs are durable"},
	SeqReused:           {"SeqReused", "coordinator", "S6", "an aborted number is given to the next batch"},
	TerminationAlone:    {"TerminationAlone", "coordinator", "3.4, I7", "whoever answers decides what is in doubt (textbook termination)"},
	ActivePromised:      {"ActivePromised", "coordinator", "3.4, I7", "the base counts as decided once a quorum has promised"},
	StatesUnpromised:    {"StatesUnpromised", "coordinator", "3.4", "a state counts in an election without the promise"},
	AbortAlone:          {"AbortAlone", "coordinator", "S3c", "a timer aborts what is not pre-committed, without a new ballot"},
	SuffixKept:          {"SuffixKept", "coordinator", "S3c, I1", "what the ballot aborts stays in the coordinator's stream"},
	StartingForever:     {"StartingForever", "coordinator", "I8", "a base that only a dead participant holds is never given up"},
	NoResend:            {"NoResend", "coordinator", "I8", "nothing is sent again"},
	FenceIgnored:        {"FenceIgnored", "coordinator", "I8", "a coordinator does not notice that a higher ballot exists"},
	CommitUntold:        {"CommitUntold", "coordinator", "I8", "DO-COMMIT is never sent: who has acknowledged a batch hears what became of it if there is a next one"},
	CommitToldOnce:      {"CommitToldOnce", "coordinator", "I8", "DO-COMMIT is sent once, and to whom it does not reach not again"},
	MembersConfigured:   {"MembersConfigured", "coordinator", "5.6, I2", "the members are those of the configuration, whatever the stream says"},
	GenerationKept:      {"GenerationKept", "both", "5.6", "a generation that is dropped stays in force"},
	GenerationNotAsked:  {"GenerationNotAsked", "coordinator", "5.6", "the base is taken without the generation in force there"},
	HelpersForever:      {"HelpersForever", "coordinator", "5.7, I8", "whoever holds the base is asked for what follows, though it lags as well, and nobody for a snapshot (found in what we had shipped)"},
	SilenceTrusted:      {"SilenceTrusted", "coordinator", "5.7, I8", "who lags is left to helpers that never answer, though it could get a snapshot (found in what we had shipped)"},
	PieceForever:        {"PieceForever", "participant", "5.7, I8", "who has a part of a snapshot asks for the rest of it alone, whoever is left (found in what we had shipped)"},
	SnapshotHalf:        {"SnapshotHalf", "participant", "5.7, I3", "a snapshot becomes the state of the business, and not of the machine"},
	SnapshotUnwritten:   {"SnapshotUnwritten", "participant", "5.7, I4", "a snapshot that was taken over is not written"},
	SnapshotOfNothing:   {"SnapshotOfNothing", "participant", "5.7, I8", "an image of the empty state answers every request for a snapshot (found in what we had shipped)"},
	FrameUnchecked:      {"FrameUnchecked", "codec", "5.8", "the checksum of a frame is not looked at"},
	CommitChainLost:     {"CommitChainLost", "codec", "5.2, I8", "the commit watermark travels without its chain"},
	AttemptLost:         {"AttemptLost", "codec", "3.2", "a state carries the promised ballot in the place of the accepted one"},
	RecordBallotLost:    {"RecordBallotLost", "codec", "3.2, I4", "records lose the boot number of their ballot"},
	AckBeforeSync:       {"AckBeforeSync", "driver", "D1, I4", "messages that promise something leave before the sync"},
	SyncErrorIgnored:    {"SyncErrorIgnored", "driver", "D3, S9", "a sync that failed counts as done"},
	NextGroupAcked:      {"NextGroupAcked", "driver", "D1, I4", "a sync counts for what was written while it ran"},
	FlushForgotten:      {"FlushForgotten", "driver", "D1", "a round ends without handing its records to the operating system"},
	WrongSession:        {"WrongSession", "driver", "I8", "what is for one coordinator goes over the first link that is up"},
	OutcomeEarly:        {"OutcomeEarly", "driver", "D5, I11", "a batch is told as committed when it is pre-committed"},
	DoubtIsAbort:        {"DoubtIsAbort", "driver", "D5, I11", "an outcome that cannot be known is told as aborted"},
	GateOpensAll:        {"GateOpensAll", "driver", "5.3, I11", "durable inputs of one proposal open the gate for all that are in flight"},
	CutAboveWatermark:   {"CutAboveWatermark", "driver", "5.7, I8", "the log is cut though somebody needs what lies before the checkpoint"},
	CutBeforeDurable:    {"CutBeforeDurable", "driver", "5.7, I4", "the log is cut before the checkpoint is durable"},
	HoleUnsaid:          {"HoleUnsaid", "driver", "S10, I4", "the machine is not told that records of its log are missing"},
	UndecidedGivenOut:   {"UndecidedGivenOut", "driver", "5.2, S8", "others are helped with batches that are only voted for"},
	StartsCounted:       {"StartsCounted", "driver", "5.11, I6", "a coordinator counts its starts by its log, which may be lost (found in what we had shipped)"},
	WaitUnflushed:       {"WaitUnflushed", "driver", "D1, I4", "a participant that syncs itself does so before its records are flushed"},
	RunningSyncJoined:   {"RunningSyncJoined", "driver", "D1, I4", "a participant that would sync itself takes the sync that runs for one that covers its records"},
	OwnSyncBelieved:     {"OwnSyncBelieved", "driver", "D3, S9", "a participant does not look whether the sync that it made itself has worked"},
	CommitForgotten:     {"CommitForgotten", "driver", "I8", "a commit watermark that was kept back until the work is done is never released"},
	RolledUnsynced:      {"RolledUnsynced", "journal", "I2", "a sync leaves out segments that were left since the last one"},
	NameUnsynced:        {"NameUnsynced", "journal", "I2", "the name of a new segment is not made durable"},
	PromiseAhead:        {"PromiseAhead", "journal", "I4", "a record says of the one before it that it is durable"},
	ChecksumUnchecked:   {"ChecksumUnchecked", "journal", "I4", "the checksum of a record is not looked at"},
	ChainUnchecked:      {"ChainUnchecked", "journal", "I1", "a record need not follow the one before it"},
	OrderUnchecked:      {"OrderUnchecked", "journal", "I1", "a record may have any number, and follow any other"},
	TornIsDamage:        {"TornIsDamage", "journal", "I4", "a torn tail is taken for damage"},
	DamageIsTorn:        {"DamageIsTorn", "journal", "I4", "damage is taken for a torn tail, and cut off"},
	TailKept:            {"TailKept", "journal", "I3", "what is torn stays behind the last record"},
	OpenUnsynced:        {"OpenUnsynced", "journal", "I2", "a log is relied on before what was read is durable"},
	FailedSyncBelieved:  {"FailedSyncBelieved", "journal", "I6, S9", "what a failed sync left in memory is not written again (found in what we had shipped)"},
	CutOneMore:          {"CutOneMore", "journal", "I8", "a segment too many is given back"},
	MarkUnsynced:        {"MarkUnsynced", "journal", "I8", "the file that says where to begin gets its name before its content is durable"},
	HoleClosed:          {"HoleClosed", "journal", "S10, I4", "a repaired log does not say where its holes were"},
}

// All is every bug, in the order of the scoreboard.
func All() (ids []ID) {
	for id := None + 1; id < count; id++ {
		ids = append(ids, id)
	}
	return ids
}

// Whole reports whether the bug is in what only whole nodes have: the driver or the log.
func (b Bug) Whole() bool { return b.Where == "driver" || b.Where == "journal" }

// Bug describes a bug.
func (id ID) Bug() Bug { return bugs[id] }

// String is the name of a bug.
func (id ID) String() string { return bugs[id].Name }
