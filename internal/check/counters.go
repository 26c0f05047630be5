package check

// Counters say what a history has met. A run set in which one of them is 0 proves little (I12).
type Counters struct {
	Decided        uint64 `json:"decided"`        // batches
	Vetoed         uint64 `json:"vetoed"`         // ballots stopped by a no
	Dropped        uint64 `json:"dropped"`        // votes undone
	Fenced         uint64 `json:"fenced"`         // coordinators that found a higher ballot
	Crashes        uint64 `json:"crashes"`        // of any node
	RecoveryCommit uint64 `json:"recoveryCommit"` // a base decided what nobody had decided before
	RecoveryAbort  uint64 `json:"recoveryAbort"`  // a base left out what somebody had voted for
	RecoverForward uint64 `json:"recoverForward"` // a base above every pre-commit
	CascadeAbort   uint64 `json:"cascadeAbort"`   // a refused batch took descendants with it
	Fill           uint64 `json:"fill"`           // batches brought to a participant that fell behind
	Relay          uint64 `json:"relay"`          // of these, by way of another participant
	Generation     uint64 `json:"generation"`     // the member set changed
	Takeover       uint64 `json:"takeover"`       // a standby opened a ballot because nobody heard a leader
	Snapshot       uint64 `json:"snapshot"`       // a participant was brought up by the state of another
	Truncation     uint64 `json:"truncation"`     // a log was cut
	Repair         uint64 `json:"repair"`         // records in the middle of a log were unreadable, and fetched again
}

// Count is one counter by name.
type Count struct {
	Name string
	N    uint64
}

// List is every counter by the name that people read.
func (c *Counters) List() []Count {
	return []Count{
		{"decided", c.Decided}, {"vetoed", c.Vetoed}, {"dropped", c.Dropped}, {"fenced", c.Fenced},
		{"crashes", c.Crashes}, {"recovery commit", c.RecoveryCommit}, {"recovery abort", c.RecoveryAbort},
		{"recover-forward", c.RecoverForward}, {"cascade abort", c.CascadeAbort}, {"fill", c.Fill}, {"relay", c.Relay},
		{"generation change", c.Generation}, {"takeover", c.Takeover},
		{"catch-up from snapshot", c.Snapshot}, {"truncation", c.Truncation}, {"repair", c.Repair},
	}
}

// Add adds o to c.
func (c *Counters) Add(o *Counters) {
	c.Decided += o.Decided
	c.Vetoed += o.Vetoed
	c.Dropped += o.Dropped
	c.Fenced += o.Fenced
	c.Crashes += o.Crashes
	c.RecoveryCommit += o.RecoveryCommit
	c.RecoveryAbort += o.RecoveryAbort
	c.RecoverForward += o.RecoverForward
	c.CascadeAbort += o.CascadeAbort
	c.Fill += o.Fill
	c.Relay += o.Relay
	c.Generation += o.Generation
	c.Takeover += o.Takeover
	c.Snapshot += o.Snapshot
	c.Truncation += o.Truncation
	c.Repair += o.Repair
}

// Sub takes o off c.
func (c *Counters) Sub(o *Counters) {
	c.Decided -= o.Decided
	c.Vetoed -= o.Vetoed
	c.Dropped -= o.Dropped
	c.Fenced -= o.Fenced
	c.Crashes -= o.Crashes
	c.RecoveryCommit -= o.RecoveryCommit
	c.RecoveryAbort -= o.RecoveryAbort
	c.RecoverForward -= o.RecoverForward
	c.CascadeAbort -= o.CascadeAbort
	c.Fill -= o.Fill
	c.Relay -= o.Relay
	c.Generation -= o.Generation
	c.Takeover -= o.Takeover
	c.Snapshot -= o.Snapshot
	c.Truncation -= o.Truncation
	c.Repair -= o.Repair
}

// Missing names the counters that are 0 (I12).
func (c *Counters) Missing() (names []string) {
	for _, count := range c.List() {
		if count.N == 0 {
			names = append(names, count.Name)
		}
	}
	return names
}
