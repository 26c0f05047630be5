package orderbook

// imbalance is how much more one side wants than the other.
func (e *Equilibrium) imbalance() uint64 { return max(e.Demand, e.Supply) - min(e.Demand, e.Supply) }

// Equilibrium returns what the auction comes to if it is held now: the limit price in the book at which
// most trades; of several the one with the least imbalance; of these the one closest to reference, and
// reference itself if it lies midway between the two closest. With reference 0 it is the lowest. If
// nothing trades at a limit price, market orders of both sides trade at reference. (SEBI
// CIR/MRD/DP/21/2010; NSE, pre-open session)
func (b *Book) Equilibrium(reference Price) Equilibrium {
	b.file()
	var best Equilibrium
	w := b.walk()
	for w.next() {
		if e := w.at(); e.Volume > best.Volume || e.Volume == best.Volume && e.imbalance() < best.imbalance() {
			best = e
		}
	}
	if best.Volume > 0 {
		return b.closest(best, reference)
	}
	if volume := min(w.marketBuys, w.marketSells); volume > 0 && reference > 0 {
		return Equilibrium{reference, volume, w.marketBuys, w.marketSells}
	}
	return Equilibrium{}
}

// closest returns the equilibrium closest to reference among those as good as best, the lowest of them.
func (b *Book) closest(best Equilibrium, reference Price) Equilibrium {
	if reference <= 0 {
		return best
	}
	var below, above Equilibrium // the two closest on either side, below also at reference
	w := b.walk()
	for w.next() && above.Volume == 0 {
		if e := w.at(); e.Volume == best.Volume && e.imbalance() == best.imbalance() {
			if e.Price <= reference {
				below = e
			} else {
				above = e
			}
		}
	}
	switch down, up := reference-below.Price, above.Price-reference; {
	case above.Volume == 0 || below.Volume != 0 && down < up:
		return below
	case below.Volume == 0 || up < down:
		return above
	}
	return b.atPrice(reference)
}

// atPrice returns what would trade at a price that is no limit price of the book, but between two of them.
func (b *Book) atPrice(price Price) Equilibrium {
	w := b.walk()
	supply := w.supply
	for w.next() && w.price < price {
		supply = w.supply
	}
	return Equilibrium{price, min(w.demand, supply), w.demand, supply}
}

// walk goes through the limit prices of both sides from the lowest to the highest.
type walk struct {
	b                       *Book
	bid, ask                uint32 // next levels, 0 at the end
	marketBuys, marketSells uint64
	price                   Price  // in hand
	demand, supply          uint64 // there
	leaving                 uint64 // bids at the price in hand, which do not count above it
}

func (b *Book) walk() walk {
	a := b.arena
	w := walk{b: b, bid: a.worst(&b.sides[0]), ask: b.sides[1].best}
	for v := w.bid; v != 0; v = a.better(&b.sides[0], v) {
		w.demand += b.levelTotal(v)
		if a.levels[v].key == keyMarket {
			w.marketBuys = b.levelTotal(v)
		}
	}
	if v := w.ask; a.levels[v].key == keyMarket {
		w.marketSells = b.levelTotal(v)
		w.ask = a.worse(&b.sides[1], v)
	}
	w.supply = w.marketSells
	return w
}

// at returns what would trade at the price in hand.
func (w *walk) at() Equilibrium {
	return Equilibrium{w.price, min(w.demand, w.supply), w.demand, w.supply}
}

// next takes the next price in hand and reports whether there is one.
func (w *walk) next() bool {
	a := w.b.arena
	bid := w.bid != 0 && a.levels[w.bid].key != keyMarket
	bidPrice, askPrice := priceOf(0, a.levels[w.bid].key), priceOf(1, a.levels[w.ask].key)
	switch {
	case !bid && w.ask == 0:
		return false
	case w.ask == 0 || bid && bidPrice < askPrice:
		w.price = bidPrice
	default:
		w.price = askPrice
	}
	w.demand -= w.leaving
	w.leaving = 0
	if bid && bidPrice == w.price {
		w.leaving = w.b.levelTotal(w.bid)
		w.bid = a.better(&w.b.sides[0], w.bid)
	}
	if w.ask != 0 && askPrice == w.price {
		w.supply += w.b.levelTotal(w.ask)
		w.ask = a.worse(&w.b.sides[1], w.ask)
	}
	return true
}

// levelTotal returns what the orders of level v have left, shown or not.
func (b *Book) levelTotal(v uint32) (sum uint64) {
	a := b.arena
	if a.levels[v].parts == 0 {
		return a.levels[v].qty // they show all
	}
	for s := a.levels[v].head; s != v; s = a.orders[s].next {
		sum += uint64(b.total(s))
	}
	return sum
}
