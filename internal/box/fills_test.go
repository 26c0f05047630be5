package box

import (
	"errors"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/engine"
)

// recorded is a list of three fills: one of command 3, two of command 8.
var recorded = []commandcsv.Fill{
	{Command: 3, No: 1, Aggressor: 31, Passive: 11, Price: 9990, Qty: 5},
	{Command: 8, No: 1, Aggressor: 32, Passive: 12, Price: 10000, Qty: 10},
	{Command: 8, No: 2, Aggressor: 32, Passive: 13, Price: 10010, Qty: 2},
}

// batches are the committed batches that hold these fills: command 8 is cut in two by them.
func batches() []*engine.Committed {
	trade := func(command uint32, f commandcsv.Fill) codec.Trade {
		return codec.Trade{Command: command, Taker: f.Aggressor, Maker: f.Passive, Price: f.Price, Qty: f.Qty}
	}
	return []*engine.Committed{
		{Payload: codec.Payload{FirstCommand: 1, Trades: []codec.Trade{trade(2, recorded[0])}}},
		{Payload: codec.Payload{FirstCommand: 6, Trades: []codec.Trade{trade(2, recorded[1])}}},
		{Payload: codec.Payload{FirstCommand: 8, Trades: []codec.Trade{trade(0, recorded[2])}}},
	}
}

func TestFills(t *testing.T) {
	list := func(change func(l []commandcsv.Fill) []commandcsv.Fill) []commandcsv.Fill {
		return change(append([]commandcsv.Fill(nil), recorded...))
	}
	for name, c := range map[string]struct {
		expected []commandcsv.Fill
		matched  int
		differs  int // number of the fill; 0: none
		want     string
		got      string
	}{
		"equal": {recorded, 3, 0, "", ""},
		"the list numbers commands by its own file": {list(func(l []commandcsv.Fill) []commandcsv.Fill { l[0].Command = 77; return l }), 3, 0, "", ""},
		"quantity": {list(func(l []commandcsv.Fill) []commandcsv.Fill { l[1].Qty++; return l }), 2, 2,
			"aggressor 32 passive 12 price 10000 quantity 11 (fill 1 of its command)", "aggressor 32 passive 12 price 10000 quantity 10 (fill 1 of its command)"},
		"price": {list(func(l []commandcsv.Fill) []commandcsv.Fill { l[0].Price--; return l }), 2, 1,
			"aggressor 31 passive 11 price 9989 quantity 5 (fill 1 of its command)", "aggressor 31 passive 11 price 9990 quantity 5 (fill 1 of its command)"},
		"aggressor": {list(func(l []commandcsv.Fill) []commandcsv.Fill { l[2].Aggressor++; return l }), 2, 3,
			"aggressor 33 passive 13 price 10010 quantity 2 (fill 2 of its command)", "aggressor 32 passive 13 price 10010 quantity 2 (fill 2 of its command)"},
		"passive": {list(func(l []commandcsv.Fill) []commandcsv.Fill { l[2].Passive++; return l }), 2, 3,
			"aggressor 32 passive 14 price 10010 quantity 2 (fill 2 of its command)", "aggressor 32 passive 13 price 10010 quantity 2 (fill 2 of its command)"},
		"place among the command's fills": {list(func(l []commandcsv.Fill) []commandcsv.Fill { l[2].No = 1; return l }), 2, 3,
			"aggressor 32 passive 13 price 10010 quantity 2 (fill 1 of its command)", "aggressor 32 passive 13 price 10010 quantity 2 (fill 2 of its command)"},
		"the first of two differences": {list(func(l []commandcsv.Fill) []commandcsv.Fill { l[0].Qty, l[2].Qty = 1, 1; return l }), 1, 1,
			"aggressor 31 passive 11 price 9990 quantity 1 (fill 1 of its command)", "aggressor 31 passive 11 price 9990 quantity 5 (fill 1 of its command)"},
		"one is missing in the list": {list(func(l []commandcsv.Fill) []commandcsv.Fill { return l[:2] }), 2, 3,
			"no more fills", "aggressor 32 passive 13 price 10010 quantity 2 (fill 2 of its command)"},
		"one too many in the list": {list(func(l []commandcsv.Fill) []commandcsv.Fill { return append(l, l[0]) }), 3, 4,
			"aggressor 31 passive 11 price 9990 quantity 5 (fill 1 of its command)", "no more fills"},
		"an empty list": {[]commandcsv.Fill{}, 0, 1, "no more fills", "aggressor 31 passive 11 price 9990 quantity 5 (fill 1 of its command)"},
	} {
		f := Fills{expected: c.expected}
		for _, b := range batches() {
			f.take(b)
		}
		if f.matched != c.matched {
			t.Errorf("%s: %d fills matched, want %d", name, f.matched, c.matched)
		}
		err := f.err()
		var differs *MismatchError
		switch {
		case c.differs == 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.differs > 0 && (!errors.As(err, &differs) || *differs != MismatchError{c.differs, c.want, c.got}):
			t.Errorf("%s: %+v, want fill %d: want %s, got %s", name, err, c.differs, c.want, c.got)
		}
	}
}
