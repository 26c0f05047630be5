package bench

// Stage is a stretch of an order's way whose latency is recorded.
type Stage uint8

// The stages, in the order in which reports list them. doc.go says where each begins and ends.
const (
	OrderToMatch Stage = iota
	BatchDecision
	CanCommit
	PreCommit
	DoCommit
	OrderToCommit
	StageCount // number of stages; keep last
)

var stageNames = [StageCount]string{
	"order_to_match", "batch_decision", "can_commit", "pre_commit", "do_commit", "order_to_commit",
}

// String returns the stable name used in JSON keys and file names.
func (s Stage) String() string {
	if s < StageCount {
		return stageNames[s]
	}
	return "unknown"
}
