package box

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/participant"
)

// roomy is a space whose free bytes the test says.
func roomy(free *uint64) (*space, *bytes.Buffer) {
	var said bytes.Buffer
	s := newSpace("somewhere", 100<<20, slog.New(slog.NewTextHandler(&said, nil)))
	s.free = func(string) (uint64, error) { s.looked = time.Time{}; return *free, nil }
	return s, &said
}

func TestSpace(t *testing.T) {
	free := uint64(100 << 20)
	s, said := roomy(&free)
	look := func() bool { s.looked = time.Time{}; return s.isLow() }
	for _, c := range []struct {
		mib  uint64
		low  bool
		said int
	}{{100, false, 0}, {99, true, 1}, {3, true, 1}, {100, false, 2}, {1, true, 3}} {
		free = c.mib << 20
		if low := look(); low != c.low || strings.Count(said.String(), "\n") != c.said {
			t.Errorf("%d MiB free: low %v, said %q", c.mib, low, said)
		}
	}
	s.free = func(string) (uint64, error) { return 0, errors.New("it does not say") }
	if look() {
		t.Error("a disk that does not say is taken for a full one")
	}
	s.free = func(string) (uint64, error) { t.Error("asked without a reserve"); return 0, nil }
	s.reserve = 0
	look()
}

// yes is a role that votes for everything.
type yes struct{ participant.Role }

func (yes) Vote(*batch3pc.Batch, bool) batch3pc.Vote { return batch3pc.Vote{Yes: true} }

// TestCarefulVotes: with a disk that is nearly full a role votes "not now", but not while its log is replayed, and not
// on what is decided.
func TestCarefulVotes(t *testing.T) {
	free := uint64(0)
	s, _ := roomy(&free)
	c := &careful{Role: yes{}, space: s}
	vote := func(decided bool) batch3pc.Vote { s.looked = time.Time{}; return c.Vote(nil, decided) }
	if !vote(false).Yes {
		t.Error("it refuses what its log says that it voted for")
	}
	c.live = true
	if v := vote(false); v.Yes || v.Reason != batch3pc.ReasonInfra {
		t.Errorf("vote %+v, want not now", v)
	}
	if !vote(true).Yes {
		t.Error("it refuses what is decided")
	}
	free = 100 << 20
	if !vote(false).Yes {
		t.Error("it refuses with room on its disk")
	}
}

// TestLiveFeedTellsOfDisk: a live source is read on while the disk is nearly full, and the engine is told, who refuses; it
// waits only when half of the reserve is gone.
func TestLiveFeedTellsOfDisk(t *testing.T) {
	f := newFeed(script{1, 2, 3}, 8)
	free, looks := uint64(40<<20), 0
	f.space, _ = roomy(&free)
	var told []bool
	f.diskFull = func(full bool) { told = append(told, full) }
	f.spent.Store(true) // as the last look said
	f.space.free = func(string) (uint64, error) {
		f.space.looked = time.Time{}
		if looks++; looks > 3 {
			free = 60 << 20
		} else if f.ring.Len() > 0 {
			t.Error("commands were taken before there was room for their rejects")
		}
		return free, nil
	}
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fed(t, f); len(got) != 3 || len(told) < 4 || slices.Contains(told, false) {
		t.Errorf("%d commands, told %v, want 3, and that it is full", len(got), told)
	}
}

// TestFeedWaitsForDisk: nothing is taken from the source while the disk is nearly full, and everything afterwards.
func TestFeedWaitsForDisk(t *testing.T) {
	f := newFeed(script{1, 2, 3}, 8)
	free, looks := uint64(0), 0
	f.space, _ = roomy(&free)
	f.space.free = func(string) (uint64, error) {
		f.space.looked = time.Time{}
		if looks++; looks > 3 {
			free = 100 << 20
		} else if f.ring.Len() > 0 {
			t.Error("commands were taken before there was room")
		}
		return free, nil
	}
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fed(t, f); len(got) != 3 || looks < 4 {
		t.Errorf("%d commands after %d looks, want 3 after 4", len(got), looks)
	}
}
