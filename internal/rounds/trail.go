package rounds

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/journal"
)

// trail remembers places in the log of this life, so that a batch is found without reading what lies before it.
// Everything behind a milestone's batch is in the log behind its place, because at that place the log ended with
// it: what came later, or came again, was written later.
type trail struct {
	every batch3pc.Seq // numbers from one milestone to the next
	stops []milestone  // by rising seq
}

type milestone struct {
	seq   batch3pc.Seq // the log ended with it
	place journal.Place
}

// Of a trail: how far milestones are apart at first, and how many there are at most; then every other one goes,
// and they are twice as far apart.
const (
	trailEvery = 64
	trailMax   = 4096
)

// passed notes that the log ends with batch at.
func (t *trail) passed(at batch3pc.Seq, place func() journal.Place) {
	for n := len(t.stops); n > 0 && t.stops[n-1].seq > at; n-- {
		t.stops = t.stops[:n-1] // it was dropped; the place would do, but not the order
	}
	t.every = max(t.every, trailEvery)
	if n := len(t.stops); n > 0 && at-t.stops[n-1].seq < t.every {
		return
	}
	if len(t.stops) == trailMax {
		for i := range trailMax / 2 {
			t.stops[i] = t.stops[2*i]
		}
		t.stops, t.every = t.stops[:trailMax/2], 2*t.every
	}
	if t.stops == nil {
		t.stops = make([]milestone, 0, trailMax)
	}
	t.stops = append(t.stops, milestone{at, place()})
}

// before is the last milestone from which everything behind batch at is found.
func (t *trail) before(at batch3pc.Seq) (journal.Place, bool) {
	for n := len(t.stops); n > 0; n-- {
		if t.stops[n-1].seq <= at {
			return t.stops[n-1].place, true
		}
	}
	return journal.Place{}, false
}
