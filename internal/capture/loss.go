package capture

import (
	"fmt"
	"strconv"
)

// loss is something that a format cannot carry.
type loss uint8

// The losses. Each is counted, and a Note tells it.
const (
	lossOwner loss = iota
	lossSeq
	lossJiffy
	lossShift
	lossRenumber
	lossScale
	lossSegment
	lossCodes
	lossMarked
	lossLot
	lossUnreadable
	lossReduce
	lossMarket
	lossGone
	lossSelfTrade
	lossTrigger
	lossRuled
	lossValidity
	lossRest
	lossPAN
	lossCount
)

var lossTexts = [lossCount]string{
	lossOwner:      "commands: member and client have no field; a reader derives others from the order number",
	lossSeq:        "commands: the sequence number has no field",
	lossJiffy:      "commands: the time is cut to a jiffy (15.26 us)",
	lossShift:      "commands: the time is before 1980, which the format cannot say; moved forward by %d whole days",
	lossRenumber:   "commands: the order number (A and a number in a command CSV) has no place in 16 digits; written as 9000000000000000 plus the number",
	lossScale:      "instruments: the number of decimal digits of prices is not kept; tell the reader of a CSV the price scale, or read an NSE file in paise",
	lossSegment:    "instruments: no series is known; written as EQ of the capital market",
	lossCodes:      "commands: NSE's codes for algorithm and client have no column",
	lossMarked:     "commands: NSE's codes for algorithm and client are not known; written as 0 or 1 by the algo flag, and as other client",
	lossLot:        "instruments: lot and tick have no field",
	lossUnreadable: "records could not be read and are left out",
	lossReduce:     "commands: a reduce is written as the modify or cancel it amounts to",
	lossMarket:     "commands: phases, rules, limits, mass cancels and kill switches have no record; a reader takes the phases from the timetable of the day",
	lossGone:       "orders: what a mass cancel, a kill switch or a price band took out is written as cancelled",
	lossSelfTrade:  "orders: what self-trade prevention took out is written as cancelled before, or entered without it",
	lossTrigger:    "orders: the entry into the market of a triggered stop-loss order is written as a second entry",
	lossRuled:      "commands: rejected or cut short by a rule that has no record; left out, or written with what they traded",
	lossRest:       "commands: a market order whose rest stays is written with the limit at which it rests",
	lossPAN:        "commands: the PAN and whom self-trade prevention cancels have no field",
	lossValidity:   "commands: the validity has no field; GTC and GTD are written as day, FOK as what it came to",
}

// Note tells something that a written file does not say as its source did.
type Note struct {
	Count uint64 `json:"count"`
	Text  string `json:"text"` // "commands: ...", to be read behind the count
}

// String returns "12 commands: ...".
func (n Note) String() string { return strconv.FormatUint(n.Count, 10) + " " + n.Text }

// losses counts by loss.
type losses struct {
	counts    [lossCount]uint64
	shiftDays int64
}

func (l *losses) add(what loss) { l.counts[what]++ }

// notes lists what was counted, in the order of the constants.
func (l *losses) notes() []Note {
	var out []Note
	for i, n := range l.counts {
		if n == 0 {
			continue
		}
		text := lossTexts[i]
		if loss(i) == lossShift {
			text = fmt.Sprintf(text, l.shiftDays)
		}
		out = append(out, Note{n, text})
	}
	return out
}
