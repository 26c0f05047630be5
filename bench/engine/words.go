package engine

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/bench/word"
)

// wordTrips is how often a word goes to and fro at a time: some milliseconds, on free cores.
const wordTrips = 5_000

// words are trips of a bare word; nil: none.
type words struct{ trips *hdrhistogram.Histogram }

func (w *words) measure(c clock.Clock) {
	h := word.Trips(c, wordTrips)
	if h != nil && w.trips != nil {
		h.Merge(w.trips)
	}
	w.trips = h
}

// ns is the median of half a trip, 0 if there was none.
func (w *words) ns() float64 {
	if w.trips == nil {
		return 0
	}
	return float64(w.trips.ValueAtQuantile(50)) / 2
}
