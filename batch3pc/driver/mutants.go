package driver

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
