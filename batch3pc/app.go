package batch3pc

// Vote is the answer of an App to a batch: yes, or no with a reason. ReasonVeto and ReasonHash abort the batch;
// ReasonInfra says "not now", and the App is asked again until it says something else. With any other reason, and so
// with the zero Vote, the machine panics: the App is broken.
type Vote struct {
	Yes    bool
	Reason Reason // of a no: ReasonVeto, ReasonHash or ReasonInfra
	Veto   []byte // with ReasonVeto: the refused items, see VetoBits; valid until the next call of the App; what is beyond VetoSizeMax is cut off
}

// App is the business behind a participant. Its methods are called in log order from inside Step
// and Recover, never concurrently. The batch and its payload stay valid and unchanged from the
// Vote until Apply or Drop of the same batch returns (after a no: until Vote returns).
type App interface {
	// Vote judges b, which follows the last batch voted for, and reserves what it needs if the
	// answer is yes. It must be deterministic in the prefix and the batch, because a vote is not
	// durable and is cast again after a restart (PROTOCOL.md 3.6). decided says that the votes on b
	// are over, it is committed or in the base of a ballot: the answer is ignored and b must be
	// accepted (and may be dropped all the same, until it is applied).
	Vote(b *Batch, decided bool) Vote
	// Apply turns the reservation of b, the oldest batch voted for, into fact. Called once.
	Apply(b *Batch)
	// Drop undoes the reservation of b, the newest batch voted for: it has left the log. It is
	// aborted, unless the ballot that dropped it loses to another; then it comes back with a Vote.
	Drop(b *Batch)
}
