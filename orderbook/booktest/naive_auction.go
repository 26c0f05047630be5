package booktest

import "github.com/tezi-exchange/tezi/orderbook"

// Collecting implements Book.
func (b *Naive) Collecting() bool { return b.collecting }

// OpenAuction implements Book.
func (b *Naive) OpenAuction() { b.collecting = true }

// reachesOwn says whether an order would trade with one of its PAN if the auction ended now.
func (b *Naive) reachesOwn(o *standing) bool {
	others := *b.market(o.Side.Opposite())
	for i := range others {
		if own(o, &others[i]) && accepts(o, &others[i]) {
			return true
		}
	}
	return false
}

// Equilibrium implements Book.
func (b *Naive) Equilibrium(reference orderbook.Price) orderbook.Equilibrium {
	best := orderbook.Equilibrium{}
	for _, side := range sides {
		for _, o := range *b.market(side) {
			if o.Market {
				continue
			}
			if at := b.at(o.Price); beats(at, best, reference) {
				best = at
			}
		}
	}
	if best.Volume > 0 {
		return b.towards(reference, best)
	}
	if only := b.marketOrders(); only.Volume > 0 && reference > 0 {
		only.Price = reference
		return only
	}
	return orderbook.Equilibrium{}
}

// at returns what would trade at a price.
func (b *Naive) at(price orderbook.Price) orderbook.Equilibrium {
	e := orderbook.Equilibrium{Price: price}
	for _, o := range b.bids {
		if o.Market || o.Price >= price {
			e.Demand += uint64(o.Qty)
		}
	}
	for _, o := range b.asks {
		if o.Market || o.Price <= price {
			e.Supply += uint64(o.Qty)
		}
	}
	e.Volume = min(e.Demand, e.Supply)
	return e
}

// marketOrders returns what market orders alone would trade, without a price.
func (b *Naive) marketOrders() (e orderbook.Equilibrium) {
	for _, o := range b.bids {
		if o.Market {
			e.Demand += uint64(o.Qty)
		}
	}
	for _, o := range b.asks {
		if o.Market {
			e.Supply += uint64(o.Qty)
		}
	}
	e.Volume = min(e.Demand, e.Supply)
	return e
}

// beats says whether price candidate e is better than f: the greater volume, then the smaller imbalance,
// then the closer to the reference, then the lower.
func beats(e, f orderbook.Equilibrium, reference orderbook.Price) bool {
	switch {
	case e.Volume != f.Volume:
		return e.Volume > f.Volume
	case imbalance(e) != imbalance(f):
		return imbalance(e) < imbalance(f)
	case reference > 0 && distance(e.Price, reference) != distance(f.Price, reference):
		return distance(e.Price, reference) < distance(f.Price, reference)
	}
	return e.Price < f.Price
}

func imbalance(e orderbook.Equilibrium) uint64 { return max(e.Demand, e.Supply) - e.Volume }

func distance(p, q orderbook.Price) int64 { return max(int64(p)-int64(q), int64(q)-int64(p)) }

// towards returns the best candidate, the lower of two that are equally far from the reference, or what
// would trade at the reference itself if it lies midway between that candidate and another as good.
func (b *Naive) towards(reference orderbook.Price, best orderbook.Equilibrium) orderbook.Equilibrium {
	if reference <= best.Price {
		return best
	}
	for _, side := range sides {
		for _, o := range *b.market(side) {
			e := b.at(o.Price)
			if !o.Market && o.Price > reference && distance(o.Price, reference) == distance(best.Price, reference) &&
				e.Volume == best.Volume && imbalance(e) == imbalance(best) {
				return b.at(reference)
			}
		}
	}
	return best
}

// Uncross implements Book.
func (b *Naive) Uncross(price orderbook.Price, marketFirst bool, crosses []orderbook.Cross) []orderbook.Cross {
	had := len(crosses)
	for price > 0 && len(crosses) < cap(crosses) {
		i, j := front(b.bids, price, marketFirst), front(b.asks, price, marketFirst)
		if i < 0 || j < 0 {
			break
		}
		buy, sell := &b.bids[i], &b.asks[j]
		qty := min(buy.Qty, sell.Qty)
		buy.Qty -= qty
		sell.Qty -= qty
		buy.Shown, sell.Shown = part(buy), part(sell)
		crosses = append(crosses, orderbook.Cross{
			Buy: buy.ID, Sell: sell.ID, BuySlot: buy.Slot, SellSlot: sell.Slot,
			Qty: qty, BuyLeft: buy.Qty, SellLeft: sell.Qty,
		})
		if buy.Qty == 0 {
			remove(&b.bids, i)
		}
		if sell.Qty == 0 {
			remove(&b.asks, j)
		}
	}
	if len(crosses) > had {
		b.traded(price)
	}
	return crosses
}

// front returns the place of the order of one side that trades next at price, or -1.
func front(orders []standing, price orderbook.Price, marketFirst bool) int {
	limit, market := -1, -1
	for i := range orders {
		switch o := &orders[i]; {
		case o.Market && market < 0:
			market = i
		case !o.Market && limit < 0 && reaches(o.Side, o.Price, price):
			limit = i
		}
	}
	if market >= 0 && (marketFirst || limit < 0) {
		return market
	}
	return limit
}

// CloseAuction implements Book.
func (b *Naive) CloseAuction(price orderbook.Price) int {
	n := 0
	for _, side := range sides {
		orders := b.market(side)
		for len(*orders) > 0 && (*orders)[0].Market {
			if price <= 0 {
				panic("booktest: naive: a market order is left in an auction without a price")
			}
			o := (*orders)[0]
			remove(orders, 0)
			o.Market, o.Price = false, price
			insert(orders, &o)
			n++
		}
	}
	b.collecting = false
	if b.crossed() {
		panic("booktest: naive: the auction is closed with a crossed book")
	}
	return n
}

// crossed says whether the best orders of the two sides would trade.
func (b *Naive) crossed() bool {
	return len(b.bids) > 0 && len(b.asks) > 0 && accepts(&b.bids[0], &b.asks[0])
}
