//tezi:pure

package rulebook

import (
	"time"

	"github.com/tezi-exchange/tezi/codec"
)

// Event is the beginning of a phase. Times are ns since midnight in India. Where the exchange closes
// a phase at random, the next begins anywhere in [From, At]; elsewhere From == At.
type Event struct {
	From, At int64
	Phase    codec.Phase
	Auction  codec.AuctionFlags
}

// Draw returns the time at which the phase begins for a random number u: a whole number of
// milliseconds behind From, each as likely as the others, and not behind At. Segments draw apart.
func (e Event) Draw(u uint64) int64 {
	const msNs = int64(time.Millisecond)
	times := uint64((e.At-e.From)/msNs) + 1
	return e.From + int64(u%times)*msNs
}

// at is an event with a fixed time.
func at(hour, minute int64, p codec.Phase) Event {
	return Event{From: clock(hour, minute), At: clock(hour, minute), Phase: p}
}

// random is an event between two minutes of one hour.
func random(hour, from, to int64, p codec.Phase) Event {
	return Event{From: clock(hour, from), At: clock(hour, to), Phase: p}
}

// marketFirst is an event of an auction that fills market orders before limit orders.
func marketFirst(e Event) Event {
	e.Auction |= codec.AuctionMarketFirst
	return e
}

// The days on which a timetable changed.
const (
	futuresPreOpenDay  Date = 20251208 // pre-open auction in futures: NSE/FAOP/71092
	closingAuctionDay  Date = 20260803 // closing auction, derivatives to 15:40: NSE/CMTR/74466, NSE/FAOP/74467
	preOpenRevisionDay Date = 20260907 // pre-open in two parts, market orders first: SEBI of 16 Jan 2026, NSE/FAOP/74970
)

// edition is a timetable and the first day on which it held.
type edition struct {
	since  Date
	events []Event
}

// The pieces that days are made of.
var (
	night = []Event{at(0, 0, codec.PhaseClosed)}

	preOpen = []Event{
		at(9, 0, codec.PhasePreOpen),
		random(9, 7, 8, codec.PhasePreOpenMatch),
		at(9, 12, codec.PhaseClosed),
	}
	preOpenRevised = []Event{
		marketFirst(at(9, 0, codec.PhasePreOpen)),
		marketFirst(at(9, 5, codec.PhasePreOpenLimit)),
		marketFirst(random(9, 8, 10, codec.PhasePreOpenMatch)),
		at(9, 12, codec.PhaseClosed),
	}

	continuous = []Event{at(9, 15, codec.PhaseContinuous)}

	closeAverage = []Event{
		at(15, 0, codec.PhaseAverage),
		at(15, 30, codec.PhaseClosed),
	}
	closeAuction = []Event{
		at(15, 0, codec.PhaseAverage), // the average until 15:15 is the reference price
		at(15, 15, codec.PhaseReference),
		marketFirst(at(15, 20, codec.PhaseClosing)),
		marketFirst(at(15, 25, codec.PhaseClosingLimit)),
		marketFirst(random(15, 28, 30, codec.PhaseClosingMatch)),
		at(15, 35, codec.PhaseClosed),
	}

	postClose      = []Event{at(15, 40, codec.PhasePostClose), at(16, 0, codec.PhaseEndOfDay)}
	postCloseLater = []Event{at(15, 50, codec.PhasePostClose), at(16, 0, codec.PhaseEndOfDay)}

	derivativesEnd      = []Event{at(15, 0, codec.PhaseAverage), at(15, 30, codec.PhaseEndOfDay)}
	derivativesEndLater = []Event{at(15, 10, codec.PhaseAverage), at(15, 40, codec.PhaseEndOfDay)}
)

// The editions of each kind of timetable, newest first.
var (
	cashEditions = []edition{
		{preOpenRevisionDay, day(preOpenRevised, continuous, closeAverage, postCloseLater)},
		{closingAuctionDay, day(preOpen, continuous, closeAverage, postCloseLater)},
		{0, day(preOpen, continuous, closeAverage, postClose)},
	}
	cashDerivativesEditions = []edition{
		{preOpenRevisionDay, day(preOpenRevised, continuous, closeAuction, postCloseLater)},
		{closingAuctionDay, day(preOpen, continuous, closeAuction, postCloseLater)},
		{0, day(preOpen, continuous, closeAverage, postClose)},
	}
	futureEditions = []edition{
		{preOpenRevisionDay, day(preOpenRevised, continuous, derivativesEndLater)},
		{closingAuctionDay, day(preOpen, continuous, derivativesEndLater)},
		{futuresPreOpenDay, day(preOpen, continuous, derivativesEnd)},
		{0, day(continuous, derivativesEnd)},
	}
	optionEditions = []edition{
		{closingAuctionDay, day(continuous, derivativesEndLater)},
		{0, day(continuous, derivativesEnd)},
	}
)

// day joins the pieces of a day behind the night before it.
func day(pieces ...[]Event) []Event {
	events := night
	for _, p := range pieces {
		events = append(events[:len(events):len(events)], p...)
	}
	return events
}

// Timetable returns the phases of a trading day, ascending (R2). The slice is shared: it must not be
// changed. It is empty for ClassOther, which trades continuously all day.
//
// Of futures it is the timetable of those with a pre-open auction: the current month, and in the last
// five trading days before its expiry the next month too. The others have the timetable of options.
// Which days are trading days, and special sessions, are not told here.
func Timetable(d Date, c Class) []Event {
	switch c {
	case ClassCash:
		return since(cashEditions, d)
	case ClassCashDerivatives:
		return since(cashDerivativesEditions, d)
	case ClassIndexFuture, ClassStockFuture:
		return since(futureEditions, d)
	case ClassIndexOption, ClassStockOption:
		return since(optionEditions, d)
	}
	return nil
}

// since returns the newest edition that holds on d.
func since(editions []edition, d Date) []Event {
	for i := range editions {
		if d >= editions[i].since {
			return editions[i].events
		}
	}
	panic("rulebook: the oldest edition does not stand for all days before")
}
