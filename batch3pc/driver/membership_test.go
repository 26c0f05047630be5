package driver

import (
	"context"
	"errors"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// TestChangeMembersGivesUp: whoever asks for other members gives up when its ctx ends, also when the loop has the wish and
// does not come to it.
func TestChangeMembersGivesUp(t *testing.T) {
	c := &CoordinatorNode{node: &node{bell: ringbuf.NewBell(ringbuf.WaitPark), ended: make(chan struct{})}, changes: make(chan change)}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-c.changes
		cancel()
	}()
	if err := c.ChangeMembers(ctx, []batch3pc.NodeID{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
