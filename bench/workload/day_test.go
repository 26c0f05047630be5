package workload

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/codec"
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

// hashes of whole days, commands and trades. I1: they change when the flow or a rule does, and never else.
func TestGoldenHashes(t *testing.T) {
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{Seed: 0, Orders: 100_000}, "952e69389acb15c3"},
		{Config{Seed: 1, Orders: 100_000, Instruments: 1}, "eb77168be0f73df5"},
		{Config{Seed: 1, Orders: 100_000, Instruments: 2000, Layout: SymbolOrder}, "854db1d21c7f28c9"},
		{Config{Seed: 1<<64 - 1, Orders: 1000, Instruments: 7, Members: 3, Clients: 5, Resting: 300, NoHalt: true}, "1998d6b3574a4634"},
	} {
		d := open(t, test.config)
		h := xxhash.New()
		one := make([]codec.Command, 1)
		each(t, d, func(c *codec.Command) {
			one[0] = *c
			_, _ = h.Write(codec.CommandBytes(one))
			_, _ = h.Write(codec.TradeBytes(d.Fills()))
		})
		if got := fmt.Sprintf("%016x", h.Sum64()); got != test.want {
			t.Errorf("%+v: hash %s, want %s", test.config, got, test.want)
		}
	}
}

// ranker tells which symbol a command belongs to, also one that names no instrument: by its order number, or
// by the house that it is about.
type ranker struct {
	config  Config
	ranks   map[string]int
	byIndex []int
}

func newRanker(c Config) *ranker {
	r := &ranker{config: c, ranks: map[string]int{}, byIndex: make([]int, 1)}
	for rank := range c.Instruments {
		r.ranks[symbolOf(rank)] = rank
	}
	return r
}

func (r *ranker) rank(c *codec.Command) int {
	switch {
	case c.Kind == codec.KindDefine:
		r.byIndex = append(r.byIndex, r.ranks[c.AsInstrument().SymbolString()])
		return r.byIndex[len(r.byIndex)-1]
	case isMessage(c):
		return int((c.Order - 1) % InstrumentsMax) // sequences is a multiple of it
	case c.Kind == codec.KindLimit, c.Instrument == 0 && c.Member != 0:
		return int(c.Member) - int(r.config.Members) - 1
	case c.Instrument == 0:
		return int(c.Client-r.config.Members*r.config.Clients) - 1
	}
	return r.byIndex[c.Instrument]
}

// I2: both layouts hold the same commands for each symbol, but for its number.
func TestLayoutsHoldTheSameMessages(t *testing.T) {
	read := func(layout Layout) [][]codec.Command {
		d := open(t, Config{Seed: 5, Orders: 60_000, Instruments: 40, Layout: layout})
		commands, r := make([][]codec.Command, 40), newRanker(d.Config())
		each(t, d, func(c *codec.Command) {
			rank := r.rank(c)
			one := *c
			if one.Instrument != unlisted && one.Kind != codec.KindLimit {
				one.Instrument = 0
			}
			if isMessage(c) {
				one.Ref = 0
			}
			commands[rank] = append(commands[rank], one)
		})
		return commands
	}
	byTime, bySymbol := read(TimeOrder), read(SymbolOrder)
	for rank, want := range byTime {
		got := bySymbol[rank]
		if len(got) != len(want) {
			t.Fatalf("%s: %d commands in symbol order, %d in time order", symbolOf(rank), len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s command %d: %+v in symbol order, %+v in time order", symbolOf(rank), i, got[i], want[i])
			}
		}
	}
}

// The end stays the end, and tells no trades.
func TestEnd(t *testing.T) {
	d := open(t, Config{Orders: 10, Instruments: 3})
	n := uint64(0)
	each(t, d, func(*codec.Command) { n++ })
	s := d.Stats()
	if s.Messages != 10 || s.Defines != 3 || s.Rules != 3 || s.Limits != 6 || n != s.Messages+s.Defines+s.Rules+s.Limits+s.Phases {
		t.Errorf("%d commands, stats %+v, want 10 messages, 3 definitions and rules, 6 limits, and phases", n, s)
	}
	if s.Resting != 0 {
		t.Errorf("%d orders outlive the day", s.Resting)
	}
	var c codec.Command
	for range 3 {
		if err := d.Next(&c); err != io.EOF {
			t.Fatalf("behind the end: %v, want io.EOF", err)
		}
	}
	if len(d.Fills()) != 0 {
		t.Errorf("trades %v behind the end", d.Fills())
	}
}

// I3: no allocation per command, with weeding of the candidates, auctions and phases included.
func TestNextDoesNotAllocate(t *testing.T) {
	d := open(t, Config{Orders: 100_000, Instruments: 10, Resting: 4_000})
	var c codec.Command
	allocs := testing.AllocsPerRun(99_000, func() {
		if err := d.Next(&c); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a command", allocs)
	}
}
