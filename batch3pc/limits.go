package batch3pc

// Limits of the machines that no configuration changes.
const (
	// ParticipantsMax bounds the configured set, so that quorum arithmetic needs no memory.
	ParticipantsMax = 16

	// burstMax is how many batches one Fetch or one Tick sends to one peer. A peer that needs more
	// asks again; one that does not listen costs at most this much for each Tick.
	burstMax = 8

	// FetchMax is how many batches a driver sends for a question of Ready.Older.
	FetchMax = burstMax

	// SnapshotChunkMax is the largest piece of a snapshot in a message or record, in bytes.
	SnapshotChunkMax = 64 << 10

	// VetoSizeMax is how much of a veto goes into a no, in bytes: it has to fit into every link, and a batch may have
	// more items than a message has room for.
	VetoSizeMax = 256 << 10

	// SnapshotMaxDefault is the largest image of a snapshot in bytes, unless configured.
	SnapshotMaxDefault = 1 << 30

	// unansweredMax is how many Ticks in a row a participant that lags is left to helpers that do not answer, before
	// it gets a snapshot if there is one, and the other way round. Far more than a helper that is alive stands still
	// for on a busy machine or a slow disk: a snapshot that was not needed costs the one that gets it its history.
	unansweredMax = 16

	// electionTicksMax is how many Ticks an election that has its quorum waits for members that are
	// connected and silent. Waiting only serves recover-forward: safety does not depend on it.
	electionTicksMax = 3

	// startTicksMin is how many Ticks a chosen base waits for its quorum before the coordinator tries
	// the next ballot: the base may be in the log of one participant alone, which has died since it
	// said so, and the others can go on without. Each try in a row waits twice as long, up to
	// startTicksMax, so that slow disks are never outrun.
	startTicksMin = 8
	startTicksMax = 1024
)
