//tezi:pure

package rulebook

import (
	"bytes"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// noStopMarketDay is the first day without stop-loss market orders in options.
const noStopMarketDay Date = 20210927

// cashMarginBps stands for the margin of a position in the capital market, which at NSE is value at
// risk plus extreme loss margin, stock by stock, and not public as a rule. In derivatives it is SPAN,
// which no percentage stands for: 0 leaves it to the engine's default.
const cashMarginBps = 2000

// RulesFor returns the rules of an instrument on a day, ready to be sequenced but for Seq and TimeNs.
// prevClose is the previous close, adjusted for corporate actions, in paise; bandBps the width of its
// price band (200, 500, 1000, 2000; 0: none), as its master file tells. The reference of the execution
// range is the previous close.
//
// A stock comes out without what its derivatives bring; see RulesForClass. Freeze is known for
// indices only; ValueMax and StopGap, which NSE does not publish, are 0. ClassOther has no rules.
func RulesFor(d Date, i *codec.Instrument, prevClose orderbook.Price, bandBps uint32) codec.Rules {
	return RulesForClass(d, ClassOf(i), i, prevClose, bandBps)
}

// RulesForClass is RulesFor for whoever knows the class better than ClassOf: ClassCashDerivatives.
func RulesForClass(d Date, c Class, i *codec.Instrument, prevClose orderbook.Price, bandBps uint32) codec.Rules {
	r := codec.Rules{Instrument: i.Instrument, Kind: codec.KindRules, PrevClose: prevClose}
	if c == ClassOther {
		return r
	}
	r.Low, r.High = Band(prevClose, bandBps, i.Tick)
	r.ExecRange = ExecRange(c, prevClose)
	r.DisclosedPct = DisclosedPct(d, c)
	r.Flags = flags(d, c, bandBps)
	if c.cash() {
		r.MarginBps = cashMarginBps
	}
	if c == ClassIndexFuture || c == ClassIndexOption {
		r.Freeze = IndexFreeze(d, string(bytes.TrimRight(i.Symbol[:], "\x00")))
	}
	return r
}

// flags never has what NSE does not offer (GTC, GTD, FOK), nor RuleMarketToLimit: in recorded days
// the remainder of a market order is cancelled.
func flags(d Date, c Class, bandBps uint32) (f codec.RuleFlags) {
	if d >= preOpenRevisionDay {
		f |= codec.RuleMarketFirst // between the two days, the events of the closing auction alone say so
	}
	if !c.cash() {
		f |= codec.RuleNoDisclosed
	}
	if c.option() && d >= noStopMarketDay {
		f |= codec.RuleNoStopMarket
	}
	if bandBps == FlexBandBps && (c == ClassCashDerivatives || c == ClassStockFuture) {
		f |= codec.RuleBandFlexes
	}
	return f
}
