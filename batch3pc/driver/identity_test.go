package driver

import (
	"errors"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

// TestClaimIsInterrupted cuts the power at each call of a node that makes a directory its own, with all, none or some of
// what was not durable lost: the same node can go on, and when it has, nobody else can.
func TestClaimIsInterrupted(t *testing.T) {
	g := &Group{Cluster: 7}
	for call := 0; ; call++ {
		interrupted := false
		for pattern := range uint64(64) {
			d := simdisk.New(pattern)
			d.SetFault(simdisk.DiesAt(call))
			err := g.claim(d, ".", roleParticipant, 1)
			interrupted = err != nil
			d.Crash(simdisk.Bits(pattern))
			if err == nil {
				if owns, err := g.owns(d, ".", roleParticipant, 1); !owns || err != nil {
					t.Fatalf("pattern %b: a crash has undone the claim: %v, %v", pattern, owns, err)
				}
			}
			if err := g.claim(d, ".", roleParticipant, 1); err != nil {
				t.Fatalf("a crash at call %d, pattern %b: %v", call, pattern, err)
			}
			if err := g.claim(d, ".", roleParticipant, 2); !errors.As(err, new(*WrongDirError)) {
				t.Fatalf("a crash at call %d, pattern %b: another node: %v", call, pattern, err)
			}
		}
		if !interrupted {
			return
		}
	}
}
