package commandcsv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

var drawName = rapid.SampledFrom([]string{
	"CAPTURE", "RELIANCE-EQ", "M&M-BE", "BAJAJ-AUTO-EQ", "BAJAJ-AUTO", "A", "NIFTY-FUTIDX-20260924", "BAJAJ-AUTO-FUTSTK-20260924",
	"SBIN-OPTSTK-20260924-800.00-CE", "SBIN-OPTSTK-20260924-0.05-PE", "SBIN-OPTSTK-20260924-800.00", "SBIN-OPTSTK-20260924-CE",
})

func drawCommand(t *rapid.T, instruments uint32) codec.Command {
	c := codec.Command{
		TimeNs:     rapid.Int64().Draw(t, "time"),
		Order:      orderbook.OrderID(rapid.Uint64().Draw(t, "order")),
		Instrument: rapid.Uint32Range(1, instruments).Draw(t, "instrument"),
		Price:      orderbook.Price(rapid.OneOf(rapid.Just(int32(0)), rapid.Int32()).Draw(t, "price")),
		Trigger:    orderbook.Price(rapid.OneOf(rapid.Just(int32(0)), rapid.Int32()).Draw(t, "trigger")),
		Qty:        orderbook.Qty(rapid.Uint32().Draw(t, "qty")),
		Disclosed:  orderbook.Qty(rapid.OneOf(rapid.Just(uint32(0)), rapid.Uint32()).Draw(t, "disclosed")),
		Client:     rapid.Uint32().Draw(t, "client"),
		Member:     rapid.Uint16().Draw(t, "member"),
		Kind:       rapid.SampledFrom([]codec.Kind{codec.KindNew, codec.KindModify, codec.KindCancel, codec.KindReduce}).Draw(t, "kind"),
		Side:       rapid.SampledFrom([]orderbook.Side{orderbook.Buy, orderbook.Sell}).Draw(t, "side"),
		TIF:        orderbook.TimeInForce(rapid.Uint8Range(0, uint8(orderbook.GTD)).Draw(t, "tif")),
		Flags:      codec.Flags(rapid.Uint8Range(0, 31).Draw(t, "flags")),
		PAN:        rapid.OneOf(rapid.Just(uint32(0)), rapid.Uint32()).Draw(t, "pan"),
	}
	if rapid.IntRange(0, 4).Draw(t, "word") == 0 {
		return drawWord(t, &c)
	}
	return c
}

// drawWord draws a command that has a word, with some of the fields of c.
func drawWord(t *rapid.T, c *codec.Command) codec.Command {
	number := func(name string) int64 {
		return rapid.OneOf(rapid.Just(int64(0)), rapid.Int64()).Draw(t, name)
	}
	either := codec.Command{TimeNs: c.TimeNs, Instrument: c.Instrument * uint32(rapid.IntRange(0, 1).Draw(t, "one")), Member: c.Member, Client: c.Client}
	switch rapid.IntRange(0, 4).Draw(t, "which") {
	case 0:
		p := codec.PhaseChange{
			TimeNs: c.TimeNs, Instrument: c.Instrument, Reference: c.Price, Phase: codec.Phase(rapid.Uint8Range(0, uint8(codec.PhaseCount)-1).Draw(t, "phase")),
			Auction: codec.AuctionFlags(rapid.Uint8Range(0, 1).Draw(t, "auction")),
		}
		return *p.AsCommand()
	case 1:
		r := codec.Rules{
			TimeNs: c.TimeNs, Instrument: c.Instrument, ValueMax: number("value"), PrevClose: c.Price, Low: c.Trigger, High: orderbook.Price(number("high")),
			Freeze: c.Disclosed, ExecRange: orderbook.Price(number("range")), StopGap: orderbook.Price(number("gap")), MarginBps: c.Member,
			DisclosedPct: uint8(number("pct")), Flags: codec.RuleFlags(rapid.Uint8().Draw(t, "rules")),
		}
		return *r.AsCommand()
	case 2:
		l := codec.Limit{TimeNs: c.TimeNs, Margin: number("margin"), Client: c.Client, Member: c.Member}
		return *l.AsCommand()
	case 3:
		either.Kind, either.Side = codec.KindMassCancel, orderbook.Side(rapid.IntRange(0, 2).Draw(t, "sides"))
	default:
		either.Kind, either.Flags = codec.KindKill, codec.FlagLift*codec.Flags(rapid.IntRange(0, 1).Draw(t, "lift"))
	}
	return either
}

// With all columns every command comes back as it went; with the columns that Needs names, too.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(drawName, 1, 4, rapid.ID[string]).Draw(t, "names")
		want := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) codec.Command {
			return drawCommand(t, uint32(len(names)))
		}), 0, 20).Draw(t, "commands")
		columns := Columns(ColumnSymbol | ColumnOwner)
		for i := range want {
			if hasRef(want[i].Kind) {
				want[i].Ref = uint32(2*i + 1) // gaps must survive
			}
			columns |= Needs(&want[i])
		}
		if rapid.Bool().Draw(t, "all") {
			columns = AllColumns
		}
		var out bytes.Buffer
		w := NewWriter(&out, columns)
		for i, n := range names {
			in, ok := ParseName(n, 2)
			in.Instrument = uint32(i + 1)
			if err := w.Write(in.AsCommand()); !ok || err != nil || in.Name() != n {
				t.Fatalf("%s: %v, %s, %v", n, ok, in.Name(), err)
			}
		}
		for i := range want {
			if err := w.Write(&want[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		got := readAll(out.String(), Options{})
		if got.final != io.EOF || len(got.records) > 0 {
			t.Fatal(got.final, got.records)
		}
		defined, next := []string{""}, 0
		for _, c := range got.commands {
			if c.Kind == codec.KindDefine {
				defined = append(defined, c.AsInstrument().Name())
				continue
			}
			w := want[next]
			if w.Kind != codec.KindLimit { // it has no instrument: the bytes are zero
				if name := append([]string{""}, names...)[w.Instrument]; defined[c.Instrument] != name {
					t.Fatalf("command %d is for %q, want %q", next, defined[c.Instrument], name)
				}
				w.Instrument = c.Instrument
			}
			if c != w {
				t.Fatalf("command %d:\n%+v, want\n%+v", next, c, w)
			}
			next++
		}
		if next != len(want) {
			t.Fatalf("%d commands, want %d", next, len(want))
		}
	})
}

// A column is there only for a flow that needs it.
func TestNeeds(t *testing.T) {
	in, _ := ParseName("A", 2)
	for i, tc := range []struct {
		c    codec.Command
		want Columns
	}{
		{*in.AsCommand(), 0},
		{codec.Command{Kind: codec.KindNew, Price: 5}, 0},
		{codec.Command{Kind: codec.KindNew, Flags: codec.FlagMarket, TIF: orderbook.IOC}, 0},
		{codec.Command{Kind: codec.KindModify, Flags: codec.FlagMarket}, 0},
		{codec.Command{Kind: codec.KindCancel}, 0},
		{codec.Command{Kind: codec.KindNew}, ColumnFlags},
		{codec.Command{Kind: codec.KindNew, Price: 5, Flags: codec.FlagMarket}, ColumnFlags},
		{codec.Command{Kind: codec.KindModify, Price: 5, TIF: orderbook.IOC}, ColumnFlags},
		{codec.Command{Kind: codec.KindNew, Price: 5, Trigger: 1, Disclosed: 1}, ColumnTrigger | ColumnDisclosed},
		{codec.Command{Kind: codec.KindNew, Price: 5, PAN: 1, TIF: orderbook.GTC}, ColumnPAN | ColumnTIF},
		{codec.Command{Kind: codec.KindNew, Price: 5, Flags: codec.FlagCancelActive}, ColumnFlags},
		{*(&codec.PhaseChange{Instrument: 1}).AsCommand(), ColumnDetails},
		{*(&codec.Rules{Instrument: 1, Low: 5}).AsCommand(), ColumnDetails},
		{*(&codec.Limit{Member: 1}).AsCommand(), ColumnDetails | ColumnOwner},
		{codec.Command{Kind: codec.KindKill}, 0},
		{codec.Command{Kind: codec.KindKill, Client: 1}, ColumnOwner},
		{codec.Command{Kind: codec.KindMassCancel, Instrument: 1, Side: orderbook.Buy}, ColumnSymbol},
	} {
		if got := Needs(&tc.c); got != tc.want {
			t.Errorf("%d: needs %b, want %b", i, got, tc.want)
		}
	}
}

// The writer numbers on where the source's numbers do not grow.
func TestWriterSeq(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, 0)
	in, _ := ParseName("CAPTURE", 2)
	in.Instrument = 1
	errs := []error{w.Write(in.AsCommand())}
	for _, ref := range []uint32{0, 0, 7, 3, 1<<32 - 1, 0, 1} {
		errs = append(errs, w.Write(&codec.Command{Ref: ref, Instrument: 1, Kind: codec.KindCancel, Side: orderbook.Buy}))
	}
	if err := errors.Join(append(errs, w.Flush())...); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n")[1:] {
		seq, _, _ := strings.Cut(line, ",")
		got = append(got, seq)
	}
	if want := "[1 2 7 8 4294967295 4294967296 4294967297]"; fmt.Sprint(got) != want {
		t.Errorf("seq %v, want %s", got, want)
	}
}

func TestWriterErrors(t *testing.T) {
	define := func(w *Writer, id uint32, name string) error {
		in, _ := ParseName(name, 2)
		in.Instrument = id
		return w.Write(in.AsCommand())
	}
	good := codec.Command{Instrument: 1, Kind: codec.KindNew, Side: orderbook.Sell, Price: 5}
	for _, tc := range []struct {
		columns Columns
		write   func(w *Writer) error
		want    string
	}{
		{0, func(w *Writer) error { return define(w, 2, "B") }, "instrument 2: the file has no symbol column"},
		{0, func(w *Writer) error { return define(w, 3, "B") }, "instrument 3: want the next number, 2"},
		{ColumnSymbol, func(w *Writer) error { return define(w, 2, "A") }, "instrument 2: another has the name A too"},
		{ColumnSymbol, func(w *Writer) error {
			return w.Write((&codec.Instrument{Instrument: 2, Symbol: [10]byte{'A', ','}}).AsCommand())
		}, `instrument 2: its name "A," would not be read back`},
		{0, func(w *Writer) error { c := good; c.Kind = codec.KindUnreadable; return w.Write(&c) }, "a command of kind 6: it has no letter and no word"},
		{0, func(w *Writer) error { c := good; c.Side = 3; return w.Write(&c) }, "a command with side(3): want buy or sell"},
		{0, func(w *Writer) error { c := good; c.Instrument = 9; return w.Write(&c) }, "instrument 9: it was never defined"},
		{0, func(w *Writer) error { c := good; c.Trigger = 9; return w.Write(&c) }, "a command that needs trigger: the file has no such column"},
		{ColumnFlags, func(w *Writer) error { c := good; c.Disclosed = 9; return w.Write(&c) }, "a command that needs disclosed: the file has no such column"},
		{0, func(w *Writer) error { c := good; c.Price = 0; return w.Write(&c) }, "a command that needs flags: the file has no such column"},
		{ColumnTIF, func(w *Writer) error { c := good; c.TIF = 9; return w.Write(&c) }, "time in force 9: it has no name"},
		{ColumnFlags, func(w *Writer) error { c := good; c.Flags = codec.FlagLift; return w.Write(&c) }, "flags 32: not all of them have a letter"},
		{0, func(w *Writer) error { c := good; c.PAN, c.TIF = 1, orderbook.GTD; return w.Write(&c) }, "a command that needs pan, tif: the file has no such column"},
		{0, func(w *Writer) error { return w.Write(&codec.Command{Kind: codec.KindMassCancel, Side: 3}) }, "a command with side(3): want buy, sell or both"},
		{0, func(w *Writer) error { return w.Write(&codec.Command{Kind: codec.KindKill, Instrument: 2}) }, "instrument 2: it was never defined"},
		{0, func(w *Writer) error { return w.Write((&codec.PhaseChange{}).AsCommand()) }, "instrument 0: it was never defined"},
		{AllColumns, func(w *Writer) error { return w.Write((&codec.PhaseChange{Instrument: 1, Phase: 13}).AsCommand()) }, "phase 13: it has no name"},
		{AllColumns, func(w *Writer) error { return w.Write((&codec.PhaseChange{Instrument: 1, Auction: 6}).AsCommand()) }, "auction flags 6: not all of them have a name"},
		{0, func(w *Writer) error { return w.Write((&codec.Limit{}).AsCommand()) }, "a command that needs member, client, details: the file has no such column"},
		{0, func(w *Writer) error { return w.Write(&codec.Command{Kind: codec.KindContinue, Instrument: 1}) }, "a command of kind 9: it has no letter and no word"},
	} {
		w := NewWriter(&bytes.Buffer{}, tc.columns)
		if err := define(w, 1, "A"); err != nil {
			t.Fatal(err)
		}
		err := tc.write(w)
		var ce *CarryError
		if want := "a command file cannot carry " + tc.want; !errors.As(err, &ce) || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestParseName(t *testing.T) {
	for _, bad := range []string{
		"", "ELEVENCHARS", "ELEVENCHARS-EQ", "A B", "A,B", `A"B`, "é", "-EQ", "A-FUTIDXX-20260924", "A-OPTSTK-20260924-8.0-CE",
		"A-OPTSTK-20260924-800-CE", "A-OPTSTK-20260924-8.00-CALL", "A-OPTSTK-20260924-8.00-CE-X", "-FUTIDX-20260924", "A-OPTSTK-20260924-99999999.99-CE",
		"A-OPTSTK-20260924-0.00-CE", "A-OPTSTK-20260924-008.00-CE", "A-FUTIDX-00000000",
	} {
		if in, ok := ParseName(bad, 2); ok {
			t.Errorf("%q is read as %s", bad, in.Name())
		}
	}
	for name, segment := range map[string]codec.Segment{
		"RELIANCE-EQ": codec.SegmentCapital, "CAPTURE": codec.SegmentOther, "NIFTY-FUTIDX-20260924": codec.SegmentDerivatives, "A-FUTIDX": codec.SegmentOther,
	} {
		if in, ok := ParseName(name, 0); !ok || in.Segment != segment || in.Name() != name {
			t.Errorf("%s: %v, segment %d, want %d", name, ok, in.Segment, segment)
		}
	}
	if in, ok := ParseName("USDINR-OPTCUR-20260924-83.2500-CE", 4); !ok || in.Strike != 832500 {
		t.Errorf("strike %d, %v", in.Strike, ok)
	}
}

// Any text gives commands or errors, and what was read can be written and is read again as the same.
func FuzzReader(f *testing.F) {
	f.Add([]byte(header + "1,34200004241176,N,1903538,S,5870000,100\n2,5,A,A1,B,0,65\n3,6,M,1,S,0,1\n"))
	f.Add([]byte("seq,ts_ns,cmd,order_id,side,price,qty,symbol,member,client,trigger,disclosed,flags\n" +
		"1,5,N,1,B,245100,100,RELIANCE-EQ,3,77,1,2,SPG\n2,5,R,1,B,0,1,SBIN-OPTSTK-20260924-8.00-CE,3,77,-1,2,LIM\n"))
	f.Add([]byte(header + "1,1,N,7,B\n\n"))
	f.Add([]byte(wordHeader + "1,5,N,1,B,1,1,A,1,1,0,0,C,7,GTC,\n2,5,phase,,,,,A,,,,,,,,phase=pre_open;reference=-5;market_first\n" +
		"3,5,rules,,,,,B,,,,,,,,prev_close=9;low=1;stops_recorded\n4,5,limit,,,,,,3,,,,,,,margin=7\n5,5,mass_cancel,,S,,,,1,2,,,,,,\n6,6,kill,,,,,C,,,,,,,,\n7,6,lift,,,,,,,,,,,,,\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		Recognize(text)
		first := readAll(string(text), Options{})
		var out bytes.Buffer
		w := NewWriter(&out, AllColumns)
		for i := range first.commands {
			c := first.commands[i]
			if err := w.Write(&c); err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		again := readAll(out.String(), Options{})
		if len(again.commands) != len(first.commands) || len(again.records) > 0 {
			t.Fatalf("%d commands, then %d and %v", len(first.commands), len(again.commands), again.records)
		}
		for i := range again.commands {
			if c, was := again.commands[i], first.commands[i]; c != was && !renumbered(c, was) {
				t.Fatalf("command %d: %+v, then %+v", i, was, c)
			}
		}
	})
}

// renumbered: a seq beyond 32 bits wraps in Ref, and the writer numbers on.
func renumbered(c, was codec.Command) bool {
	c.Ref, was.Ref = 0, 0
	return c.Kind != codec.KindDefine && c == was
}

func TestFillRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Fill {
			return Fill{
				Command: rapid.Uint64().Draw(t, "command"), No: rapid.Uint32().Draw(t, "no"),
				Aggressor: orderbook.OrderID(rapid.Uint64().Draw(t, "aggressor")), Passive: orderbook.OrderID(rapid.Uint64().Draw(t, "passive")),
				Price: orderbook.Price(rapid.Int32Range(0, 1<<31-1).Draw(t, "price")), Qty: orderbook.Qty(rapid.Uint32().Draw(t, "qty")),
			}
		})).Draw(t, "fills")
		var out bytes.Buffer
		w := NewFillWriter(&out)
		for i := range want {
			if err := w.Write(&want[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		r, err := NewFillReader(&out)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			var f Fill
			if err := r.Next(&f); err != nil || f != want[i] {
				t.Fatalf("fill %d: %+v, %v, want %+v", i, f, err, want[i])
			}
		}
		if err := r.Next(new(Fill)); err != io.EOF {
			t.Fatal(err)
		}
	})
}

func TestFillErrors(t *testing.T) {
	const head = "cmd_seq,fill_no,aggressor_id,passive_id,price,qty\n"
	r, err := NewFillReader(strings.NewReader(head + "3,1,A1,5,100,x\n3,1,A1,5,100\n3,2,A1,6,100,7\n3,"))
	if err != nil {
		t.Fatal(err)
	}
	var f Fill
	for _, want := range []string{
		`line 2 (offset 50): want qty a number, got "x"`,
		`line 3 (offset 65): want 6 columns, got 5`,
		"",
		`line 5 (offset 93): want a line end, got 2 bytes and the end`,
	} {
		got := ""
		if err := r.Next(&f); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("error %q, want %q", got, want)
		}
	}
	if _, err := NewFillReader(strings.NewReader(header)); err == nil {
		t.Error("a command file was taken for fills")
	}
}
