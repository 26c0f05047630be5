package batch3pc

import "fmt"

var kindNames = [...]string{
	KindBatch: "Batch", KindYes: "Yes", KindNo: "No", KindPreCommit: "PreCommit", KindPreCommitAck: "PreCommitAck",
	KindCommit: "Commit", KindApplied: "Applied", KindStateReq: "StateReq", KindState: "State", KindStart: "Start",
	KindStartAck: "StartAck", KindFill: "Fill", KindFetch: "Fetch", KindStale: "Stale",
	KindWatch: "Watch", KindWatched: "Watched", KindSnapshot: "Snapshot", KindSnapshotReq: "SnapshotReq",
}

// String returns the kind's name.
func (k Kind) String() string {
	if int(k) >= len(kindNames) || kindNames[k] == "" {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

var reasonNames = [...]string{"None", "Veto", "Hash", "Infra", "Generation"}

// String returns the reason's name.
func (r Reason) String() string {
	if int(r) >= len(reasonNames) {
		return fmt.Sprintf("Reason(%d)", uint8(r))
	}
	return reasonNames[r]
}

var recordNames = [...]string{
	RecordBatch: "Batch", RecordPromise: "Promise", RecordPreCommit: "PreCommit", RecordStart: "Start",
	RecordCommit: "Commit", RecordFill: "Fill", RecordEpoch: "Epoch", RecordSnapshot: "Snapshot", RecordIdentity: "Identity",
}

// String returns the record kind's name.
func (k RecordKind) String() string {
	if int(k) >= len(recordNames) || recordNames[k] == "" {
		return fmt.Sprintf("RecordKind(%d)", uint8(k))
	}
	return recordNames[k]
}

// String is epoch.node.boot, or "none".
func (b Ballot) String() string {
	if b.IsZero() {
		return "none"
	}
	return fmt.Sprintf("%d.%d.%d", b.Epoch, b.Node, b.Boot)
}
