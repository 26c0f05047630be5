package commandcsv

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

const header = "seq,ts_ns,cmd,order_id,side,price,qty\n"

// result is what a reader gave for a whole file, errors of records included.
type result struct {
	commands []codec.Command
	records  []string
	final    error
}

func readAll(text string, o Options) result {
	r, err := NewReader(strings.NewReader(text), o)
	if err != nil {
		return result{final: err}
	}
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

// owned is a command with the owner that the reader makes up.
func owned(c codec.Command) codec.Command {
	c.Member, c.Client = codec.Owner(c.Order, DefaultMembers, DefaultClients)
	return c
}

// C1, C3 and every cmd letter.
func TestReader(t *testing.T) {
	got := readAll(header+
		"1,34200004241176,N,1903538,S,5870000,100\n"+
		"2,34200004241177,R,1903538,S,5870000,10\r\n"+
		"5,34200004241178,A,A1,B,5870000,65\n"+
		"6,34200004241179,A,A2,B,0,65\n"+
		"7,34200004241179,N,9223372036854775807,B,0,7\n"+
		"8,34200004241180,M,1903538,S,5870100,20\n"+
		"9,34200004241180,M,1903538,S,0,20\n"+
		"10,-5,D,1903538,S,0,0\n", Options{})
	if got.final != io.EOF || len(got.records) > 0 {
		t.Fatal(got.final, got.records)
	}
	in := *got.commands[0].AsInstrument()
	if in.Name() != "CAPTURE" || in.Segment != codec.SegmentOther || in.PriceScale != 2 || in.Lot != 1 || in.Instrument != 1 {
		t.Errorf("defined %s: %+v", in.Name(), in)
	}
	const n, m, r, d = codec.KindNew, codec.KindModify, codec.KindReduce, codec.KindCancel
	want := []codec.Command{
		{Ref: 1, TimeNs: 34200004241176, Kind: n, Order: 1903538, Side: orderbook.Sell, Price: 5870000, Qty: 100},
		{Ref: 2, TimeNs: 34200004241177, Kind: r, Order: 1903538, Side: orderbook.Sell, Price: 5870000, Qty: 10},
		{Ref: 5, TimeNs: 34200004241178, Kind: n, Order: 1<<63 | 1, Side: orderbook.Buy, Price: 5870000, Qty: 65, TIF: orderbook.IOC},
		{Ref: 6, TimeNs: 34200004241179, Kind: n, Order: 1<<63 | 2, Side: orderbook.Buy, Qty: 65, TIF: orderbook.IOC, Flags: codec.FlagMarket},
		{Ref: 7, TimeNs: 34200004241179, Kind: n, Order: 1<<63 - 1, Side: orderbook.Buy, Qty: 7, Flags: codec.FlagMarket},
		{Ref: 8, TimeNs: 34200004241180, Kind: m, Order: 1903538, Side: orderbook.Sell, Price: 5870100, Qty: 20},
		{Ref: 9, TimeNs: 34200004241180, Kind: m, Order: 1903538, Side: orderbook.Sell, Qty: 20, Flags: codec.FlagMarket},
		{Ref: 10, TimeNs: -5, Kind: d, Order: 1903538, Side: orderbook.Sell},
	}
	for i, w := range want {
		w.Instrument = 1
		if c := got.commands[i+1]; c != owned(w) {
			t.Errorf("line %d:\n%+v, want\n%+v", i+2, c, owned(w))
		}
	}
}

func TestReaderOptionalColumns(t *testing.T) {
	got := readAll("symbol,flags,disclosed,trigger,client,member,qty,price,side,order_id,cmd,ts_ns,seq\n"+
		"RELIANCE-EQ,SPG,10,245000,77,3,100,245100,B,1,N,5,1\n"+
		"NIFTY-FUTIDX-20260924,I,0,0,4294967295,65535,75,1,S,1,M,6,2\n"+
		"RELIANCE-EQ,L,0,0,0,0,100,0,B,2,N,7,3\n"+
		"RELIANCE-EQ,M,0,-1,0,0,100,5,B,3,N,8,4\n", Options{PriceScale: 2})
	if got.final != io.EOF || len(got.records) > 0 || len(got.commands) != 6 {
		t.Fatal(got)
	}
	want := []codec.Command{
		1: {
			Ref: 1, TimeNs: 5, Instrument: 1, Kind: codec.KindNew, Order: 1, Side: orderbook.Buy, Price: 245100, Qty: 100, Member: 3, Client: 77,
			Trigger: 245000, Disclosed: 10, Flags: codec.FlagStopLoss | codec.FlagPreOpen | codec.FlagAlgo,
		},
		3: {Ref: 2, TimeNs: 6, Instrument: 2, Kind: codec.KindModify, Order: 1, Side: orderbook.Sell, Price: 1, Qty: 75, Member: 65535, Client: 1<<32 - 1, TIF: orderbook.IOC},
		4: {Ref: 3, TimeNs: 7, Instrument: 1, Kind: codec.KindNew, Order: 2, Side: orderbook.Buy, Qty: 100},
		5: {Ref: 4, TimeNs: 8, Instrument: 1, Kind: codec.KindNew, Order: 3, Side: orderbook.Buy, Price: 5, Qty: 100, Trigger: -1, Flags: codec.FlagMarket},
	}
	for i, w := range want {
		if c := got.commands[i]; c.Kind != codec.KindDefine && c != w {
			t.Errorf("command %d:\n%+v, want\n%+v", i, c, w)
		}
	}
	names := got.commands[0].AsInstrument().Name() + " " + got.commands[2].AsInstrument().Name()
	if names != "RELIANCE-EQ NIFTY-FUTIDX-20260924" {
		t.Errorf("instruments %s", names)
	}
}

// C2, C4: one bad line costs one line.
func TestReaderBadLines(t *testing.T) {
	lines := []struct{ text, want string }{
		{"1,1,N,7,B,100,5", ""},
		{"1,1,N,7,B,100,5", `seq above 1, got "1"`},
		{"x,1,N,7,B,100,5", `seq above 1, got "x"`},
		{"2,,N,7,B,100,5", `ts_ns in ns, got ""`},
		{"2,9223372036854775808,N,7,B,100,5", `ts_ns in ns, got "9223372036854775808"`},
		{"2,1,X,7,B,100,5", `cmd N, A, M, R, D, phase, rules, limit, mass_cancel, kill or lift, got "X"`},
		{"2,1,NN,7,B,100,5", `cmd N, A, M, R, D, phase, rules, limit, mass_cancel, kill or lift, got "NN"`},
		{"2,1,N,A,B,100,5", `order_id as 123 or A1, got "A"`},
		{"2,1,N,9223372036854775808,B,100,5", `order_id as 123 or A1, got "9223372036854775808"`},
		{"2,1,N,AA1,B,100,5", `order_id as 123 or A1, got "AA1"`},
		{"2,1,N,7,buy,100,5", `side B or S, got "buy"`},
		{"2,1,N,7,B,100.5,5", `price a whole number of 32 bits, got "100.5"`},
		{"2,1,N,7,B,2147483648,5", `price a whole number of 32 bits, got "2147483648"`},
		{"2,1,N,7,B,100,-5", `qty a whole number of 32 bits, got "-5"`},
		{"2,1,N,7,B,100,4294967296", `qty a whole number of 32 bits, got "4294967296"`},
		{"2,1,N,7,B,100", `7 columns, got 6`},
		{"2,1,N,7,B,100,5,6", `7 columns, got 8`},
		{"", `7 columns, got 1`},
		{strings.Repeat(",", 20), `at most 16 columns, got more`},
		{strings.Repeat("9", 70000), `a line of at most 4096 bytes, got 70001 bytes`},
		{"2," + strings.Repeat("9", 60) + ",N,7,B,100,5", `ts_ns in ns, got "9999999999999999999999999999999999999999"...`},
		{"2,1,N,7,B,100,5", ""},
	}
	text := header
	var want []string
	for _, l := range lines {
		if l.want != "" {
			want = append(want, l.want)
		}
		text += l.text + "\n"
	}
	got := readAll(text, Options{})
	if got.final != io.EOF || len(got.commands) != 3 {
		t.Fatalf("%d commands, then %v", len(got.commands), got.final)
	}
	if len(got.records) != len(want) {
		t.Fatalf("%d errors, want %d", len(got.records), len(want))
	}
	for i, w := range want {
		if !strings.HasSuffix(got.records[i], ": want "+w) {
			t.Errorf("error %q, want %q", got.records[i], w)
		}
	}
	if w := `line 3 (offset 54): want seq above 1, got "1"`; got.records[0] != w {
		t.Errorf("error %q, want %q", got.records[0], w)
	}
}

// C5.
func TestHeader(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"", "want the header of a command file, got something else"},
		{"seq,ts_ns", "want the header of a command file, got something else"},
		{"a,b\n", `want the columns of a command file, got column "a"`},
		{"seq,ts_ns,cmd,order_id,side,price\n", "want column qty of a command file, got a header without it"},
		{"seq,ts_ns,cmd,order_id,side,price,qty,qty\n", `want each column once, got column "qty" twice`},
		{"seq,ts_ns,cmd,order_id,side,price,qty,memebr\n", `want the columns of a command file, got column "memebr"`},
		{"cmd_seq,fill_no,aggressor_id,passive_id,price,qty\n", `want the columns of a command file, got column "cmd_seq"`},
		{strings.Repeat("x", 5000) + "\n", "want the header of a command file, got something else"},
	} {
		var he *HeaderError
		if _, err := NewReader(strings.NewReader(tc.text), Options{}); !errors.As(err, &he) || err.Error() != tc.want {
			t.Errorf("%.60q: error %v, want %s", tc.text, err, tc.want)
		}
		if Recognize([]byte(tc.text)) && !strings.Contains(tc.want, "twice") && !strings.Contains(tc.want, "memebr") {
			t.Errorf("%.60q is recognized", tc.text)
		}
	}
	if !Recognize([]byte(header)) || !Recognize([]byte("symbol,qty,seq,ts_ns,cmd,order_id,side,price\r\n1,2")) {
		t.Error("a command file is not recognized")
	}
	for _, o := range []Options{{Symbol: "ELEVENCHARS"}, {Symbol: "A,B"}, {Symbol: "-"}, {PriceScale: 10}} {
		if _, err := NewReader(strings.NewReader(header), o); errors.Is(err, ErrOptions) == (o.Symbol == "-") {
			t.Errorf("options %+v: %v", o, err)
		}
	}
}

func TestReaderBadSymbol(t *testing.T) {
	const head = "seq,ts_ns,cmd,order_id,side,price,qty,symbol,member\n"
	got := readAll(head+"1,1,N,7,B,100,5,ELEVENCHARS,1\n2,1,N,7,B,100,5,,1\n3,1,N,7,B,100,5,OK,x\n4,1,N,7,B,100,5,OK,1\n", Options{})
	if len(got.commands) != 2 || len(got.records) != 3 || got.final != io.EOF {
		t.Fatal(got)
	}
	if w := `line 2 (offset 52): want symbol as RELIANCE-EQ, of at most 10 characters before the series, got "ELEVENCHARS"`; got.records[0] != w {
		t.Errorf("error %q, want %q", got.records[0], w)
	}
}

// C4: cut anywhere but behind a LF, the file is truncated.
func TestReaderTruncated(t *testing.T) {
	text := header + "1,1,N,7,B,100,5\n2,1,N,8,S,101,51\n"
	for cut := range len(text) + 1 {
		got := readAll(text[:cut], Options{})
		var te *TruncatedError
		var he *HeaderError
		switch {
		case cut < len(header):
			if !errors.As(got.final, &he) {
				t.Fatalf("cut at %d: %v", cut, got.final)
			}
		case text[cut-1] == '\n':
			if got.final != io.EOF {
				t.Fatalf("cut at %d: %v", cut, got.final)
			}
		case !errors.As(got.final, &te):
			t.Fatalf("cut at %d: %v", cut, got.final)
		}
	}
}

func TestReaderPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken disk")
	r, err := NewReader(io.MultiReader(strings.NewReader(header+"1,1,N,7,B,100,5\n2,"), errReader{broken}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var c codec.Command
	for range 2 {
		if err := r.Next(&c); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := r.Next(&c); !errors.Is(err, broken) {
			t.Errorf("error %v, want %v", err, broken)
		}
	}
	if _, err := NewReader(errReader{broken}, Options{}); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestReaderDoesNotAllocate(t *testing.T) {
	var text bytes.Buffer
	w := NewWriter(&text, ColumnSymbol)
	for i, name := range []string{"RELIANCE-EQ", "TCS-EQ"} {
		in, _ := ParseName(name, 2)
		in.Instrument = uint32(i + 1)
		_ = w.Write(in.AsCommand())
	}
	for i := range uint32(5000) {
		_ = w.Write(&codec.Command{Ref: i + 1, Instrument: i%2 + 1, Kind: codec.KindNew, Side: orderbook.Buy, Price: 5, Qty: 6})
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(&text, Options{})
	if err != nil {
		t.Fatal(err)
	}
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
		t.Errorf("%v allocations for a line, want 0", n)
	}
}

func BenchmarkReader(b *testing.B) {
	line := ",34200004241176,N,1903538,S,5870000,100\n"
	var text bytes.Buffer
	text.WriteString(header)
	for i := range 4000 {
		text.WriteString(string(AppendOrderID(nil, orderbook.OrderID(i+1))) + line)
	}
	b.ReportAllocs()
	r, _ := NewReader(bytes.NewReader(text.Bytes()), Options{})
	var c codec.Command
	for b.Loop() {
		if err := r.Next(&c); err == io.EOF {
			b.StopTimer()
			r, _ = NewReader(bytes.NewReader(text.Bytes()), Options{})
			b.StartTimer()
		} else if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
}
