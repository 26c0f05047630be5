package nse

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Contract is what names an instrument in a record: symbol and series in the capital market;
// symbol, class, expiry, strike and option in derivatives. It is comparable, and names are padded
// with zero bytes on the right, so equal instruments are equal values.
type Contract struct {
	Segment codec.Segment   // SegmentCapital or SegmentDerivatives
	Scale   uint8           // decimal digits of prices: 2, and 4 in the currency segment
	Symbol  [10]byte        //
	Series  [2]byte         // capital market
	Class   [6]byte         // FUTIDX, FUTSTK, OPTIDX, OPTSTK, FUTCUR, OPTCUR
	Expiry  uint32          // yyyymmdd
	Strike  orderbook.Price // 0 for futures
	Option  [2]byte         // CE, PE, CA, PA; zero for futures, which the files write as FF
}

// ContractOf returns the part of an instrument that an NSE record carries.
func ContractOf(in *codec.Instrument) Contract {
	return Contract{
		Segment: in.Segment, Scale: in.PriceScale, Symbol: in.Symbol, Series: in.Series,
		Class: in.Class, Expiry: in.Expiry, Strike: in.Strike, Option: in.Option,
	}
}

// Instrument returns the definition of the contract as instrument number id, first seen at timeNs.
// The records do not tell the lot and the tick: Lot is 1, Tick is 0 for unknown.
func (c *Contract) Instrument(id uint32, timeNs int64) codec.Instrument {
	return codec.Instrument{
		TimeNs: timeNs, Lot: 1, Expiry: c.Expiry, Instrument: id, Strike: c.Strike,
		Symbol: c.Symbol, Series: c.Series, Class: c.Class, Kind: codec.KindDefine,
		Segment: c.Segment, PriceScale: c.Scale, Option: c.Option,
	}
}

var optionFuture = [2]byte{'F', 'F'}

// contract reads the bytes that name the instrument, which begin at off.
func (p *parser) contract(off int, f *layoutFacts, seg segmentFacts, c *Contract) {
	*c = Contract{Segment: seg.segment, Scale: seg.scale}
	p.name("symbol", off, c.Symbol[:])
	if !f.contracts {
		p.name("series", off+10, c.Series[:])
		return
	}
	p.name("instrument class", off+10, c.Class[:])
	c.Expiry = p.date("expiry", off+16)
	c.Strike = orderbook.Price(p.optional("strike price", off+25, priceDigits))
	p.name("option type", off+33, c.Option[:])
	if c.Option == optionFuture {
		c.Option = [2]byte{}
	}
}

// contractSize is the number of bytes that contract reads.
func (f *layoutFacts) contractSize() int {
	if f.contracts {
		return 35
	}
	return 12
}

// contract writes the bytes that name the instrument.
func (w *encoder) contract(f *layoutFacts, c *Contract) {
	w.name("symbol", c.Symbol[:])
	if !f.contracts {
		w.name("series", c.Series[:])
		return
	}
	w.name("instrument class", c.Class[:])
	w.date("expiry", c.Expiry)
	w.number("strike price", int64(c.Strike), priceDigits)
	if c.Option == ([2]byte{}) {
		w.name("option type", optionFuture[:])
		return
	}
	w.name("option type", c.Option[:])
}
