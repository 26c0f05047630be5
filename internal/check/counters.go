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
	Overtaken      uint64 `json:"overtaken"`      // such a log was told of a decision while a lower ballot, which it had promised, had not served yet
	ForwardOther   uint64 `json:"forwardOther"`   // a base went forward over what another coordinator had proposed into the log that both share

	// What only the driver level knows.
	DeathError   uint64 `json:"deathError"`   // nodes that ended because a write or sync failed
	DeathFull    uint64 `json:"deathFull"`    // nodes that ended because the disk was full
	RecoveryFull uint64 `json:"recoveryFull"` // nodes that came back while it still was
	DiskLost     uint64 `json:"diskLost"`     // logs that were lost, or spoiled beyond repair
	Replaced     uint64 `json:"replaced"`     // new logs that a generation has named
	Forgotten    uint64 `json:"forgotten"`    // disks of coordinators that were lost, or are old copies
	OwnSync      uint64 `json:"ownSync"`      // syncs by a participant that had nothing else to do
}

// Count is one counter by name.
type Count struct {
	Name   string
	N      uint64
	Driver bool // the driver level alone can reach it
}

// List is every counter by the name that people read.
func (c *Counters) List() []Count {
	return []Count{
		{Name: "decided", N: c.Decided}, {Name: "vetoed", N: c.Vetoed}, {Name: "dropped", N: c.Dropped}, {Name: "fenced", N: c.Fenced},
		{Name: "crashes", N: c.Crashes}, {Name: "recovery commit", N: c.RecoveryCommit}, {Name: "recovery abort", N: c.RecoveryAbort},
		{Name: "recover-forward", N: c.RecoverForward}, {Name: "cascade abort", N: c.CascadeAbort}, {Name: "fill", N: c.Fill}, {Name: "relay", N: c.Relay},
		{Name: "generation change", N: c.Generation}, {Name: "takeover", N: c.Takeover},
		{Name: "catch-up from snapshot", N: c.Snapshot}, {Name: "truncation", N: c.Truncation}, {Name: "repair", N: c.Repair},
		{Name: "repair by another leader", N: c.Overtaken}, {Name: "recover-forward of another", N: c.ForwardOther},
		{"death by disk error", c.DeathError, true}, {"death by full disk", c.DeathFull, true}, {"recovery at full disk", c.RecoveryFull, true}, {"lost disk", c.DiskLost, true}, {"replaced log", c.Replaced, true},
		{"own sync", c.OwnSync, true}, {"coordinator's lost disk", c.Forgotten, true},
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
	c.Overtaken += o.Overtaken
	c.ForwardOther += o.ForwardOther
	c.DeathError += o.DeathError
	c.DeathFull += o.DeathFull
	c.RecoveryFull += o.RecoveryFull
	c.DiskLost += o.DiskLost
	c.Replaced += o.Replaced
	c.Forgotten += o.Forgotten
	c.OwnSync += o.OwnSync
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
	c.Overtaken -= o.Overtaken
	c.ForwardOther -= o.ForwardOther
	c.DeathError -= o.DeathError
	c.DeathFull -= o.DeathFull
	c.RecoveryFull -= o.RecoveryFull
	c.DiskLost -= o.DiskLost
	c.Replaced -= o.Replaced
	c.Forgotten -= o.Forgotten
	c.OwnSync -= o.OwnSync
}

// Missing names the counters that are 0 (I12), those of the driver level too if that was simulated.
func (c *Counters) Missing(driver bool) (names []string) {
	for _, count := range c.List() {
		if count.N == 0 && (driver || !count.Driver) {
			names = append(names, count.Name)
		}
	}
	return names
}
