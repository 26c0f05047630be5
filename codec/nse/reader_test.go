package nse

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// result is what a reader gave for a whole file, errors of records included.
type result struct {
	commands []codec.Command
	records  []string // errors of records
	final    error
}

func readAll(layout Layout, text string) result {
	r := NewReader(strings.NewReader(text), layout, Options{})
	var out result
	for {
		var c codec.Command
		err := r.Next(&c)
		var re *RecordError
		switch {
		case errors.As(err, &re):
			out.records = append(out.records, err.Error())
		case err != nil:
			out.final = err
			return out
		default:
			out.commands = append(out.commands, c)
		}
	}
}

// N3, N4: definitions come first and once; a number used again is just another entry; a modify is
// passed on with its quantity.
func TestReader(t *testing.T) {
	line := func(number, activity, symbol, qty string) string {
		return "RMCASH" + number + "87014847291575B" + activity + symbol + "EQ00000000" + qty + "0024507500000000NNN13\n"
	}
	got := readAll(CapitalOrders, line("1100000000000001", "1", "bbRELIANCE", "00000250")+
		line("1100000000000001", "4", "  RELIANCE", "00000100")+
		line("1100000000000001", "3", "bbRELIANCE", "00000100")+
		line("1100000000000001", "1", "bbbbbbbTCS", "00000010")+
		line("1100000000000001", "1", "bbRELIANCE", "00000050"))
	if got.final != io.EOF || len(got.records) > 0 {
		t.Fatal(got.final, got.records)
	}
	type short struct {
		kind       codec.Kind
		instrument uint32
		qty        orderbook.Qty
		ref        uint32
	}
	var list []short
	for _, c := range got.commands {
		if c.Kind == codec.KindDefine {
			list = append(list, short{c.Kind, c.AsInstrument().Instrument, 0, 0})
			continue
		}
		list = append(list, short{c.Kind, c.Instrument, c.Qty, c.Ref})
	}
	want := []short{
		{codec.KindDefine, 1, 0, 0}, {codec.KindNew, 1, 250, 1}, {codec.KindModify, 1, 100, 2}, {codec.KindCancel, 1, 100, 3},
		{codec.KindDefine, 2, 0, 0}, {codec.KindNew, 2, 10, 4}, {codec.KindNew, 1, 50, 5},
	}
	if len(list) != len(want) {
		t.Fatalf("got %v, want %v", list, want)
	}
	for i := range want {
		if list[i] != want[i] {
			t.Errorf("command %d: got %v, want %v", i, list[i], want[i])
		}
	}
	if name := got.commands[0].AsInstrument().Name(); name != "RELIANCE-EQ" {
		t.Errorf("first instrument %s", name)
	}
}

func TestReaderFields(t *testing.T) {
	got := readAll(DerivativeOrders, goldenOrders[3].line+"\n")
	if got.final != io.EOF || len(got.commands) != 2 {
		t.Fatal(got)
	}
	in := *got.commands[0].AsInstrument()
	if in.Name() != "NIFTY-FUTIDX-20260924" || in.Segment != codec.SegmentDerivatives || in.PriceScale != 2 || in.Lot != 1 || in.Tick != 0 {
		t.Errorf("defined %s, %+v", in.Name(), in)
	}
	c := got.commands[1]
	member, client := codec.Owner(1400000000000002, DefaultMembers, DefaultClients)
	want := codec.Command{
		TimeNs: TimeNs(99999999999999), Order: 1400000000000002, Instrument: 1, Price: 2450050, Qty: 75, Client: client, Ref: 1,
		Member: member, Kind: codec.KindCancel, Side: orderbook.Buy, AccountOf: 3, AlgoOf: 3,
	}
	if c != want {
		t.Errorf("got\n%+v, want\n%+v", c, want)
	}
	c = readAll(CapitalOrders, goldenOrders[1].line+"\n").commands[1]
	if c.Flags != codec.FlagPreOpen|codec.FlagMarket|codec.FlagAlgo || c.Disclosed != 100 || c.TIF != orderbook.Day {
		t.Errorf("pre-open market order by an algorithm: %+v", c)
	}
	c = readAll(CapitalOrders, goldenOrders[2].line+"\n").commands[1]
	if c.Flags != codec.FlagStopLoss|codec.FlagAlgo || c.Trigger != 1 || c.TIF != orderbook.IOC || c.Kind != codec.KindModify {
		t.Errorf("stop-loss order: %+v", c)
	}
}

// N5: one bad line costs one line.
func TestReaderBadLines(t *testing.T) {
	good := goldenOrders[0].line + "\n"
	bad := string(patch(0, 58, "12x     ")) + "\n"
	long := strings.Repeat("x", 3*readBuffer) + "\n"
	got := readAll(CapitalOrders, good+bad+good+good[:80]+"\n"+good+long+good+"\n"+good)
	if got.final != io.EOF || len(got.commands) != 6 {
		t.Fatalf("%d commands, then %v", len(got.commands), got.final)
	}
	want := []string{
		`line 2 (offset 88): want quantity of 8 digits, got "12x     "`,
		`line 4 (offset 264): want a line of 87 bytes, got 80 bytes`,
		`line 6 (offset 433): want a line of 87 bytes, got 196608 bytes`,
		`line 8 (offset 197130): want a line of 87 bytes, got 0 bytes`,
	}
	for i, w := range want {
		if i >= len(got.records) || got.records[i] != w {
			t.Errorf("errors %q, want %q", got.records, want)
			break
		}
	}
	if ref := got.commands[5].Ref; ref != 9 {
		t.Errorf("the last order is of line %d, want 9", ref)
	}
	// Two short lines with a LF where one whole line has it are two errors, not one.
	half := strings.Repeat("x", 43) + "\n"
	if got := readAll(CapitalOrders, half+half+good); len(got.records) != 2 || len(got.commands) != 2 {
		t.Errorf("two short lines: %q", got.records)
	}
}

func TestReaderSpread(t *testing.T) {
	got := readAll(DerivativeOrders, goldenOrders[5].line+"\n")
	want := `line 1 (offset 0): want spread type * (spread orders trade in a book of their own), got "S"`
	if len(got.commands) != 0 || len(got.records) != 1 || got.records[0] != want {
		t.Errorf("got %+v, want %s", got, want)
	}
}

// N5: cut anywhere but behind a LF, the file is truncated, and all lines before the cut were read.
func TestReaderTruncated(t *testing.T) {
	text := strings.Repeat(goldenOrders[0].line+"\n", 3)
	for cut := range len(text) + 1 {
		got := readAll(CapitalOrders, text[:cut])
		whole := cut / 88
		if n := max(0, len(got.commands)-1); n != whole {
			t.Fatalf("cut at %d: %d orders, want %d", cut, n, whole)
		}
		var te *TruncatedError
		switch {
		case cut%88 == 0:
			if got.final != io.EOF {
				t.Fatalf("cut at %d: %v, want the end", cut, got.final)
			}
		case !errors.As(got.final, &te) || te.Line != int64(whole+1) || te.Offset != int64(88*whole) || te.Got != cut%88 || te.Want != 88:
			t.Fatalf("cut at %d: %v", cut, got.final)
		}
	}
	long := readAll(CapitalOrders, strings.Repeat("x", 2*readBuffer+5))
	var te *TruncatedError
	if !errors.As(long.final, &te) {
		t.Errorf("a long line without end: %v", long.final)
	}
}

// slow gives one byte at a time, then an error that is not the end.
type slow struct {
	text string
	err  error
}

func (s *slow) Read(p []byte) (int, error) {
	if s.text == "" {
		return 0, s.err
	}
	p[0] = s.text[0]
	s.text = s.text[1:]
	return 1, nil
}

func TestReaderPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken disk")
	for _, tail := range []string{"", goldenOrders[0].line[:30], strings.Repeat("x", 100)} {
		r := NewReader(&slow{goldenOrders[0].line + "\n" + tail, broken}, CapitalOrders, Options{})
		var c codec.Command
		for range 2 {
			if err := r.Next(&c); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // it stays
			if err := r.Next(&c); !errors.Is(err, broken) {
				t.Errorf("behind %q: %v, want %v", tail, err, broken)
			}
		}
	}
}

// The same name in another segment of the derivatives is another contract, with other prices.
func TestReaderTellsSegmentsApart(t *testing.T) {
	const i = 3 // a future
	equity, currency := goldenOrders[i].line+"\n", string(patch(i, 2, segmentCurrency))+"\n"
	got := readAll(DerivativeOrders, equity+currency+equity)
	var list []uint32
	for j := range got.commands {
		list = append(list, got.commands[j].Instrument)
		if c := &got.commands[j]; c.Kind == codec.KindDefine {
			list = append(list, uint32(c.AsInstrument().PriceScale))
		}
	}
	if want := []uint32{1, 2, 1, 2, 4, 2, 1}; !slices.Equal(list, want) {
		t.Errorf("instruments %v, want %v: behind its definition a scale", list, want)
	}
}

func TestTradeReader(t *testing.T) {
	text := goldenTrades[0].line + "\n" + goldenTrades[1].line[:50] + "\n" + goldenTrades[1].line + "\n"
	r := NewTradeReader(strings.NewReader(text), CapitalTrades)
	var tr Trade
	if err := r.Next(&tr); err != nil || tr != goldenTrades[0].want {
		t.Fatal(tr, err)
	}
	if err := r.Next(&tr); err == nil || err.Error() != "line 2 (offset 101): want a line of 100 bytes, got 50 bytes" {
		t.Fatal(err)
	}
	if err := r.Next(&tr); err != nil || tr != goldenTrades[1].want {
		t.Fatal(tr, err)
	}
	if err := r.Next(&tr); err != io.EOF {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := NewTradeWriter(&out, CapitalTrades)
	for i := range 2 {
		if err := w.Write(&goldenTrades[i].want); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil || out.String() != goldenTrades[0].line+"\n"+goldenTrades[1].line+"\n" {
		t.Errorf("written %q, %v", out.String(), err)
	}
}

// N6.
func TestReaderDoesNotAllocate(t *testing.T) {
	text := strings.NewReader(strings.Repeat(goldenOrders[0].line+"\n"+string(patch(0, 38, "bbbbbbbTCS"))+"\n", 2000))
	r := NewReader(text, CapitalOrders, Options{})
	var c codec.Command
	for range 10 {
		if err := r.Next(&c); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(3000, func() {
		if err := r.Next(&c); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a record, want 0", n)
	}
}

// Any text gives commands or errors, and what was read can be written and is read again as the same.
func FuzzReader(f *testing.F) {
	for _, g := range goldenOrders {
		f.Add(uint8(g.layout), []byte(g.line+"\n"))
		f.Add(uint8(g.layout), []byte(g.line+"\n"+g.line[:50]+"\n"+g.line))
	}
	f.Add(uint8(CapitalOrders), []byte("\n\n\n"))
	f.Fuzz(func(t *testing.T, l uint8, text []byte) {
		layout := Layout(l)
		if layout != CapitalOrders && layout != DerivativeOrders && layout != DerivativeOrders111 {
			t.Skip()
		}
		_, _ = Recognize(text)
		first := readAll(layout, string(text))
		var out bytes.Buffer
		w := NewWriter(&out, layout)
		for i := range first.commands {
			c := first.commands[i]
			if err := w.Write(&c); err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		again := readAll(layout, out.String())
		if len(again.commands) != len(first.commands) || len(again.records) > 0 {
			t.Fatalf("%d commands, then %d and %v", len(first.commands), len(again.commands), again.records)
		}
		for i, c := range again.commands {
			was := first.commands[i]
			c.Ref, was.Ref = 0, 0 // lines that could not be read are gone
			if c.Kind == codec.KindDefine {
				c, was = again.commands[i], first.commands[i]
			}
			if c != was {
				t.Fatalf("command %d: %+v, then %+v", i, was, c)
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	var text []byte
	for _, symbol := range []string{"bbRELIANCE", "bbbbbbbTCS", "BAJAJ-AUTO", "bbbbbbbM&M"} {
		text = append(append(text, patch(0, 38, symbol)...), '\n')
	}
	text = bytes.Repeat(text, 1000)
	b.SetBytes(88)
	b.ReportAllocs()
	in := bytes.NewReader(text)
	r := NewReader(in, CapitalOrders, Options{})
	var c codec.Command
	for b.Loop() {
		if err := r.Next(&c); err == io.EOF {
			in.Reset(text)
			r.lines.err = nil
		} else if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
}
