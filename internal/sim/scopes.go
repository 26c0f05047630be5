package sim

// small is the smallest group that can disagree: three participants, an engine and a backup.
var small = Setup{Participants: 3, Coordinators: 2, Window: 2, Retain: 2}

// Scopes are searches, the quick ones first. The first testScopes are part of every test run, and
// look at more than a million states together.
func Scopes() []Scope {
	return []Scope{
		// From an empty world on, with a rival for the very first ballot.
		{Setup: small, Batches: 1, Opens: 1},
		// Recover-forward, against a participant that loses any part of what it did not sync.
		{Setup: small, Batches: 1, Opens: 1, Crashes: 1, FirstElected: true, Linked: true},
		// A quorum of two elects the backup, and the engine comes back from its disk.
		{Setup: small, Batches: 1, Opens: 1, LeaderCrash: 1, FirstElected: true},
		// Every message once more than it was sent.
		{Setup: small, Batches: 1, Opens: 1, Duplicates: 1, FirstElected: true, Linked: true},
	}
}

// testScopes is how many of Scopes every test run searches.
const testScopes = 3
