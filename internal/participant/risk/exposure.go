package risk

import (
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
	"github.com/tezi-exchange/tezi/orderbook"
)

// parties are the two positions of a trade.
type parties struct {
	buyer, seller uint32
	scale         uint8 // of the instrument's prices
}

// keysOf appends the keys of both parties of each trade, the buyer's first. Which side the taker is on is
// as good as random, so it is an index and no branch.
func keysOf(trades []codec.Trade, keys []ledger.Key) []ledger.Key {
	first := len(keys)
	keys = slices.Grow(keys, 2*len(trades))[:first+2*len(trades)]
	for i := range trades {
		t := &trades[i]
		pair := keys[first+2*i : first+2*i+2 : first+2*i+2]
		taker := int(t.TakerSide-orderbook.Buy) & 1
		pair[taker] = ledger.Key{Owner: owner(t.TakerMember, t.TakerClient), Instrument: t.Instrument}
		pair[1-taker] = ledger.Key{Owner: owner(t.MakerMember, t.MakerClient), Instrument: t.Instrument}
	}
	return keys
}

// exposureOf is what a net value puts at risk, in paise.
func exposureOf(net int64, scale uint8) int64 { return ledger.Paise(max(net, -net), scale) }

// growth is by how much the exposure of position i grows if its net value moves by value.
func (r *Risk) growth(i uint32, value int64, scale uint8) int64 {
	net := r.book.positions.At(i).projected
	return exposureOf(net+value, scale) - exposureOf(net, scale)
}

// reserve moves the projected net of both parties by value. A negative value undoes the move, and
// exactly: exposure is a function of the net alone.
func (r *Risk) reserve(p parties, value int64) {
	r.move(p.buyer, value, p.scale)
	r.move(p.seller, -value, p.scale)
}

func (r *Risk) move(i uint32, value int64, scale uint8) {
	growth := r.growth(i, value, scale)
	position := r.book.positions.At(i)
	position.projected += value
	account := &r.book.accounts[position.account]
	account.exposure += growth
	r.book.seats[account.seat].exposure += growth
}

// refused returns the veto bits of a trade: whose order breaks a limit. A limit is only broken by
// an order that makes the exposure grow, so whoever is over it can still reduce.
func (r *Risk) refused(t *codec.Trade, p parties) uint8 {
	value := t.Value()
	if most := r.config.TradeValueMax; most > 0 && ledger.Paise(value, p.scale) > most {
		return batch3pc.VetoTaker // without the incoming order there is no such trade
	}
	if p.buyer == p.seller {
		return 0 // nothing is won or owed against oneself
	}
	buyer := &r.book.accounts[r.book.positions.At(p.buyer).account]
	seller := &r.book.accounts[r.book.positions.At(p.seller).account]
	bought := r.growth(p.buyer, value, p.scale)
	sold := r.growth(p.seller, -value, p.scale)
	boughtSeat, soldSeat := bought, sold
	if buyer.seat == seller.seat { // both sides weigh on the same member
		boughtSeat, soldSeat = bought+sold, bought+sold
	}
	var bits uint8
	if r.breaks(buyer, bought, boughtSeat) {
		bits |= vetoOf(t, orderbook.Buy)
	}
	if r.breaks(seller, sold, soldSeat) {
		bits |= vetoOf(t, orderbook.Sell)
	}
	return bits
}

// breaks reports whether a growth of an account's exposure, and of its member's, is too much.
func (r *Risk) breaks(a *account, growth, seatGrowth int64) bool {
	if growth <= 0 {
		return false
	}
	client, member := r.config.ClientExposureMax, r.config.MemberExposureMax
	return client > 0 && a.client != 0 && a.exposure+growth > client ||
		member > 0 && seatGrowth > 0 && r.book.seats[a.seat].exposure+seatGrowth > member
}

// vetoOf is the bit of the order on the given side.
func vetoOf(t *codec.Trade, side orderbook.Side) uint8 {
	if t.TakerSide == side {
		return batch3pc.VetoTaker
	}
	return batch3pc.VetoMaker
}
