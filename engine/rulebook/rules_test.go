package rulebook

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

func TestIndexFreeze(t *testing.T) {
	for symbol, want := range map[string]orderbook.Qty{
		"NIFTY": 1800, "BANKNIFTY": 600, "FINNIFTY": 1800, "MIDCPNIFTY": 2800, "NIFTYNXT50": 600, "RELIANCE": 0, "": 0,
	} {
		if got := IndexFreeze(20260803, symbol); got != want {
			t.Errorf("IndexFreeze(%q) = %d, want %d", symbol, got, want)
		}
		if got := IndexFreeze(20260802, symbol); got != 0 {
			t.Errorf("IndexFreeze(%q) the day before = %d", symbol, got)
		}
	}
}

func TestExecRange(t *testing.T) {
	for _, c := range []struct {
		class           Class
		reference, want orderbook.Price
	}{
		{ClassIndexFuture, 24_198_85, 1_209_94},
		{ClassStockFuture, 100_00, 5_00},
		{ClassStockFuture, 10, 1},
		{ClassIndexOption, 5, 20_00},
		{ClassIndexOption, 50_00, 20_00},
		{ClassIndexOption, 50_05, 20_02},
		{ClassStockOption, 100_00, 40_00},
		{ClassStockOption, 0, 0},
		{ClassIndexFuture, 0, 0},
		{ClassCash, 100_00, 0},
		{ClassCashDerivatives, 100_00, 0},
		{ClassOther, 100_00, 0},
	} {
		if got := ExecRange(c.class, c.reference); got != c.want {
			t.Errorf("ExecRange(%v, %d) = %d, want %d", c.class, c.reference, got, c.want)
		}
	}
}

func TestRulesFor(t *testing.T) {
	const early, late = Date(20260907 - 1), Date(20260907)
	stock := instrument(codec.SegmentCapital, "", "SBIN")
	derivative := func(class, symbol string) *codec.Instrument {
		return instrument(codec.SegmentDerivatives, class, symbol)
	}
	for _, c := range []struct {
		name      string
		day       Date
		class     Class
		i         *codec.Instrument
		prevClose orderbook.Price
		bps       uint32
		want      codec.Rules
	}{
		{"stock", early, ClassCash, stock, 333_35, 1000, codec.Rules{
			PrevClose: 333_35, Low: 300_05, High: 366_65, DisclosedPct: 10, MarginBps: 2000,
		}},
		{"stock with derivatives", late, ClassCashDerivatives, stock, 100_00, 1000, codec.Rules{
			PrevClose: 100_00, Low: 90_00, High: 110_00, DisclosedPct: 10, MarginBps: 2000,
			Flags: codec.RuleBandFlexes | codec.RuleMarketFirst,
		}},
		{"stock with derivatives, fixed band", early, ClassCashDerivatives, stock, 100_00, 2000, codec.Rules{
			PrevClose: 100_00, Low: 80_00, High: 120_00, DisclosedPct: 10, MarginBps: 2000,
		}},
		{"new stock", late, ClassCash, stock, 0, 500, codec.Rules{
			DisclosedPct: 10, MarginBps: 2000, Flags: codec.RuleMarketFirst,
		}},
		{"stock future", early, ClassStockFuture, derivative("FUTSTK", "SBIN"), 100_00, 1000, codec.Rules{
			PrevClose: 100_00, Low: 90_00, High: 110_00, ExecRange: 5_00, Flags: codec.RuleBandFlexes | codec.RuleNoDisclosed,
		}},
		{"index future", late, ClassIndexFuture, derivative("FUTIDX", "BANKNIFTY"), 50_000_00, 1000, codec.Rules{
			PrevClose: 50_000_00, Low: 45_000_00, High: 55_000_00, ExecRange: 2_500_00, Freeze: 600,
			Flags: codec.RuleNoDisclosed | codec.RuleMarketFirst,
		}},
		{"index option", late, ClassIndexOption, derivative("OPTIDX", "NIFTYNXT50"), 120_00, 0, codec.Rules{
			PrevClose: 120_00, ExecRange: 48_00, Freeze: 600,
			Flags: codec.RuleNoDisclosed | codec.RuleNoStopMarket | codec.RuleMarketFirst,
		}},
		{"option on the day before", 20210926, ClassStockOption, derivative("OPTSTK", "SBIN"), 10_00, 0, codec.Rules{
			PrevClose: 10_00, ExecRange: 20_00, Flags: codec.RuleNoDisclosed,
		}},
		{"option on the day", 20210927, ClassStockOption, derivative("OPTSTK", "SBIN"), 10_00, 0, codec.Rules{
			PrevClose: 10_00, ExecRange: 20_00, Flags: codec.RuleNoDisclosed | codec.RuleNoStopMarket,
		}},
		{"foreign", late, ClassOther, instrument(codec.SegmentOther, "", "AAPL"), 100_00, 1000, codec.Rules{PrevClose: 100_00}},
	} {
		c.want.Instrument, c.want.Kind = 7, codec.KindRules
		if got := RulesForClass(c.day, c.class, c.i, c.prevClose, c.bps); got != c.want {
			t.Errorf("%s:\n%+v\nwant\n%+v", c.name, got, c.want)
		}
		if got := RulesFor(c.day, c.i, c.prevClose, c.bps); c.class != ClassCashDerivatives && got != c.want {
			t.Errorf("%s, class not told:\n%+v\nwant\n%+v", c.name, got, c.want)
		}
	}
}

// TestErrorCode is R5.
func TestErrorCode(t *testing.T) {
	if got := ErrorCode(orderbook.Accepted); got != 0 {
		t.Errorf("Accepted has error code %d", got)
	}
	for r := orderbook.Accepted + 1; r < orderbook.RejectReasonCount; r++ {
		if got := ErrorCode(r); got < 16000 || got > 17999 {
			t.Errorf("%v has error code %d", r, got)
		}
	}
	for r, want := range map[orderbook.RejectReason]int16{
		orderbook.RejectSession: 16000, orderbook.RejectUnknownInstrument: 16012, orderbook.RejectUnknownOrder: 16060,
		orderbook.RejectTick: 16283, orderbook.RejectBand: 16284, orderbook.RejectFreeze: 16307,
		orderbook.RejectTriggerLimit: 16315, orderbook.RejectTriggerTick: 16316, orderbook.RejectDisclosedAbove: 16324,
		orderbook.RejectDisclosedLot: 16325, orderbook.RejectLot: 16328, orderbook.RejectDisclosedMin: 16400,
		orderbook.RejectTrigger: 16423, orderbook.RejectDisclosed: 16439, orderbook.RejectTriggerGap: 16448,
	} {
		if got := ErrorCode(r); got != want {
			t.Errorf("%v has error code %d, want %d", r, got, want)
		}
	}
}

// TestErrorCodePage: docs/RULES.md names each reason in the row of its code.
func TestErrorCodePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/RULES.md")
	if err != nil {
		t.Fatal(err)
	}
	for r := orderbook.Accepted + 1; r < orderbook.RejectReasonCount; r++ {
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^\| %d \|.*\b%v\b`, ErrorCode(r), r))
		if !row.Match(page) {
			t.Errorf("docs/RULES.md does not name %v under %d", r, ErrorCode(r))
		}
	}
}

func TestCauseCode(t *testing.T) {
	for c, want := range map[orderbook.Cause]int16{
		orderbook.CauseNone: 0, orderbook.CauseSelfTrade: 17071, orderbook.CauseRemainder: 16388, orderbook.CauseFillLimit: 16388,
		orderbook.CauseRange: 17070,
	} {
		if got := CauseCode(c); got != want {
			t.Errorf("cause %d has error code %d, want %d", c, got, want)
		}
	}
}

// TestAllocatesNothing is R1, and the size is R4's.
func TestAllocatesNothing(t *testing.T) {
	i := instrument(codec.SegmentDerivatives, "FUTIDX", "MIDCPNIFTY")
	now := onDay(20260907, 10, 0)
	var f Flex
	var b Breaker
	sum := int64(0)
	if n := testing.AllocsPerRun(100, func() {
		for _, d := range changes {
			for c := range classCount {
				events := Timetable(d, c)
				if len(events) > 0 {
					sum += events[1].Draw(uint64(sum))
				}
				sum += int64(Tick(d, c, 1_000_00)) + int64(ExecRange(c, 1_000_00)) + int64(DisclosedPct(d, c))
			}
			r := RulesFor(d, i, 12_000_00, 1000)
			sum += int64(r.Freeze) + int64(DateOf(d.Midnight()))
		}
		last := crowd(&f, now, 110_00, 50, 10, 3)
		low, _, due := f.Due(last+minutes(15), flexRules100)
		if !due {
			panic("the band does not flex")
		}
		f = Flex{}
		m, _, _ := b.Index(24_198_85, 20_000_00, clock(10, 0))
		sum += int64(low) + int64(m) + int64(ErrorCode(orderbook.RejectTick)) + int64(CauseCode(orderbook.CauseSelfTrade))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
