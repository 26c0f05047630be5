package nse

import (
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

func contract(segment codec.Segment, symbol, series, class string, expiry uint32, strike orderbook.Price, option string) Contract {
	c := Contract{Segment: segment, Scale: 2, Expiry: expiry, Strike: strike}
	copy(c.Symbol[:], symbol)
	copy(c.Series[:], series)
	copy(c.Class[:], class)
	copy(c.Option[:], option)
	return c
}

func capital(symbol, series string) Contract {
	return contract(codec.SegmentCapital, symbol, series, "", 0, 0, "")
}

// goldenOrders are records written out by hand from the layout document, field by field.
var goldenOrders = []struct {
	name   string
	layout Layout
	line   string
	want   Order
}{
	{
		"a limit order of the capital market", CapitalOrders,
		"RM" + "CASH" + "1100000000012345" + "87014847291575" + "B" + "1" + "bbRELIANCE" + "EQ" +
			"00000000" + "00000250" + "00245075" + "00000000" + "N" + "N" + "N" + "1" + "3",
		Order{
			Contract: capital("RELIANCE", "EQ"), Number: 1100000000012345, Jiffies: 87014847291575, Activity: Entry,
			Side: orderbook.Buy, Quantity: 250, Limit: 245075, Spread: NoSpread, Algo: 1, Account: 3,
		},
	},
	{
		"a pre-open market order, disclosed, of a symbol with an ampersand", CapitalOrders,
		"PO" + "CASH" + "1300000000000001" + "87014847291576" + "S" + "1" + "bbbbbbbM&M" + "BE" +
			"00000100" + "00001000" + "00000000" + "00000000" + "Y" + "N" + "N" + "0" + "1",
		Order{
			Contract: capital("M&M", "BE"), Number: 1300000000000001, Jiffies: 87014847291576, Activity: Entry,
			Side: orderbook.Sell, Disclosed: 100, Quantity: 1000, PreOpen: true, Market: true, Spread: NoSpread, Algo: 0, Account: 1,
		},
	},
	{
		"a modify of a stop-loss order, immediate or cancel, of a symbol as long as the field", CapitalOrders,
		"RM" + "CASH" + "0000000000000007" + "00000000000000" + "S" + "4" + "BAJAJ-AUTO" + "EQ" +
			"00000000" + "99999999" + "99999999" + "00000001" + "N" + "Y" + "Y" + "2" + "2",
		Order{
			Contract: capital("BAJAJ-AUTO", "EQ"), Number: 7, Activity: Modify, Side: orderbook.Sell,
			Quantity: 99999999, Limit: 99999999, Trigger: 1, StopLoss: true, IOC: true, Spread: NoSpread, Algo: 2, Account: 2,
		},
	},
	{
		"a cancel in a future", DerivativeOrders,
		"RM" + "FAOb" + "1400000000000002" + "99999999999999" + "B" + "3" + "bbbbbNIFTY" + "FUTIDX" + "24SEP2026" + "00000000" + "FF" +
			"00000000" + "00000075" + "02450050" + "00000000" + "N" + "N" + "N" + "*" + "3" + "3" + "Y",
		Order{
			Contract: contract(codec.SegmentDerivatives, "NIFTY", "", "FUTIDX", 20260924, 0, ""), Number: 1400000000000002,
			Jiffies: 99999999999999, Activity: Cancel, Side: orderbook.Buy, Quantity: 75, Limit: 2450050, Spread: NoSpread, Algo: 3, Account: 3,
		},
	},
	{
		"an option, in the layout before December 2021", DerivativeOrders111,
		"RM" + "FAOb" + "1400000000000003" + "00000000000001" + "S" + "1" + "bbbbbbSBIN" + "OPTSTK" + "28JUN2012" + "00080000" + "CE" +
			"00000000" + "00001500" + "00001205" + "00000000" + "N" + "N" + "Y" + "*" + "1" + "2",
		Order{
			Contract: contract(codec.SegmentDerivatives, "SBIN", "", "OPTSTK", 20120628, 80000, "CE"), Number: 1400000000000003,
			Jiffies: 1, Activity: Entry, Side: orderbook.Sell, Quantity: 1500, Limit: 1205, IOC: true, Spread: NoSpread, Algo: 1, Account: 2,
		},
	},
	{
		"a spread order with a negative price difference", DerivativeOrders,
		"RM" + "FAOb" + "1400000000000004" + "00000000000002" + "B" + "1" + "bbbbbNIFTY" + "FUTIDX" + "01JAN2026" + "00000000" + "FF" +
			"00000000" + "00000075" + "00000125" + "00000000" + "N" + "N" + "N" + "S" + "1" + "2" + "N",
		Order{
			Contract: contract(codec.SegmentDerivatives, "NIFTY", "", "FUTIDX", 20260101, 0, ""), Number: 1400000000000004,
			Jiffies: 2, Activity: Entry, Side: orderbook.Buy, Quantity: 75, Limit: -125, Spread: 'S', Algo: 1, Account: 2,
		},
	},
	{
		"a currency future, with prices of four digits", DerivativeOrders,
		"RM" + "CDSb" + "1400000000000005" + "00000000000003" + "B" + "1" + "bbbbUSDINR" + "FUTCUR" + "28DEC2026" + "00000000" + "FF" +
			"00000000" + "00000010" + "00834525" + "00000000" + "N" + "N" + "N" + "*" + "1" + "2" + "Y",
		Order{
			Contract: Contract{
				Segment: codec.SegmentDerivatives, Scale: 4, Symbol: [10]byte{'U', 'S', 'D', 'I', 'N', 'R'},
				Class: [6]byte{'F', 'U', 'T', 'C', 'U', 'R'}, Expiry: 20261228,
			},
			Number: 1400000000000005, Jiffies: 3, Activity: Entry, Side: orderbook.Buy, Quantity: 10, Limit: 834525, Spread: NoSpread, Algo: 1, Account: 2,
		},
	},
}

func TestOrderGolden(t *testing.T) {
	for _, tc := range goldenOrders {
		t.Run(tc.name, func(t *testing.T) {
			if len(tc.line) != tc.layout.Size() {
				t.Fatalf("the test's line has %d bytes, want %d", len(tc.line), tc.layout.Size())
			}
			var got Order
			if err := tc.layout.ParseOrder([]byte(tc.line), &got); err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("parsed\n%+v, want\n%+v", got, tc.want)
			}
			line, err := tc.layout.AppendOrder([]byte("before "), &tc.want)
			if err != nil {
				t.Fatal(err)
			}
			if string(line) != "before "+tc.line {
				t.Errorf("appended\n%s, want\n%s", line, tc.line)
			}
		})
	}
}

// patch returns the golden line i with s written over it at off.
func patch(i, off int, s string) []byte {
	b := []byte(goldenOrders[i].line)
	copy(b[off:], s)
	return b
}

// N1: what may stand left of a name or number, and that nothing else is stripped.
func TestFill(t *testing.T) {
	for _, tc := range []struct {
		name, field string
		want        string
	}{
		{"the letter", "bbbbbbbBCG", "BCG"},
		{"blanks", "       BCG", "BCG"},
		{"both", "b b b bBCG", "BCG"},
		{"a symbol that holds the letter", "bbbbJBbANK", "JBbANK"},
		{"a symbol that ends in it", "bbbbbbbABb", "ABb"},
		{"a blank on the right stays", "bbbbbJ&K  ", "J&K  "},
		{"dashes", "MCDOWELL-N", "MCDOWELL-N"},
		{"dots and stars", "bbbbbA.B*C", "A.B*C"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var o Order
			if err := CapitalOrders.ParseOrder(patch(0, 38, tc.field), &o); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimRight(string(o.Symbol[:]), "\x00"); got != tc.want {
				t.Errorf("symbol %q, want %q", got, tc.want)
			}
		})
	}
	for _, field := range []string{"00000250", "bbbbb250", "     250", " b b0250"} {
		var o Order
		if err := CapitalOrders.ParseOrder(patch(0, 58, field), &o); err != nil || o.Quantity != 250 {
			t.Errorf("quantity %q is read as %d, %v, want 250", field, o.Quantity, err)
		}
	}
	var o Order
	if err := CapitalOrders.ParseOrder(patch(0, 74, "bbbbbbbb"), &o); err != nil || o.Trigger != 0 {
		t.Errorf("a blank trigger is read as %d, %v, want 0", o.Trigger, err)
	}
}

func TestOrderErrors(t *testing.T) {
	for _, tc := range []struct {
		line int // of goldenOrders
		off  int
		text string
		want string
	}{
		{0, 0, "XX", `want record type RM or PO and segment CASH, got "XXCASH"`},
		{0, 2, "FAOb", `want record type RM or PO and segment CASH, got "RMFAOb"`},
		{3, 2, "CASH", `want record type RM or PO and segment FAOb or CDSb, got "RMCASH"`},
		{0, 6, "11000000000x2345", `want order number of 16 digits, got "11000000000x2345"`},
		{0, 6, "bbbbbbbbbbbbbbbb", `want order number of 16 digits, got "bbbbbbbbbbbbbbbb"`},
		{0, 22, "8701484729157-", `want time of 14 digits, got "8701484729157-"`},
		{0, 36, "X", `want side B or S, got "X"`},
		{0, 37, "2", `want activity 1, 3 or 4, got "2"`},
		{0, 38, "bbbbbbbbbb", `want symbol not blank, got "bbbbbbbbbb"`},
		{0, 38, "bbbbbbb\x00AB", `want symbol of printable ASCII, got "bbbbbbb\x00AB"`},
		{0, 48, "  ", `want series not blank, got "  "`},
		{0, 58, "12x     ", `want quantity of 8 digits, got "12x     "`},
		{0, 58, "bbbbbbbb", `want quantity of 8 digits, got "bbbbbbbb"`},
		{0, 66, "-0000001", `want limit price of 8 digits, got "-0000001"`},
		{0, 74, "1 000000", `want trigger price of 8 digits, got "1 000000"`},
		{0, 82, "y", `want market flag Y or N, got "y"`},
		{0, 83, "0", `want stop-loss flag Y or N, got "0"`},
		{0, 84, " ", `want IOC flag Y or N, got " "`},
		{0, 85, "4", `want algo indicator 0 to 3, got "4"`},
		{0, 86, "0", `want client flag 1 to 3, got "0"`},
		{3, 54, "24SEX2026", `want expiry as 28JUN2012, got "24SEX2026"`},
		{3, 54, "00SEP2026", `want expiry as 28JUN2012, got "00SEP2026"`},
		{3, 63, "0000000x", `want strike price of 8 digits, got "0000000x"`},
		{3, 108, "?", `want spread type *, S, 2 or 3, got "?"`},
		{3, 111, "X", `want limit price indicator Y or N, got "X"`},
	} {
		var o Order
		err := goldenOrders[tc.line].layout.ParseOrder(patch(tc.line, tc.off, tc.text), &o)
		if err == nil || err.Error() != tc.want {
			t.Errorf("%q at %d: error %v, want %s", tc.text, tc.off, err, tc.want)
		}
	}
	var o Order
	if err := CapitalOrders.ParseOrder([]byte("RMCASH"), &o); err == nil || err.Error() != "want a line of 87 bytes, got 6 bytes" {
		t.Errorf("short line: %v", err)
	}
}

func TestAppendOrderErrors(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Order)
		want   string
	}{
		{"order number", func(o *Order) { o.Number = 1e16 }, "order number 10000000000000000: want at most 16 digits"},
		{"marked order number", func(o *Order) { o.Number = 1<<63 | 1 }, "order number 9223372036854775807: want at most 16 digits"},
		{"time", func(o *Order) { o.Jiffies = jiffiesMax + 1 }, "time 100000000000000: want at most 14 digits"},
		{"side", func(o *Order) { o.Side = 0 }, "side side(0): want buy or sell"},
		{"activity", func(o *Order) { o.Activity = 2 }, "activity 2: want 1, 3 or 4"},
		{"quantity", func(o *Order) { o.Quantity = 1e8 }, "quantity 100000000: want at most 8 digits"},
		{"limit", func(o *Order) { o.Limit = -1 }, "limit price -1: want at most 8 digits"},
		{"symbol", func(o *Order) { o.Symbol = [10]byte{'b', 'X'} }, `symbol "bX": want printable ASCII that does not begin with a fill byte`},
		{"no symbol", func(o *Order) { o.Symbol = [10]byte{} }, `symbol "": want printable ASCII that does not begin with a fill byte`},
		{"segment", func(o *Order) { o.Segment = codec.SegmentOther }, "segment 3: want that of the file (CASH orders)"},
		{"scale", func(o *Order) { o.Scale = 4 }, "price scale 4: want 2, or 4 for currency"},
		{"algo", func(o *Order) { o.Algo = 4 }, "algo indicator 4: want 0 to 3"},
		{"spread", func(o *Order) { o.Spread = 'S' }, "spread type 'S': want none in the capital market"},
	} {
		o := goldenOrders[0].want
		tc.change(&o)
		dst, err := CapitalOrders.AppendOrder([]byte("x"), &o)
		if want := "an NSE record cannot carry " + tc.want; err == nil || err.Error() != want || string(dst) != "x" {
			t.Errorf("%s: %q, error %v, want %s", tc.name, dst, err, want)
		}
	}
}

// TestAppendOrderSpread: what is written as a spread type is one, so that a line is a line and is read back.
func TestAppendOrderSpread(t *testing.T) {
	o := goldenOrders[3].want
	written := 0
	for c := range 256 {
		o.Spread = byte(c)
		line, err := DerivativeOrders.AppendOrder(nil, &o)
		if err != nil {
			continue
		}
		written++
		var got Order
		if err := DerivativeOrders.ParseOrder(line, &got); err != nil || got != o {
			t.Errorf("spread type %q is read as %q, %v", o.Spread, got.Spread, err)
		}
	}
	if written != 4 {
		t.Errorf("%d spread types, want *, S, 2 and 3", written)
	}
}

func TestRecognize(t *testing.T) {
	crlf := func(name, line string) { // one of 111 bytes passed for one of 112, and no record could be read
		if l, ok := Recognize([]byte(line + "\r\n" + line + "\r\n")); l != 0 || !ok {
			t.Errorf("%s, with CR LF: recognized as %v (%v), want none", name, l, ok)
		}
	}
	for _, g := range goldenOrders {
		crlf(g.name, g.line)
		if l, ok := Recognize([]byte(g.line + "\n")); l != g.layout || !ok {
			t.Errorf("%s: recognized as %v (%v), want %v", g.name, l, ok, g.layout)
		}
	}
	for _, g := range goldenTrades {
		crlf(g.name, g.line)
		if l, ok := Recognize([]byte(g.line + "\n")); l != g.layout || !ok {
			t.Errorf("%s: recognized as %v (%v), want %v", g.name, l, ok, g.layout)
		}
	}
	good := goldenOrders[0].line + "\n"
	for _, tc := range []struct {
		name, head string
		layout     Layout
		ok         bool
	}{
		{"nothing", "", 0, false},
		{"half a head", "RMCAS", 0, false},
		{"text", "The quick brown fox jumps over the lazy dog.\n", 0, false},
		{"a segment that is none", "RMXXXb" + good[6:], 0, false},
		{"a first line that was cut", good[:60] + "\n" + good, CapitalOrders, true},
		{"no line end yet", good[:87], 0, true},
		{"lines of no layout", good[:60] + "\n" + good[:61] + "\n", 0, true},
		{"a capital-market line of the length of a derivatives one", good[:87] + strings.Repeat("0", 25) + "\n", 0, true},
	} {
		if l, ok := Recognize([]byte(tc.head)); l != tc.layout || ok != tc.ok {
			t.Errorf("%s: recognized as %v (%v), want %v (%v)", tc.name, l, ok, tc.layout, tc.ok)
		}
	}
}
