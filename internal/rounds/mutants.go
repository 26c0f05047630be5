package rounds

import "github.com/tezi-exchange/tezi/internal/mutant"

// What the seeded bugs do that takes more than a condition. Nothing calls this unless mutant.Enabled.

// firstUp is the first peer whose link is up.
func (o *outlet) firstUp(or *peer) *peer {
	for i := range o.peers {
		if o.peers[i].up {
			return &o.peers[i]
		}
	}
	return or
}

// waitsBadly is WantNow of an owner who believes the sync that runs, or his own, without a look.
func (d *Disk) waitsBadly(lsn uint64) bool {
	runs := d.started && d.wanted.Load() > d.durable.Load()
	switch {
	case mutant.Is(mutant.RunningSyncJoined) && runs:
		d.durable.Store(lsn)
	case mutant.Is(mutant.OwnSyncBelieved) && d.started && !runs:
		if !d.sync(lsn) {
			d.failed.Store(nil)
			d.durable.Store(lsn)
		}
		d.wanted.Store(lsn)
	default:
		return false
	}
	return true
}
