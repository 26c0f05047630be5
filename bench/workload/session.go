package workload

import (
	"math/bits"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/rulebook"
)

// Continuous trading, 09:15 to 15:30, in jiffies of 1/65,536 s.
const (
	jiffiesPerSecond = 1 << 16
	sessionOpen      = (9*60 + 15) * 60 * jiffiesPerSecond // since midnight
	sessionBins      = 25                                  // quarters of an hour
	binJiffies       = 15 * 60 * jiffiesPerSecond
	sessionJiffies   = sessionBins * binJiffies
)

// prologue is when the instruments of the day are defined and their rules are set: 08:30.
const prologue = (8*60 + 30) * 60 * jiffiesPerSecond

// activity is how many messages each quarter of an hour of continuous trading sees, relative to the
// others: the rush of the open, a flat noon, and the climb into the close.
var activity = [sessionBins]uint64{
	250, 165, 135, 120, 108, // 09:15
	100, 95, 90, 86, 82, // 10:30
	78, 74, 70, 66, 64, // 11:45
	64, 68, 74, 82, 88, // 13:00
	96, 108, 124, 150, 195, // 14:15
}

// activityIn is how many messages a phase outside of continuous trading sees in all, on the same scale.
// The first table of a day sums up to about 2,600, so a pre-open session gets 2 % of the messages.
var activityIn = [codec.PhaseCount]uint64{
	codec.PhasePreOpen:      42,
	codec.PhasePreOpenLimit: 10,
	codec.PhaseHalted:       3,
	codec.PhaseClosing:      30,
	codec.PhaseClosingLimit: 10,
	codec.PhasePostClose:    10,
}

// weightUnits is what an activity of 1 weighs: quarters of an hour that a phase cuts short weigh less
// in proportion.
const weightUnits = 64

// event is the beginning of a phase, as it was drawn.
type event struct {
	at      uint64 // jiffies since midnight
	phase   codec.Phase
	auction codec.AuctionFlags
}

// bin is a part of the day in which messages come evenly.
type bin struct {
	from, length uint64 // jiffies since midnight
	weight       uint64 // how many of them, relative to the others
	before       uint64 // weight of all bins before
}

// calendar is the day of a class of instruments: its phases, and how messages spread over them.
type calendar struct {
	events []event
	bins   []bin // ascending, with gaps between them
	weight uint64
}

// newCalendar draws the times of the day. They are the same for all classes (of one segment).
func newCalendar(c *Config, class rulebook.Class) *calendar {
	events := rulebook.Timetable(c.date(), class)
	if !c.NoHalt {
		events = withHalt(c, events)
	}
	cal := &calendar{events: make([]event, len(events))}
	for i, e := range events {
		at := mulDiv(uint64(e.Draw(mix(c.Seed^uint64(e.From)))), jiffiesPerSecond, uint64(time.Second))
		cal.events[i] = event{max(at, prologue), e.Phase, e.Auction}
	}
	for i, e := range cal.events[:len(cal.events)-1] {
		cal.divide(e.phase, e.at, cal.events[i+1].at)
	}
	return cal
}

// The fall of the index that trips the circuit breaker: 10 % of what NIFTY 50 stood at on some day. The index
// is none of the day's stocks, whose prices do not know of it.
const (
	indexClose = 24_198_85
	indexFall  = indexClose/10 + 5
)

// withHalt puts a market-wide halt of a quarter of an hour, and the auction behind it, into the day: the
// shortest that there is, between 13:00 and 14:00, when trading is slack.
func withHalt(c *Config, events []rulebook.Event) []rulebook.Event {
	at := int64(13*time.Hour) + int64(mix(c.Seed^golden)%600)*int64(time.Second)
	var breaker rulebook.Breaker
	minutes, _, halted := breaker.Index(indexClose, indexClose-indexFall, at)
	if !halted {
		panic("workload: the circuit breaker does not trip")
	}
	var all []rulebook.Event
	for i, e := range events {
		if all = append(all, e); e.At <= at && events[i+1].From > at {
			all = append(all, rulebook.AfterHalt(at, minutes, c.date())...)
		}
	}
	return all
}

// divide makes the bins of a phase.
func (cal *calendar) divide(phase codec.Phase, from, to uint64) {
	if phase != codec.PhaseContinuous && phase != codec.PhaseAverage {
		cal.add(from, to, activityIn[phase]*weightUnits)
		return
	}
	for from < to {
		quarter := min((from-sessionOpen)/binJiffies, sessionBins-1)
		end := min(sessionOpen+(quarter+1)*binJiffies, to)
		cal.add(from, end, activity[quarter]*weightUnits*(end-from)/binJiffies)
		from = end
	}
}

func (cal *calendar) add(from, to, weight uint64) {
	if weight > 0 && to > from {
		cal.bins = append(cal.bins, bin{from, to - from, weight, cal.weight})
		cal.weight += weight
	}
}

// placeBits is the resolution of a place in the day.
const placeBits = 20

// clock turns "the k-th of n messages" into a time by the activity of the day. Times come out
// ascending for ascending k, so it needs to remember only the bin it is in.
type clock struct {
	*calendar
	quota uint64 // n
	bin   int    // of the last time drawn
	now   int    // bin of the last message
}

// at returns the time of message k of the quota, in jiffies since midnight, at a random place in
// the k-th of n equal shares of the day's activity. k must not fall from call to call.
func (c *clock) at(k uint64, r *random) uint64 {
	// k < OrdersPerMax < 2^29, so the share fits 64 bits with its 20 of fraction.
	share := k<<placeBits | r.next()>>(64-placeBits)
	hi, lo := bits.Mul64(share, c.weight)
	place, _ := bits.Div64(hi, lo, c.quota)
	for place >= (c.bins[c.bin].before+c.bins[c.bin].weight)<<placeBits {
		c.bin++
	}
	b := &c.bins[c.bin]
	within := place - b.before<<placeBits
	return b.from + within*b.length/(b.weight<<placeBits) // 2^34 x 2^26
}

// open returns t if messages come then, or else when they come again; in the evening it is the last
// moment of the day. t must not fall from call to call.
func (c *clock) open(t uint64) uint64 {
	for t >= c.bins[c.now].from+c.bins[c.now].length {
		if c.now == len(c.bins)-1 {
			return c.bins[c.now].from + c.bins[c.now].length - 1
		}
		c.now++
	}
	return max(t, c.bins[c.now].from)
}
