package nse

import (
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

var goldenTrades = []struct {
	name   string
	layout Layout
	line   string
	want   Trade
}{
	{
		"a trade of the capital market", CapitalTrades,
		"RM" + "CASH" + "0000000025000001" + "87014847291575" + "bbRELIANCE" + "EQ" + "00245075" + "00000100" +
			"1100000000012345" + "0" + "1" + "1100000000012346" + "1" + "3",
		Trade{
			Contract: capital("RELIANCE", "EQ"), Number: 25000001, Jiffies: 87014847291575, Price: 245075, Quantity: 100,
			Buy: 1100000000012345, BuyAlgo: 0, BuyAccount: 1, Sell: 1100000000012346, SellAlgo: 1, SellAccount: 3,
		},
	},
	{
		"a trade of the pre-open session", CapitalTrades,
		"PO" + "CASH" + "0000000025000002" + "87014847291576" + "bbbbbbbM&M" + "EQ" + "00085000" + "00000001" +
			"1100000000000001" + "3" + "2" + "1100000000000002" + "2" + "2",
		Trade{
			Contract: capital("M&M", "EQ"), Number: 25000002, Jiffies: 87014847291576, Price: 85000, Quantity: 1, PreOpen: true,
			Buy: 1100000000000001, BuyAlgo: 3, BuyAccount: 2, Sell: 1100000000000002, SellAlgo: 2, SellAccount: 2,
		},
	},
	{
		"a derivatives trade, number of 17 digits", DerivativeTrades,
		"RM" + "FAOb" + "12345678901234567" + "99999999999999" + "bbbbbNIFTY" + "OPTIDX" + "24SEP2026" + "02450000" + "PE" + "00012005" + "00000075" +
			"1400000000000001" + "0" + "2" + "1400000000000002" + "1" + "3",
		Trade{
			Contract: contract(codec.SegmentDerivatives, "NIFTY", "", "OPTIDX", 20260924, 2450000, "PE"), Number: 12345678901234567,
			Jiffies: 99999999999999, Price: 12005, Quantity: 75,
			Buy: 1400000000000001, BuyAlgo: 0, BuyAccount: 2, Sell: 1400000000000002, SellAlgo: 1, SellAccount: 3,
		},
	},
	{
		"a derivatives trade before September 2020, number of 16 digits", DerivativeTrades123,
		"RM" + "FAOb" + "2345678901234567" + "00000000000000" + "bbbbbNIFTY" + "FUTIDX" + "26MAR2020" + "00000000" + "FF" + "00812005" + "00000075" +
			"1400000000000001" + "1" + "1" + "1400000000000002" + "1" + "1",
		Trade{
			Contract: contract(codec.SegmentDerivatives, "NIFTY", "", "FUTIDX", 20200326, 0, ""), Number: 2345678901234567,
			Price: 812005, Quantity: 75, Buy: 1400000000000001, BuyAlgo: 1, BuyAccount: 1, Sell: 1400000000000002, SellAlgo: 1, SellAccount: 1,
		},
	},
}

func TestTradeGolden(t *testing.T) {
	for _, tc := range goldenTrades {
		t.Run(tc.name, func(t *testing.T) {
			if len(tc.line) != tc.layout.Size() {
				t.Fatalf("the test's line has %d bytes, want %d", len(tc.line), tc.layout.Size())
			}
			var got Trade
			if err := tc.layout.ParseTrade([]byte(tc.line), &got); err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("parsed\n%+v, want\n%+v", got, tc.want)
			}
			line, err := tc.layout.AppendTrade(nil, &tc.want)
			if err != nil {
				t.Fatal(err)
			}
			if string(line) != tc.line {
				t.Errorf("appended\n%s, want\n%s", line, tc.line)
			}
		})
	}
}

func TestTradeErrors(t *testing.T) {
	line := goldenTrades[0].line
	for _, tc := range []struct {
		off        int
		text, want string
	}{
		{6, "x", `want trade number of 16 digits, got "x000000025000001"`},
		{48, "bbbbbbbb", `want price of 8 digits, got "bbbbbbbb"`},
		{56, "0000010.", `want quantity of 8 digits, got "0000010."`},
		{64, " ", ""},
		{80, "7", `want buy algo indicator 0 to 3, got "7"`},
		{99, "0", `want sell client flag 1 to 3, got "0"`},
		{2, "FAO ", `want record type RM or PO and segment CASH, got "RMFAO "`},
	} {
		b := []byte(line)
		copy(b[tc.off:], tc.text)
		var tr Trade
		got := ""
		if err := CapitalTrades.ParseTrade(b, &tr); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%q at %d: error %q, want %q", tc.text, tc.off, got, tc.want)
		}
	}
	tr := goldenTrades[0].want
	tr.Number = 1e16
	if _, err := CapitalTrades.AppendTrade(nil, &tr); err == nil {
		t.Error("a trade number of 17 digits was written into 16")
	}
}
