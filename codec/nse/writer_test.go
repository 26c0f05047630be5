package nse

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// name draws a name that a record can hold.
func name(t *rapid.T, label string, most int) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune("ABCXYZ019&-.*b ")), 1, most, most).
		Filter(func(s string) bool { return !isFill(s[0]) }).Draw(t, label)
}

func drawContract(t *rapid.T, derivatives bool) Contract {
	if !derivatives {
		return capital(name(t, "symbol", 10), name(t, "series", 2))
	}
	c := contract(
		codec.SegmentDerivatives, name(t, "symbol", 10), "", rapid.SampledFrom([]string{"FUTIDX", "OPTSTK"}).Draw(t, "class"),
		rapid.Uint32Range(1980, 9999).Draw(t, "year")*10000+rapid.Uint32Range(1, 12).Draw(t, "month")*100+rapid.Uint32Range(1, 31).Draw(t, "day"),
		orderbook.Price(rapid.Int32Range(0, 99999999).Draw(t, "strike")), rapid.SampledFrom([]string{"", "CE", "PE"}).Draw(t, "option"))
	c.Scale = rapid.SampledFrom([]uint8{2, 4}).Draw(t, "scale")
	return c
}

func drawCommand(t *rapid.T, instruments uint32) codec.Command {
	c := codec.Command{
		TimeNs:     TimeNs(rapid.Uint64Range(0, jiffiesMax).Draw(t, "jiffies")),
		Order:      orderbook.OrderID(rapid.Uint64Range(0, 9_999_999_999_999_999).Draw(t, "order")),
		Instrument: rapid.Uint32Range(1, instruments).Draw(t, "instrument"),
		Price:      orderbook.Price(rapid.Int32Range(0, 99999999).Draw(t, "price")),
		Trigger:    orderbook.Price(rapid.Int32Range(0, 99999999).Draw(t, "trigger")),
		Qty:        orderbook.Qty(rapid.Uint32Range(0, 99999999).Draw(t, "qty")),
		Disclosed:  orderbook.Qty(rapid.Uint32Range(0, 99999999).Draw(t, "disclosed")),
		Kind:       rapid.SampledFrom([]codec.Kind{codec.KindNew, codec.KindModify, codec.KindCancel}).Draw(t, "kind"),
		Side:       rapid.SampledFrom([]orderbook.Side{orderbook.Buy, orderbook.Sell}).Draw(t, "side"),
		TIF:        rapid.SampledFrom([]orderbook.TimeInForce{orderbook.Day, orderbook.IOC}).Draw(t, "tif"),
		Flags:      codec.Flags(rapid.Uint8Range(0, 7).Draw(t, "flags")),
		AccountOf:  rapid.Uint8Range(1, 3).Draw(t, "account"),
		AlgoOf:     rapid.Uint8Range(0, 3).Draw(t, "algo"),
	}
	if c.AlgoOf%2 == 0 {
		c.Flags |= codec.FlagAlgo
	}
	c.Member, c.Client = codec.Owner(c.Order, DefaultMembers, DefaultClients)
	return c
}

// Every command that the format can carry comes back as it went, in all layouts of orders.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		layout := rapid.SampledFrom([]Layout{CapitalOrders, DerivativeOrders, DerivativeOrders111}).Draw(t, "layout")
		contracts := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Contract {
			return drawContract(t, layout != CapitalOrders)
		}), 1, 3, rapid.ID[Contract]).Draw(t, "contracts")
		var out bytes.Buffer
		w := NewWriter(&out, layout)
		for i := range contracts {
			in := contracts[i].Instrument(uint32(i+1), 0)
			if err := w.Write(in.AsCommand()); err != nil {
				t.Fatal(err)
			}
		}
		want := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) codec.Command {
			return drawCommand(t, uint32(len(contracts)))
		}), 0, 20).Draw(t, "commands")
		for i := range want {
			if err := w.Write(&want[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil || w.Layout() != layout {
			t.Fatal(err, w.Layout())
		}
		compare(t, readAll(layout, out.String()), want, contracts)
	})
}

// compare checks what was read against what was written. Instruments that no command used are not
// in the file, and the others are numbered by first use.
func compare(t *rapid.T, got result, want []codec.Command, contracts []Contract) {
	if len(got.records) > 0 {
		t.Fatal(got.records)
	}
	names := []Contract{{}}
	next := 0
	for _, c := range got.commands {
		if c.Kind == codec.KindDefine {
			names = append(names, ContractOf(c.AsInstrument()))
			continue
		}
		w := want[next]
		next++
		if names[c.Instrument] != contracts[w.Instrument-1] {
			t.Fatalf("command %d is for %+v, want %+v", next, names[c.Instrument], contracts[w.Instrument-1])
		}
		w.Instrument, w.Ref = c.Instrument, uint32(next)
		if c != w {
			t.Fatalf("command %d:\n%+v, want\n%+v", next, c, w)
		}
	}
	if next != len(want) {
		t.Fatalf("%d commands, want %d", next, len(want))
	}
}

func TestWriterChoosesLayout(t *testing.T) {
	for golden, want := range map[int]Layout{0: CapitalOrders, 3: DerivativeOrders} {
		w := NewWriter(&bytes.Buffer{}, 0)
		in := goldenOrders[golden].want.Contract.Instrument(1, 0)
		if err := w.Write(in.AsCommand()); err != nil || w.Layout() != want {
			t.Errorf("%s: layout %v, %v, want %v", in.Name(), w.Layout(), err, want)
		}
	}
}

// Codes that the source does not know are written so that they mean nothing they should not.
func TestWriterCodes(t *testing.T) {
	for _, tc := range []struct {
		flags         codec.Flags
		algo, account uint8
		want          string
	}{
		{0, 0, 0, "13"}, {0, 1, 1, "11"}, {0, 3, 2, "32"}, {0, 2, 3, "13"},
		{codec.FlagAlgo, 0, 0, "03"}, {codec.FlagAlgo, 2, 4, "23"}, {codec.FlagAlgo, 1, 1, "01"}, {codec.FlagAlgo, 9, 1, "01"},
	} {
		var out bytes.Buffer
		w := NewWriter(&out, CapitalOrders)
		in := goldenOrders[0].want.Contract.Instrument(1, 0)
		c := codec.Command{TimeNs: TimeNs(5), Instrument: 1, Kind: codec.KindNew, Side: orderbook.Buy, Flags: tc.flags, AlgoOf: tc.algo, AccountOf: tc.account}
		if err := errors.Join(w.Write(in.AsCommand()), w.Write(&c), w.Flush()); err != nil {
			t.Fatal(err)
		}
		if got := out.String()[85:87]; got != tc.want {
			t.Errorf("flags %d, algo %d, account %d: written as %s, want %s", tc.flags, tc.algo, tc.account, got, tc.want)
		}
	}
}

func TestWriterErrors(t *testing.T) {
	good := codec.Command{TimeNs: TimeNs(5), Instrument: 1, Kind: codec.KindNew, Side: orderbook.Buy}
	for _, tc := range []struct {
		change func(*codec.Command)
		want   string
	}{
		{func(c *codec.Command) { c.Kind = codec.KindReduce }, "kind of command 4: want new, modify or cancel"},
		{func(c *codec.Command) { c.Kind = codec.KindMassCancel }, "kind of command 10: want new, modify or cancel"},
		{func(c *codec.Command) { c.TIF = orderbook.FOK }, "time in force 2: want day, or immediate or cancel"},
		{func(c *codec.Command) { c.TIF = orderbook.GTD }, "time in force 4: want day, or immediate or cancel"},
		{func(c *codec.Command) { c.Instrument = 0 }, "instrument 0: want one that was defined"},
		{func(c *codec.Command) { c.Instrument = 2 }, "instrument 2: want one that was defined"},
		{func(c *codec.Command) { c.TimeNs = 0 }, "time 0 ns: want 1980 to May 2028"},
		{func(c *codec.Command) { c.Qty = 1e8 }, "quantity 100000000: want at most 8 digits"},
	} {
		var out bytes.Buffer
		w := NewWriter(&out, CapitalOrders)
		in := goldenOrders[0].want.Contract.Instrument(1, 0)
		c := good
		tc.change(&c)
		if err := w.Write(in.AsCommand()); err != nil {
			t.Fatal(err)
		}
		err := w.Write(&c)
		if want := "an NSE record cannot carry " + tc.want; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if err := w.Flush(); err != nil || out.Len() > 0 {
			t.Errorf("%s: %d bytes were written", tc.want, out.Len())
		}
	}
	w := NewWriter(&bytes.Buffer{}, CapitalOrders)
	in := goldenOrders[0].want.Contract.Instrument(2, 0)
	var ce *CarryError
	if err := w.Write(in.AsCommand()); !errors.As(err, &ce) {
		t.Errorf("instrument 2 before 1: %v", err)
	}
	in.Instrument = 1
	if err := w.Write(in.AsCommand()); err != nil {
		t.Fatal(err)
	}
	in.Instrument, in.Lot = 2, 50 // a reader would take it for the first: the file does not tell the lot
	if err := w.Write(in.AsCommand()); !errors.As(err, &ce) {
		t.Errorf("a second instrument of the same name: %v", err)
	}
}

func BenchmarkWriter(b *testing.B) {
	w := NewWriter(discard{}, CapitalOrders)
	in := goldenOrders[0].want.Contract.Instrument(1, 0)
	c := codec.Command{TimeNs: TimeNs(87014847291575), Order: 1100000000012345, Instrument: 1, Price: 245075, Qty: 250, Kind: codec.KindNew, Side: orderbook.Buy}
	if err := w.Write(in.AsCommand()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(88)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(&c); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
