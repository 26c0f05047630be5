//tezi:pure

package rulebook

import (
	"time"

	"github.com/tezi-exchange/tezi/codec"
)

// breakerBps are the moves of an index, up or down, at which all equities and their derivatives halt.
var breakerBps = [3]uint32{1000, 1500, 2000}

// halts is a row of the table of SEBI's CIR/MRD/DP/25/2013: what each level means before a time of
// day. 0 minutes: no halt; haltRestOfDay: trading ends.
type halts struct {
	before  int64
	minutes [3]int
}

const haltRestOfDay = -1

var haltTable = []halts{
	{clock(13, 0), [3]int{45, 105, haltRestOfDay}},
	{clock(14, 0), [3]int{15, 45, haltRestOfDay}},
	{clock(14, 30), [3]int{15, haltRestOfDay, haltRestOfDay}},
	{clock(24, 0), [3]int{0, haltRestOfDay, haltRestOfDay}},
}

// Halt says what a move of NIFTY 50 or SENSEX, whichever is first, means: moveBps is its size against
// the previous close, up or down, timeOfDayNs is since midnight. minutes is how long trading halts
// before it opens again with an auction (AfterHalt), 0 with restOfDay or without halted.
func Halt(moveBps uint32, timeOfDayNs int64) (minutes int, restOfDay, halted bool) {
	level := 0
	for _, bps := range breakerBps {
		if moveBps >= bps {
			level++
		}
	}
	return haltAt(level, timeOfDayNs)
}

// haltAt is Halt for a level from 1, 0 for none.
func haltAt(level int, timeOfDayNs int64) (minutes int, restOfDay, halted bool) {
	if level == 0 {
		return 0, false, false
	}
	for i := range haltTable {
		if timeOfDayNs < haltTable[i].before {
			m := haltTable[i].minutes[level-1]
			return max(m, 0), m == haltRestOfDay, m != 0
		}
	}
	return 0, false, false
}

// BreakerLevels returns by how many points an index must move for 10, 15 and 20 %, in 1/100 of a
// point, as prevClose: cut to 1/100 and then rounded to the nearest 0.05. How NSE rounds is not
// public; this gives the figures that it publishes.
func BreakerLevels(prevClose int64) [3]int64 {
	const tick = 5
	var levels [3]int64
	for i, bps := range breakerBps {
		points := prevClose/wholeBps*int64(bps) + prevClose%wholeBps*int64(bps)/wholeBps // the product may not fit
		levels[i] = (points + tick/2) / tick * tick
	}
	return levels
}

// Breaker is the circuit breaker of one day. The zero Breaker is the start of the day. Both indices
// may be told to the same one.
type Breaker struct {
	Level uint8 // highest level reached, 0 to 3: each acts once a day
}

// Index tells the breaker where an index stands against its previous close, both in 1/100 of a
// point, and says as Halt does what follows, if a level is reached that was not reached before today.
func (b *Breaker) Index(prevClose, index, timeOfDayNs int64) (minutes int, restOfDay, halted bool) {
	if prevClose <= 0 {
		return 0, false, false
	}
	level, move := 0, max(index-prevClose, prevClose-index)
	for _, points := range BreakerLevels(prevClose) {
		if move >= points {
			level++
		}
	}
	if level <= int(b.Level) {
		return 0, false, false
	}
	b.Level = uint8(level)
	return haltAt(level, timeOfDayNs)
}

// AfterHalt returns the phases of a halt of some minutes that begins at a time of day (ns since
// midnight): halted, then the pre-open auction as it is held in the mornings of that day, then
// continuous trading. They take the place of the timetable's, which goes on behind them: every halt
// that ends is over before 15:00. The slice is the caller's.
//
// An instrument without a pre-open auction stays halted until the last of the events.
func AfterHalt(at int64, minutes int, d Date) []Event {
	end := at + int64(minutes)*int64(time.Minute)
	auction := preOpen
	if d >= preOpenRevisionDay {
		auction = preOpenRevised
	}
	shift := end - auction[0].From
	events := make([]Event, 0, len(auction)+len(continuous)+1)
	events = append(events, Event{From: at, At: at, Phase: codec.PhaseHalted})
	events = append(append(events, auction...), continuous...)
	for i := range events[1:] {
		events[i+1].From += shift
		events[i+1].At += shift
	}
	return events
}
