package book

import "time"

// The two tables that an Anchor walks, in words: 16 KB lie in every first-level cache, 256 KB in every
// second-level cache but not in the first.
const (
	anchorNear = 16 << 10 / 4
	anchorFar  = 256 << 10 / 4
)

// A measurement takes 1 to 2 ms, in pieces so short that some are not disturbed on a busy machine.
const (
	anchorSteps  = 1 << 14
	anchorPieces = 8
)

// Anchor is a loop of known work to compare times with. One step is a load from the second-level cache, a
// multiplication, a load from the first and another multiplication, each waiting for the one before: the
// kind of work that a book does, some 30 cycles of it.
type Anchor struct {
	best time.Duration // of all pieces
	near [anchorNear]uint32
	far  [anchorFar]uint32
	at   uint32
}

// NewAnchor fills the tables with numbers that are the same everywhere.
func NewAnchor() *Anchor {
	a := new(Anchor)
	random := uint64(1)
	word := func() uint32 {
		random = random*6364136223846793005 + 1442695040888963407
		return uint32(random >> 32)
	}
	for i := range a.near {
		a.near[i] = word()
	}
	for i := range a.far {
		a.far[i] = word()
	}
	return a
}

// Measure runs the loop once more.
func (a *Anchor) Measure() {
	for from := uint32(0); from < anchorPieces*anchorSteps; from += anchorSteps {
		a.piece(from)
	}
}

func (a *Anchor) piece(from uint32) {
	begin := time.Now()
	x := a.at
	for i := from; i < from+anchorSteps; i++ {
		y := a.far[(x*0x9e3779b1+i)>>8%anchorFar] // i keeps the walk out of short circles
		x = a.near[y*0x85ebca6b>>8%anchorNear]
	}
	a.at = x
	if took := time.Since(begin); a.best == 0 || took < a.best {
		a.best = took
	}
}

// BestNs returns the time of one step in the best piece of all measurements, nanoseconds.
func (a *Anchor) BestNs() float64 { return float64(a.best.Nanoseconds()) / anchorSteps }
