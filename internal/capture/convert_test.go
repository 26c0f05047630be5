package capture

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/orderbook"
)

// content reads a file, decompressed if its name says that it is compressed.
func content(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// chain converts in through files of the given names, one after the other, and returns the last.
func chain(t testing.TB, in string, o Options, names ...string) (string, Stats) {
	t.Helper()
	dir := t.TempDir()
	var s Stats
	for _, n := range names {
		out := filepath.Join(dir, n)
		var err error
		if s, err = Convert(in, out, o); err != nil {
			t.Fatal(err)
		}
		in = out
	}
	return in, s
}

// What all formats can carry comes back as the same bytes, whatever way it went.
func TestConvertThereAndBack(t *testing.T) {
	derivatives := "RMFAOb140000000000000287014847291575B1bbbbbNIFTYFUTIDX24SEP202600000000FF00000000000000750245005000000000NNN*13Y\n"
	special := strings.ReplaceAll(dat, "RMCASH", "POCASH") +
		"RMCASH110000000000000987014847291599S4bbRELIANCEEQ00000010000001000000000000245000NYY03\n" + // a limit of 0 is no market order
		"RMCASH110000000000000987014847291599B1bbRELIANCEEQ00000000000001000024500000000000YNN03\n" // a market order with a price
	for _, tc := range []struct {
		name, in string
		via      []string
	}{
		{"a.DAT", dat, []string{"a.tzc", "a.DAT"}},
		{"b.DAT", dat, []string{"b.csv", "b.DAT"}},
		{"c.DAT", dat, []string{"c.DAT.gz", "c.csv.gz", "c.tzc.gz", "c.DAT"}},
		{"d.DAT", derivatives, []string{"d.csv", "d.tzc", "d.DAT"}},
		{"e.DAT", special, []string{"e.csv", "e.tzc", "e.DAT"}},
		{"f.csv", csvText, []string{"f.tzc", "f.csv"}},
		{"g.csv", csvText, []string{"g.csv.gz"}},
		{"h.csv", "seq,ts_ns,cmd,order_id,side,price,qty,member,client\n7,-1,M,A1,B,-5,0,9,9\n9,2,R,1,S,0,0,1,1\n", []string{"h.tzc", "h.csv"}},
		{"i.csv", "seq,ts_ns,cmd,order_id,side,price,qty,symbol\n1,1,N,1,B,5,5,CAPTURE\n2,1,N,1,B,5,5,OTHER\n", []string{"i.tzc", "i.csv.gz"}},
		{"j.csv", "seq,ts_ns,cmd,order_id,side,price,qty,symbol,trigger,disclosed,flags\n1,1,M,1,B,5,5,M&M-EQ,5,6,ISPG\n", []string{"j.tzc", "j.csv"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, s := chain(t, put(t, tc.name, tc.in), Options{}, tc.via...)
			if got := content(t, out); got != tc.in {
				t.Errorf("came back as\n%s, want\n%s", got, tc.in)
			}
			if s.Unreadable != 0 || s.Commands != uint64(strings.Count(tc.in, "\n"))-boolCount(strings.HasPrefix(tc.in, "seq")) {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func boolCount(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// F4: every loss is told.
func TestConvertNotes(t *testing.T) {
	const header = "seq,ts_ns,cmd,order_id,side,price,qty"
	for _, tc := range []struct {
		name, in, out string
		options       Options
		want          []string
	}{
		{"nothing is lost", csvText, "x.tzc", Options{PriceScale: 4}, nil},
		{"a foreign capture as NSE file", csvText, "x.DAT", Options{PriceScale: 4}, []string{
			"2 " + strings.Replace(lossTexts[lossShift], "%d", "3653", 1),
			"1 " + lossTexts[lossRenumber],
			"1 " + lossTexts[lossScale],
			"1 " + lossTexts[lossSegment],
			"2 " + lossTexts[lossMarked],
			"2 " + lossTexts[lossJiffy],
			"1 " + lossTexts[lossOwner], // the renumbered order has another owner
		}},
		{"owners", header + ",member,client\n1,1800000000000000000,N,1,B,5,5,7,7\n", "x.DAT.gz", Options{}, []string{
			"1 " + lossTexts[lossOwner], "1 " + lossTexts[lossSegment], "1 " + lossTexts[lossMarked],
		}},
		{"a reduce", header + "\n1,1800000000000000000,N,1,B,5,5\n2,1800000000000000000,R,1,B,5,1\n", "x.DAT", Options{}, []string{
			"1 " + lossTexts[lossReduce], "1 " + lossTexts[lossSegment], "2 " + lossTexts[lossMarked],
		}},
		{"codes, and a scale to tell", dat, "x.csv", Options{PriceScale: 4}, []string{"2 " + lossTexts[lossCodes], "2 " + lossTexts[lossScale]}},
		{"unreadable", dat + "x\n", "x.csv", Options{}, []string{"2 " + lossTexts[lossCodes], "1 " + lossTexts[lossUnreadable]}},
		{"unreadable, kept", dat + "x\n", "x.tzc", Options{}, nil},
	} {
		_, s := chain(t, put(t, "in", tc.in), tc.options, tc.out)
		got := map[string]bool{}
		for _, n := range s.Notes {
			got[n.String()] = true
		}
		for _, w := range tc.want {
			if !got[w] {
				t.Errorf("%s: no note %q", tc.name, w)
			}
			delete(got, w)
		}
		if len(got) > 0 {
			t.Errorf("%s: more notes: %v", tc.name, got)
		}
	}
}

// A tezi capture keeps the places of unreadable records, so a replay counts them as the source's does.
func TestConvertKeepsUnreadable(t *testing.T) {
	in := put(t, "in", dat[:88]+"short\n"+dat[88:])
	out, s := chain(t, in, Options{}, "x.tzc")
	got := readAll(out, Options{})
	if s.Unreadable != 1 || s.Commands != 2 || s.Instruments != 2 || len(got.commands) != 5 {
		t.Fatalf("stats %+v, %d commands", s, len(got.commands))
	}
	if c := got.commands[2]; c.Kind != codec.KindUnreadable || c.Ref != 2 {
		t.Errorf("%+v", c)
	}
}

// F3, F4: what would change the meaning of the flow is an error, and then there is no file.
func TestConvertErrors(t *testing.T) {
	const header = "seq,ts_ns,cmd,order_id,side,price,qty"
	row := func(id, price, qty, symbol string) string {
		return "1,1800000000000000000,N," + id + ",B," + price + "," + qty + "," + symbol + "\n"
	}
	dir := t.TempDir()
	for _, tc := range []struct{ name, in, out, want string }{
		{"no format", dat, "x.txt", "no capture format has this extension"},
		{"no capture", "hello\n", "x.tzc", "not a capture"},
		{"damaged", dat[:100], "x.tzc", "damaged at line 2"},
		{"damaged, read twice", dat[:100], "x.csv", "damaged at line 2"},
		{"quantity", header + ",symbol\n" + row("1", "5", "100000000", "A-EQ"), "x.DAT", "cannot carry quantity 100000000: want at most 8 digits"},
		{"price", header + ",symbol\n" + row("1", "-5", "1", "A-EQ"), "x.DAT", "cannot carry limit price -5"},
		{"two segments", header + ",symbol\n" + row("1", "5", "1", "A-EQ") + "2" + row("1", "5", "1", "A-FUTSTK-20260924")[1:], "x.DAT", "cannot carry segment 2: want that of the file (CASH orders)"},
		{"order number", header + ",symbol\n" + row("10000000000000000", "5", "1", "A-EQ"), "x.DAT", "cannot carry order number 10000000000000000: want at most 16 digits"},
		{"marked order number", header + ",symbol\n" + row("A1000000000000000", "5", "1", "A-EQ"), "x.DAT", "cannot carry order number A1000000000000000: want at most 15 digits"},
		{"order numbers that meet", header + ",symbol\n" + row("A1", "5", "1", "A-EQ") + "2" + row("9000000000000001", "5", "1", "A-EQ")[1:], "x.DAT", "those with an A need them"},
		{"time", header + "\n1,1900000000000000000,N,1,B,5,5\n", "x.DAT", "cannot carry time 1900000000000000000 ns: want 1980 to May 2028"},
	} {
		in := put(t, "in", tc.in)
		if _, err := Convert(in, filepath.Join(dir, tc.out), Options{}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %s", tc.name, err, tc.want)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
	if _, err := Convert(put(t, "in", dat), filepath.Join(dir, "none", "x.tzc"), Options{}); err == nil {
		t.Error("written into a directory that is not there")
	}
}

// From a pipe the flow can be read once only, so the CSV has all columns.
func TestConvertStdin(t *testing.T) {
	f, err := os.Open(put(t, "x", csvText))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	was := os.Stdin
	os.Stdin = f
	defer func() { os.Stdin = was }()
	out := filepath.Join(t.TempDir(), "x.csv")
	if _, err := Convert("-", out, Options{Members: 1, Clients: 1}); err != nil {
		t.Fatal(err)
	}
	want := "seq,ts_ns,cmd,order_id,side,price,qty,symbol,member,client,trigger,disclosed,flags\n" +
		"1,34200004241176,N,1903538,S,5870000,100,CAPTURE,1,1,0,0,\n2,34200004241177,A,A1,B,5870000,40,CAPTURE,1,1,0,0,\n"
	if got := content(t, out); got != want {
		t.Errorf("written\n%s, want\n%s", got, want)
	}
}

// outcome is what the engine makes of a flow: everything but times and commands.
type outcome struct {
	trades  []string
	rejects string
	state   uint64
	orders  uint64
}

// match runs a flow through the engine's core. number undoes what a conversion did to order numbers.
func match(t interface{ Fatal(...any) }, commands []codec.Command, number func(orderbook.OrderID) orderbook.OrderID) outcome {
	core, err := engine.NewCore(engine.Limits{OrdersMax: 1 << 16, InstrumentsMax: 16, BatchTarget: 1000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	var out outcome
	batch := engine.NewBuilder(0, 1)
	var payload []byte
	for i, c := range commands {
		c.Seq = uint64(i + 1)
		core.Apply(&c, batch)
		if batch.Trades() == 0 && i+1 < len(commands) {
			continue
		}
		payload = batch.AppendPayload(payload[:0])
		p, err := codec.DecodePayload(payload)
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range p.Trades {
			out.trades = append(out.trades, fmt.Sprintf("%d %d>%d %d@%d", tr.Instrument, number(tr.Taker), number(tr.Maker), tr.Qty, tr.Price))
		}
		batch.Reset(c.Seq, core.NextTrade())
	}
	out.rejects, out.state, out.orders = fmt.Sprint(core.Counts().Rejects), core.StateHash(), core.Counts().OrdersAccepted
	return out
}

func same(id orderbook.OrderID) orderbook.OrderID { return id }

// drawFlow draws commands on few orders and prices, so that they meet: reduces of unknown orders, by
// all and by too much among them.
func drawFlow(t *rapid.T) []codec.Command {
	defined := map[string]uint32{}
	var out []codec.Command
	for range rapid.IntRange(1, 60).Draw(t, "n") {
		name := rapid.SampledFrom([]string{"A", "B"}).Draw(t, "symbol")
		id, known := defined[name]
		if !known {
			id = uint32(len(defined) + 1)
			defined[name] = id
			in := codec.Instrument{Instrument: id, Lot: 1, Symbol: [10]byte{name[0]}, Series: [2]byte{'E', 'Q'}, Segment: codec.SegmentCapital, PriceScale: 2}
			out = append(out, *in.AsCommand())
		}
		c := codec.Command{
			TimeNs: nse.TimeNs(1 << 40), Instrument: id, Order: orderbook.OrderID(rapid.Uint64Range(1, 6).Draw(t, "order")),
			Kind:  rapid.SampledFrom([]codec.Kind{codec.KindNew, codec.KindNew, codec.KindModify, codec.KindCancel, codec.KindReduce, codec.KindReduce}).Draw(t, "kind"),
			Side:  orderbook.Side(rapid.IntRange(1, 2).Draw(t, "side")),
			TIF:   rapid.SampledFrom([]orderbook.TimeInForce{orderbook.Day, orderbook.Day, orderbook.IOC}).Draw(t, "tif"),
			Price: orderbook.Price(rapid.Int32Range(98, 102).Draw(t, "price")), Qty: orderbook.Qty(rapid.Uint32Range(0, 9).Draw(t, "qty")),
			Flags: rapid.SampledFrom([]codec.Flags{0, 0, 0, 0, codec.FlagMarket, codec.FlagStopLoss, codec.FlagPreOpen}).Draw(t, "flags"),
		}
		if rapid.IntRange(0, 5).Draw(t, "disclose") == 0 {
			c.Disclosed = rapid.SampledFrom([]orderbook.Qty{c.Qty, 1, 9}).Draw(t, "disclosed")
		}
		if c.Kind == codec.KindReduce {
			c.Qty = max(c.Qty, 1) // by nothing: TestReduceByNothing
		}
		c.Member, c.Client = codec.Owner(c.Order, nse.DefaultMembers, nse.DefaultClients)
		out = append(out, c)
	}
	return out
}

// A flow with reduces and the NSE file made of it give the same trades, rejects and books.
func TestReduceIsEquivalent(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		flow := drawFlow(t)
		w, err := Create(filepath.Join(dir, "in.tzc"), Format{Kind: KindTZC}, CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range flow {
			if err := w.Write(&flow[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Convert(filepath.Join(dir, "in.tzc"), filepath.Join(dir, "out.DAT"), Options{}); err != nil {
			t.Fatal(err)
		}
		got := readAll(filepath.Join(dir, "out.DAT"), Options{})
		if got.err != nil || len(got.records) > 0 || len(got.commands) != len(flow) {
			t.Fatal(got.err, got.records, len(got.commands))
		}
		for _, c := range got.commands {
			if c.Kind == codec.KindReduce {
				t.Fatal("a reduce in an NSE file")
			}
		}
		want, have := match(t, flow, same), match(t, got.commands, same)
		if fmt.Sprint(have) != fmt.Sprint(want) {
			t.Fatalf("the NSE file gives\n%+v, want\n%+v", have, want)
		}
	})
}

// A reduce by nothing is rejected for its quantity, and so is the modify; of an order that does not
// rest there is no modify that is, and it is rejected as unknown instead.
func TestReduceByNothing(t *testing.T) {
	const header = "seq,ts_ns,cmd,order_id,side,price,qty\n"
	for text, want := range map[string]orderbook.RejectReason{
		"1,1800000000000000000,N,1,B,5,5\n2,1800000000000000000,R,1,B,5,0\n": orderbook.RejectQuantity,
		"2,1800000000000000000,R,1,B,5,0\n":                                  orderbook.RejectUnknownOrder,
	} {
		out, _ := chain(t, put(t, "in", header+text), Options{}, "x.DAT")
		var rejects [orderbook.RejectReasonCount]uint64
		rejects[want] = 1
		if got := match(t, readAll(out, Options{}).commands, same).rejects; got != fmt.Sprint(rejects) {
			t.Errorf("%s: rejects %s, want one for %s", text, got, want)
		}
	}
}
