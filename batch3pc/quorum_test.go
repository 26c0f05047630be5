package batch3pc

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// naiveQuorumMark tries every watermark and counts.
func naiveQuorumMark(marks []Seq, quorum int) Seq {
	var best Seq
	for _, candidate := range marks {
		reached := 0
		for _, mark := range marks {
			if mark >= candidate {
				reached++
			}
		}
		if reached >= quorum {
			best = max(best, candidate)
		}
	}
	return best
}

func TestQuorumMarkIsTheNaiveCount(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		marks := make([]Seq, 1+dice.IntN(ParticipantsMax))
		for i := range marks {
			marks[i] = Seq(dice.IntN(6))
		}
		for quorum := 1; quorum <= len(marks); quorum++ {
			want := naiveQuorumMark(marks, quorum)
			if got := quorumMark(slices.Clone(marks), quorum); got != want {
				t.Fatalf("quorumMark(%v, %d) = %d, want %d", marks, quorum, got, want)
			}
		}
	}
}

// subsets calls yield with every subset of n nodes, as bits.
func subsets(n int, yield func(set uint)) {
	for set := range uint(1) << n {
		yield(set)
	}
}

func size(set uint) int {
	n := 0
	for ; set != 0; set &= set - 1 {
		n++
	}
	return n
}

// Two quorums always meet, and one node less does not suffice.
func TestQuorumsMeet(t *testing.T) {
	for n := 1; n <= 7; n++ {
		quorum := quorumOf(n)
		subsets(n, func(a uint) {
			subsets(n, func(b uint) {
				if size(a) >= quorum && size(b) >= quorum && a&b == 0 {
					t.Fatalf("of %d nodes, quorums %b and %b do not meet", n, a, b)
				}
			})
		})
		if n > 1 && 2*(quorum-1) > n {
			t.Errorf("of %d nodes, %d would be enough", n, quorum-1)
		}
	}
}

// quorumsMeetMembers against all quorums and the first nodes as members.
func TestQuorumsMeetMembers(t *testing.T) {
	for n := 1; n <= 7; n++ {
		for members := 0; members <= n; members++ {
			memberSet, meet := uint(1)<<members-1, true
			subsets(n, func(set uint) {
				if size(set) >= quorumOf(n) && set&memberSet == 0 {
					meet = false
				}
			})
			if got := quorumsMeetMembers(n, members); got != meet {
				t.Errorf("quorumsMeetMembers(%d, %d) = %v, want %v", n, members, got, meet)
			}
		}
	}
}
