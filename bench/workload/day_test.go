package workload

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// open starts a day that ends with the test.
func open(t testing.TB, c Config) *Day {
	t.Helper()
	d, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// each calls visit for every command of a day.
func each(t testing.TB, d *Day, visit func(c *codec.Command)) {
	t.Helper()
	var c codec.Command
	for {
		err := d.Next(&c)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		visit(&c)
	}
}

// hashes of whole days, commands and fills. I1: they change when the flow does, and never else.
func TestGoldenHashes(t *testing.T) {
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{Seed: 0, Orders: 100_000}, "1a3c3f7482ca4c23"},
		{Config{Seed: 1, Orders: 100_000, Instruments: 1}, "c32af0f38e475276"},
		{Config{Seed: 1, Orders: 100_000, Instruments: 2000, Layout: SymbolOrder}, "4e374429cd776f16"},
		{Config{Seed: 1<<64 - 1, Orders: 1000, Instruments: 7, Members: 3, Clients: 5, Resting: 300}, "9b267a41839cd096"},
	} {
		d := open(t, test.config)
		h := xxhash.New()
		one := make([]codec.Command, 1)
		each(t, d, func(c *codec.Command) {
			one[0] = *c
			_, _ = h.Write(codec.CommandBytes(one))
			for _, f := range d.Fills() {
				_, _ = fmt.Fprintf(h, "%d %d %d;", f.Maker, f.Price, f.Qty)
			}
		})
		if got := fmt.Sprintf("%016x", h.Sum64()); got != test.want {
			t.Errorf("%+v: hash %s, want %s", test.config, got, test.want)
		}
	}
}

// message is a command without what depends on the other symbols.
func messageOf(c *codec.Command) codec.Command {
	m := *c
	m.Instrument, m.Ref = 0, 0
	return m
}

// I2: both layouts hold the same messages for each symbol.
func TestLayoutsHoldTheSameMessages(t *testing.T) {
	read := func(layout Layout) map[string][]codec.Command {
		d := open(t, Config{Seed: 5, Orders: 20_000, Instruments: 40, Layout: layout})
		messages, names := map[string][]codec.Command{}, map[uint32]string{}
		each(t, d, func(c *codec.Command) {
			if c.Kind == codec.KindDefine {
				names[c.AsInstrument().Instrument] = c.AsInstrument().Name()
				return
			}
			name := names[c.Instrument]
			messages[name] = append(messages[name], messageOf(c))
		})
		return messages
	}
	byTime, bySymbol := read(TimeOrder), read(SymbolOrder)
	if len(byTime) != 40 || len(bySymbol) != 40 {
		t.Fatalf("%d and %d symbols, want 40", len(byTime), len(bySymbol))
	}
	for name, want := range byTime {
		got := bySymbol[name]
		if len(got) != len(want) {
			t.Fatalf("%s: %d messages in symbol order, %d in time order", name, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s message %d: %+v in symbol order, %+v in time order", name, i, got[i], want[i])
			}
		}
	}
}

// apply does a command on a book with nothing but what the command says.
func apply(b *orderbook.Book, c *codec.Command, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	market := c.Flags&codec.FlagMarket != 0
	switch c.Kind {
	case codec.KindNew:
		return b.Add(&orderbook.Order{ID: c.Order, Side: c.Side, TIF: c.TIF, Market: market, Price: c.Price, Qty: c.Qty}, fills)
	case codec.KindModify:
		return b.Modify(c.Order, &orderbook.Terms{Market: market, TIF: c.TIF, Price: c.Price, Qty: c.Qty}, fills)
	case codec.KindCancel:
		return fills, b.Cancel(c.Order)
	}
	panic("a kind that a day does not have")
}

// The fills and rejects that a Day tells are those that its commands lead to elsewhere, in an arena
// of the size it names.
func TestCommandsLeadToTheFillsTold(t *testing.T) {
	d := open(t, Config{Seed: 9, Orders: 200_000, Instruments: 20, Resting: 5_000})
	arena := orderbook.NewArena(d.RestingMax())
	defer arena.Close()
	books := []*orderbook.Book{nil}
	var rejects [orderbook.RejectReasonCount]uint64
	buffer := make([]orderbook.Fill, 0, 4096)
	trades := 0
	each(t, d, func(c *codec.Command) {
		if c.Kind == codec.KindDefine {
			if got := c.AsInstrument().Instrument; int(got) != len(books) {
				t.Fatalf("instrument %d defined, want %d", got, len(books))
			}
			books = append(books, orderbook.NewBook(arena))
			return
		}
		if int(c.Instrument) >= len(books) || c.Instrument == 0 {
			t.Fatalf("message for instrument %d, %d are defined", c.Instrument, len(books)-1)
		}
		fills, result := apply(books[c.Instrument], c, buffer)
		rejects[result.Reject]++
		trades += len(fills)
		told := d.Fills()
		if len(fills) != len(told) {
			t.Fatalf("%+v: %d fills, told %d", c, len(fills), len(told))
		}
		for i := range fills {
			if f, g := fills[i], told[i]; f.Maker != g.Maker || f.Price != g.Price || f.Qty != g.Qty || f.MakerLeft != g.MakerLeft {
				t.Fatalf("%+v: fill %d is %+v, told %+v", c, i, f, g)
			}
		}
	})
	s := d.Stats()
	if rejects != s.Rejects {
		t.Errorf("rejects %v, told %v", rejects, s.Rejects)
	}
	if trades == 0 || uint64(trades) != s.Trades {
		t.Errorf("%d trades, told %d", trades, s.Trades)
	}
	if arena.Live() != s.Resting {
		t.Errorf("%d orders rest, told %d", arena.Live(), s.Resting)
	}
}

// The end stays the end, and tells no fills.
func TestEnd(t *testing.T) {
	d := open(t, Config{Orders: 10, Instruments: 3})
	n := uint64(0)
	each(t, d, func(*codec.Command) { n++ })
	if s := d.Stats(); s.Messages != 10 || n != s.Messages+s.Defines || s.Defines != 3 {
		t.Errorf("%d commands, stats %+v, want 10 messages and 3 definitions", n, s)
	}
	var c codec.Command
	for range 3 {
		if err := d.Next(&c); err != io.EOF {
			t.Fatalf("behind the end: %v, want io.EOF", err)
		}
	}
	if d.Fills() != nil {
		t.Errorf("fills %v behind the end", d.Fills())
	}
}

// I3: no allocation per command, with weeding of the candidates and definitions included.
func TestNextDoesNotAllocate(t *testing.T) {
	d := open(t, Config{Orders: 1_000_000, Instruments: 100, Resting: 4_000})
	var c codec.Command
	allocs := testing.AllocsPerRun(100_000, func() {
		if err := d.Next(&c); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a command", allocs)
	}
}
