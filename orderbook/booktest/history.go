package booktest

import (
	"fmt"

	"github.com/tezi-exchange/tezi/orderbook"
)

// what is the kind of a command.
type what uint8

const (
	whatAdd what = iota
	whatModify
	whatReduce
	whatCancel
	whatCancelWhere
	whatTrigger
	whatActivate
	whatHoldStops
	whatSetLastPrice
	whatSetRange
	whatOpenAuction
	whatEquilibrium
	whatUncross
	whatCloseAuction
)

// command is a command as it was given, to be told when something is wrong.
type command struct {
	what  what
	order orderbook.Order // also the number, price or quantity of other commands
	room  int             // for fills or crosses
	flag  bool
}

// String returns the command as Go would call it.
func (c command) String() string {
	o := &c.order
	switch c.what {
	case whatAdd:
		return fmt.Sprintf("Add(&%#v), room %d", *o, c.room)
	case whatModify:
		return fmt.Sprintf("Modify(%d, &%#v), room %d", o.ID, *termsOf(o), c.room)
	case whatReduce:
		return fmt.Sprintf("Reduce(%d, %d)", o.ID, o.Qty)
	case whatCancel:
		return fmt.Sprintf("Cancel(%d)", o.ID)
	case whatCancelWhere:
		return fmt.Sprintf("CancelWhere(%d, ...)", o.Side)
	case whatTrigger:
		return fmt.Sprintf("Trigger(), room %d", c.room)
	case whatActivate:
		return fmt.Sprintf("Activate(%d), room %d", o.ID, c.room)
	case whatHoldStops:
		return fmt.Sprintf("HoldStops(%v)", c.flag)
	case whatSetLastPrice:
		return fmt.Sprintf("SetLastPrice(%d)", o.Price)
	case whatSetRange:
		return fmt.Sprintf("SetRange(%d, %d)", o.Price, o.Trigger)
	case whatOpenAuction:
		return "OpenAuction()"
	case whatEquilibrium:
		return fmt.Sprintf("Equilibrium(%d)", o.Price)
	case whatUncross:
		return fmt.Sprintf("Uncross(%d, %v), room %d", o.Price, c.flag, c.room)
	case whatCloseAuction:
		return fmt.Sprintf("CloseAuction(%d)", o.Price)
	}
	return fmt.Sprintf("command %d", c.what)
}

// history keeps the last commands.
type history struct {
	last [historyMax]command
	done int // commands so far
}

const historyMax = 60

func (h *history) note(c command) {
	h.last[h.done%historyMax] = c
	h.done++
}

// unnote takes the last command back, which did nothing.
func (h *history) unnote() { h.done-- }

// String returns the commands, one a line, the oldest first.
func (h *history) String() (text string) {
	for i := max(0, h.done-historyMax); i < h.done; i++ {
		text += fmt.Sprintf("  %d: %v\n", i+1, h.last[i%historyMax])
	}
	return text
}
