package box

import (
	"fmt"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/engine"
)

// Fills compares the committed trades with a recorded list, fill by fill, in order.
type Fills struct {
	expected []commandcsv.Fill
	matched  int
	seen     int
	last     uint64 // command of the previous trade
	no       int    // fills of that command so far
	first    error  // the first difference
}

// MismatchError is the first difference between the committed trades and the expected fills.
type MismatchError struct {
	No        int // of the fill, from 1
	Want, Got string
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("fill %d differs: want %s, got %s", e.No, e.Want, e.Got)
}

func describe(f *commandcsv.Fill) string {
	return fmt.Sprintf("aggressor %s passive %s price %d quantity %d (fill %d of its command)",
		commandcsv.AppendOrderID(nil, f.Aggressor), commandcsv.AppendOrderID(nil, f.Passive), f.Price, f.Qty, f.No)
}

// take compares the trades of one committed batch.
func (f *Fills) take(c *engine.Committed) {
	for i := range c.Payload.Trades {
		t := &c.Payload.Trades[i]
		if cmd := c.Payload.FirstCommand + uint64(t.Command); cmd != f.last {
			f.last, f.no = cmd, 0
		}
		f.no++
		f.seen++
		f.compare(t)
	}
}

func (f *Fills) compare(t *codec.Trade) {
	got := commandcsv.Fill{No: uint32(f.no), Aggressor: t.Taker, Passive: t.Maker, Price: t.Price, Qty: t.Qty}
	if f.seen > len(f.expected) {
		if f.first == nil {
			f.first = &MismatchError{f.seen, "no more fills", describe(&got)}
		}
		return
	}
	want := f.expected[f.seen-1]
	want.Command = 0 // the recorded list numbers commands by its own file
	if want == got {
		f.matched++
	} else if f.first == nil {
		f.first = &MismatchError{f.seen, describe(&want), describe(&got)}
	}
}

// err returns the first difference, or what is missing at the end.
func (f *Fills) err() error {
	if f.first == nil && f.seen < len(f.expected) {
		return &MismatchError{f.seen + 1, describe(&f.expected[f.seen]), "no more fills"}
	}
	return f.first
}
