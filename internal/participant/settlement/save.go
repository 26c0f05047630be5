package settlement

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// File is the name of the state file.
const File = "settlement.csv"

// dates returns the trade dates in order.
func (s *Settlement) dates() []ledger.Date {
	return slices.Sorted(maps.Keys(s.sessions))
}

// Save writes the state file into dir, after checking that every instrument balances.
func (s *Settlement) Save(dir string) error {
	var sheet ledger.Sheet
	sheet.Header("trade_date", "settlement_date", "member", "symbol", "series", "class", "expiry", "strike", "option",
		"buy_qty", "buy_value", "sell_qty", "sell_value", "net_qty", "net_value")
	for _, date := range s.dates() {
		session := s.sessions[date]
		if err := session.check(&s.stream); err != nil {
			return err
		}
		s.write(&sheet, session)
	}
	return ledger.WriteFile(filepath.Join(dir, File), sheet.Bytes())
}

// write writes the lines of a session, by member and instrument.
func (s *Settlement) write(sheet *ledger.Sheet, from *session) {
	lines := slices.Clone(from.obligations.All())
	slices.SortFunc(lines, func(a, b obligation) int {
		return cmp.Or(cmp.Compare(a.member, b.member),
			ledger.CompareInstruments(s.stream.Instrument(a.instrument), s.stream.Instrument(b.instrument)))
	})
	settles := s.calendar.Settlement(from.day.Date)
	for i := range lines {
		o := &lines[i]
		instrument := s.stream.Instrument(o.instrument)
		sheet.Date(from.day.Date, time.DateOnly)
		sheet.Date(settles, time.DateOnly)
		sheet.Uint(uint64(o.member))
		sheet.Instrument(instrument)
		sheet.Int(o.buyQty)
		sheet.Money(o.buyValue, instrument.PriceScale)
		sheet.Int(o.sellQty)
		sheet.Money(o.sellValue, instrument.PriceScale)
		sheet.Int(o.buyQty - o.sellQty)
		sheet.Money(o.buyValue-o.sellValue, instrument.PriceScale)
		sheet.End()
	}
}

// Digest hashes the obligations by trade date, instrument and member.
func (s *Settlement) Digest() uint64 {
	h := ledger.NewHash()
	s.stream.AddTo(h)
	for _, date := range s.dates() {
		lines := slices.Clone(s.sessions[date].obligations.All())
		slices.SortFunc(lines, func(a, b obligation) int {
			return cmp.Or(cmp.Compare(a.instrument, b.instrument), cmp.Compare(a.member, b.member))
		})
		h.Int(int64(date))
		for i := range lines {
			o := &lines[i]
			h.Uint(uint64(o.instrument)<<16 | uint64(o.member))
			h.Int(o.buyQty)
			h.Int(o.sellQty)
			h.Int(o.buyValue)
			h.Int(o.sellValue)
		}
	}
	return h.Sum()
}
