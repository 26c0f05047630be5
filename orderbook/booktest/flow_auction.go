package booktest

import (
	"slices"

	"github.com/tezi-exchange/tezi/orderbook"
)

// auction opens an auction, or goes on with the one that is open.
func (f *Flow) auction(b Book, c []byte) {
	if f.Without&Auctions != 0 {
		return
	}
	reference := max(f.price(c[8:]), 0)
	if c[14]&0x30 == 0 {
		reference = 0
	}
	marketFirst := c[12]&0x20 != 0
	switch {
	case !b.Collecting():
		b.OpenAuction()
	case c[0]&3 == 0:
		b.Equilibrium(reference)
	case c[0]&15 == 1: // out of order: some trades at any price, and the auction goes on
		b.Uncross(max(f.price(c[6:]), 1), marketFirst, f.crosses[:0:f.Room])
	case c[0]&15 == 2:
		b.OpenAuction() // once more does nothing
	default:
		room := 1 + int(c[14]&7)%f.Room
		EndAuction(b, reference, marketFirst, f.crosses[:0:room])
	}
}

// EndAuction ends an auction as an engine does: everything trades that can at the equilibrium price, as many
// crosses at a time as crosses has room for. Without a price no market order may be left. It returns the
// equilibrium, and what has traded.
func EndAuction(b Book, reference orderbook.Price, marketFirst bool, crosses []orderbook.Cross) (e orderbook.Equilibrium, volume uint64) {
	e = b.Equilibrium(reference)
	if e.Price == 0 {
		cancel(b, 0, func(o *orderbook.RestingOrder) bool { return o.Market && o.Trigger == 0 })
	}
	for more := e.Price != 0; more; {
		crosses = b.Uncross(e.Price, marketFirst, crosses[:0])
		for _, c := range crosses {
			volume += uint64(c.Qty)
		}
		more = len(crosses) == cap(crosses)
	}
	b.CloseAuction(e.Price)
	return e, volume
}

// cancel cancels the orders of a side, or of both, that are chosen: by what they are, because slots differ from
// one book to the other.
func cancel(b Book, side orderbook.Side, choose func(*orderbook.RestingOrder) bool) {
	var chosen []orderbook.Slot
	for _, seq := range allOf(b) {
		for o := range seq {
			if choose(&o) {
				chosen = append(chosen, o.Slot)
			}
		}
	}
	b.CancelWhere(side, func(s orderbook.Slot) bool { return slices.Contains(chosen, s) }, func(orderbook.RestingOrder) {})
}
