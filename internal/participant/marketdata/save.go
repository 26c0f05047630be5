package marketdata

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// Names of the state files.
const (
	BhavcopyFile   = "bhavcopy.csv"
	BhavcopyFOFile = "bhavcopy_fo.csv" // only if a derivative has traded
)

const dateNSE = "02-Jan-2006"

// line is a bar with its instrument and day.
type line struct {
	date       ledger.Date
	instrument *codec.Instrument
	bar        *bar
}

// lines returns the bars that have trades, by date and name.
func (m *MarketData) lines() []line {
	var lines []line
	for _, date := range slices.Sorted(maps.Keys(m.sessions)) {
		bars := m.sessions[date].bars
		for i := range bars {
			if bars[i].trades > 0 {
				lines = append(lines, line{date, m.stream.Instrument(uint32(i)), &bars[i]})
			}
		}
	}
	slices.SortFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.date, b.date), ledger.CompareInstruments(a.instrument, b.instrument))
	})
	return lines
}

// Save makes the tape durable and writes the state files into dir.
func (m *MarketData) Save(dir string) error {
	if m.tape != nil {
		if err := m.tape.save(); err != nil {
			return err
		}
	}
	var capital, derivatives ledger.Sheet
	capital.Header("SYMBOL", "SERIES", "DATE1", "OPEN_PRICE", "HIGH_PRICE", "LOW_PRICE", "LAST_PRICE", "CLOSE_PRICE",
		"AVG_PRICE", "TTL_TRD_QNTY", "TURNOVER_LACS", "NO_OF_TRADES")
	derivatives.Header("TradDt", "FinInstrmTp", "TckrSymb", "XpryDt", "StrkPric", "OptnTp", "OpnPric", "HghPric",
		"LwPric", "ClsPric", "LastPric", "TtlTradgVol", "TtlTrfVal", "TtlNbOfTxsExctd")
	traded := false
	for _, l := range m.lines() {
		if l.instrument.Segment == codec.SegmentDerivatives {
			l.writeDerivative(&derivatives)
			traded = true
		} else {
			l.writeCapital(&capital)
		}
	}
	if traded {
		if err := ledger.WriteFile(filepath.Join(dir, BhavcopyFOFile), derivatives.Bytes()); err != nil {
			return err
		}
	}
	return ledger.WriteFile(filepath.Join(dir, BhavcopyFile), capital.Bytes())
}

// writeCapital writes a line in the form of NSE's full bhavcopy of the capital market. The close is
// the last trade: the weighted average of the last half hour, which is NSE's close, is a rule of
// the closing session.
func (l *line) writeCapital(s *ledger.Sheet) {
	b, scale := l.bar, l.instrument.PriceScale
	s.Text(l.instrument.SymbolString())
	s.Text(l.instrument.SeriesString())
	s.Date(l.date, dateNSE)
	for _, price := range [...]int64{int64(b.open), int64(b.high), int64(b.low), int64(b.last), int64(b.last), b.average()} {
		s.Money(price, scale)
	}
	s.Int(b.volume)
	s.Money(b.lakhs(scale), 2)
	s.Int(b.trades)
	s.End()
}

// writeDerivative writes a line with the names and the order of NSE's UDiFF bhavcopy, as far as a
// matching core knows the columns.
func (l *line) writeDerivative(s *ledger.Sheet) {
	b, i, scale := l.bar, l.instrument, l.instrument.PriceScale
	s.Date(l.date, time.DateOnly)
	s.Text(typeUDiFF(i.ClassString()))
	s.Text(i.SymbolString())
	s.Text(fmt.Sprintf("%04d-%02d-%02d", i.Expiry/10000, i.Expiry/100%100, i.Expiry%100))
	s.Money(int64(i.Strike), scale)
	s.Text(i.OptionString())
	for _, price := range [...]int64{int64(b.open), int64(b.high), int64(b.low), int64(b.last), int64(b.last)} {
		s.Money(price, scale)
	}
	s.Int(b.volume)
	s.Money(b.turnover, scale)
	s.Int(b.trades)
	s.End()
}

// typeUDiFF is UDiFF's name of a class of derivatives.
func typeUDiFF(class string) string {
	switch class {
	case "FUTSTK":
		return "STF"
	case "FUTIDX":
		return "IDF"
	case "OPTSTK":
		return "STO"
	case "OPTIDX":
		return "IDO"
	}
	return class
}

// average is the turnover per share, to the nearest unit of price.
func (b *bar) average() int64 { return ledger.DivideHalfUp(b.turnover, b.volume) }

// lakhs is the turnover in lakhs (100,000 rupees) with two decimal digits, to the nearest.
func (b *bar) lakhs(scale uint8) int64 {
	const lakh = 100_000 / 100 // units of money for 1/100 of a lakh
	return ledger.DivideHalfUp(b.turnover, lakh*ledger.Power(scale))
}

// Digest hashes the bars by day and instrument.
func (m *MarketData) Digest() uint64 {
	h := ledger.NewHash()
	m.stream.AddTo(h)
	for _, date := range slices.Sorted(maps.Keys(m.sessions)) {
		h.Int(int64(date))
		bars := m.sessions[date].bars
		for i := range bars {
			b := &bars[i]
			if b.trades == 0 {
				continue
			}
			for _, v := range [...]int64{int64(i), int64(b.open), int64(b.high), int64(b.low), int64(b.last), b.volume, b.turnover, b.trades} {
				h.Int(v)
			}
		}
	}
	return h.Sum()
}
