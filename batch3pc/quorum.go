package batch3pc

// quorumOf is the smallest number of n configured participants that meets every other such set.
// It is always taken over the configured set, never over who is alive (PROTOCOL.md 3.1).
func quorumOf(n int) int { return n/2 + 1 }

// quorumMark is the highest watermark that at least quorum of the marks have reached, in other
// words the quorum-th largest. marks is reordered.
func quorumMark(marks []Seq, quorum int) Seq {
	for i := 1; i < len(marks); i++ {
		for j := i; j > 0 && marks[j-1] < marks[j]; j-- {
			marks[j-1], marks[j] = marks[j], marks[j-1]
		}
	}
	return marks[quorum-1]
}

// quorumsMeetMembers reports whether every quorum of the configured participants contains a
// member. Only then does an abort (a Start accepted by a quorum) take the batch away from at least
// one member, so that recover-forward, which needs it at every member, cannot bring it back.
func quorumsMeetMembers(participants, members int) bool {
	return participants-members < quorumOf(participants)
}
