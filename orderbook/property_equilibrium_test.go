package orderbook_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// bid is an order of an auction as its participants know it, of either side.
type bid struct {
	id      orderbook.OrderID
	side    orderbook.Side
	price   orderbook.Price // 0: market
	qty     orderbook.Qty
	arrived int
	pan     orderbook.PAN
}

// call is a call auction by the letter of the texts, with nothing of a book in it.
type call struct {
	bids    []bid
	clock   int
	sizes   uint64 // how many quantities there are: with one, many prices are as good as each other
	markets uint64 // of four orders, so many have no limit
	pans    uint64 // how many owners there are whose orders do not meet; 0: nobody says who he is
}

// at returns what wants to buy and to sell at a price; at 0, market orders alone.
func (c *call) at(price orderbook.Price) (demand, supply uint64) {
	for _, o := range c.bids {
		switch {
		case o.side == orderbook.Buy && (o.price == 0 || price > 0 && o.price >= price):
			demand += uint64(o.qty)
		case o.side == orderbook.Sell && (o.price == 0 || price > 0 && o.price <= price):
			supply += uint64(o.qty)
		}
	}
	return demand, supply
}

// equilibrium narrows the prices down, rule by rule (SEBI CIR/MRD/DP/21/2010 and 32/2010), and says which rule decided.
func (c *call) equilibrium(reference orderbook.Price) (orderbook.Equilibrium, string) {
	made := func(p orderbook.Price, demand, supply uint64, rule string) (orderbook.Equilibrium, string) {
		return orderbook.Equilibrium{Price: p, Volume: min(demand, supply), Demand: demand, Supply: supply}, rule
	}
	var left []orderbook.Price
	for _, o := range c.bids {
		if o.price > 0 {
			left = append(left, o.price)
		}
	}
	slices.Sort(left)
	left = slices.Compact(left)
	least := func(by func(orderbook.Price) int64) (cut bool) {
		if len(left) == 0 {
			return false
		}
		best := by(slices.MinFunc(left, func(p, q orderbook.Price) int { return cmp.Compare(by(p), by(q)) }))
		n := len(left)
		left = slices.DeleteFunc(left, func(p orderbook.Price) bool { return by(p) != best })
		return len(left) < n
	}
	rule := "only price"
	if least(func(p orderbook.Price) int64 { d, s := c.at(p); return -int64(min(d, s)) }) {
		rule = "volume"
	}
	if least(func(p orderbook.Price) int64 { d, s := c.at(p); return int64(max(d, s) - min(d, s)) }) {
		rule = "imbalance"
	}
	if reference > 0 && least(func(p orderbook.Price) int64 { return max(int64(p-reference), int64(reference-p)) }) {
		rule = "reference"
	}
	if len(left) > 0 {
		price := left[0]
		if len(left) == 2 && reference > 0 {
			price, rule = reference, "midway"
		}
		if d, s := c.at(price); d > 0 && s > 0 {
			return made(price, d, s, rule)
		}
	}
	if d, s := c.at(0); d > 0 && s > 0 && reference > 0 {
		return made(reference, d, s, "market orders only")
	}
	return orderbook.Equilibrium{}, "no price"
}

// uncross matches in the three steps of the texts: limit with limit, what limit orders are left with market, market with
// market; or from the market orders down.
func (c *call) uncross(price orderbook.Price, marketFirst bool) (crosses []string) {
	line := func(side orderbook.Side, market bool) (line []*bid) {
		for i := range c.bids {
			o := &c.bids[i]
			buys, sells := side == orderbook.Buy && o.price >= price, side == orderbook.Sell && o.price <= price
			if o.side == side && o.qty > 0 && (o.price == 0) == market && (market || buys || sells) {
				line = append(line, o)
			}
		}
		slices.SortFunc(line, inLine)
		return line
	}
	steps := [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} // buys, sells: market orders?
	if marketFirst {
		slices.Reverse(steps)
	}
	for _, market := range steps {
		buys, sells := line(orderbook.Buy, market[0]), line(orderbook.Sell, market[1])
		for len(buys) > 0 && len(sells) > 0 {
			buy, sell := buys[0], sells[0]
			n := min(buy.qty, sell.qty)
			buy.qty, sell.qty = buy.qty-n, sell.qty-n
			if buy.pan == sell.pan && buy.pan != 0 {
				panic(fmt.Sprintf("%d and %d are of one owner", buy.id, sell.id))
			}
			crosses = append(crosses, fmt.Sprintf("%d-%d:%d", buy.id, sell.id, n))
			if buy.qty == 0 {
				buys = buys[1:]
			}
			if sell.qty == 0 {
				sells = sells[1:]
			}
		}
	}
	c.bids = slices.DeleteFunc(c.bids, func(o bid) bool { return o.qty == 0 })
	return crosses
}

// inLine orders by price and then by time.
func inLine(o, p *bid) int {
	better := cmp.Compare(o.price, p.price)
	if o.side == orderbook.Buy {
		better = -better
	}
	return cmp.Or(better, cmp.Compare(o.arrived, p.arrived))
}

// close makes market orders limit orders at a price, and returns what is on a side in priority.
func (c *call) close(side orderbook.Side, price orderbook.Price) (left []string) {
	var line []*bid
	for i := range c.bids {
		if o := &c.bids[i]; o.side == side {
			if o.price == 0 {
				o.price = price
			}
			line = append(line, o)
		}
	}
	slices.SortFunc(line, inLine)
	for _, o := range line {
		left = append(left, fmt.Sprintf("%d:%d@%d", o.id, o.qty, o.price))
	}
	return left
}

// enter lets something happen in an auction, and the same on a book.
func (c *call) enter(b booktest.Book, random *booktest.Random) {
	u := random.Next()
	o := bid{side: orderbook.Buy + orderbook.Side(u>>40&1), qty: orderbook.Qty(10 * (1 + u>>8%c.sizes))}
	if u>>24%4 >= c.markets {
		o.price = orderbook.Price(100 + u>>16%8*(1+u>>60%2)) // even distances half of the times
	}
	if c.pans > 0 {
		o.pan = orderbook.PAN(u >> 44 % (c.pans + 1))
	}
	c.clock++
	o.id, o.arrived = orderbook.OrderID(c.clock), c.clock
	if n := len(c.bids); n == 0 || u%8 >= 3 {
		b.Add(&orderbook.Order{ID: o.id, Side: o.side, Market: o.price == 0, Price: o.price, Qty: o.qty, PAN: o.pan}, nil)
	} else {
		i := int(u >> 32 % uint64(n))
		was := c.bids[i]
		c.bids = slices.Delete(c.bids, i, i+1)
		if u%8 == 0 {
			b.Cancel(was.id)
			return
		}
		if u%8 == 1 {
			o.price = was.price // of the quantity alone
		}
		o.id, o.side, o.pan = was.id, was.side, was.pan
		b.Modify(o.id, &orderbook.Terms{Market: o.price == 0, Price: o.price, Qty: o.qty}, nil)
		if o.price == was.price && o.qty <= was.qty {
			o.arrived = was.arrived
		}
	}
	if o.arrived != c.clock || !c.meetsOwn(&o) {
		c.bids = append(c.bids, o)
	}
}

// meetsOwn says whether an order would trade with one of its owner.
func (c *call) meetsOwn(o *bid) bool {
	return o.pan != 0 && slices.ContainsFunc(c.bids, func(p bid) bool {
		buy, sell := o, &p
		if o.side == orderbook.Sell {
			buy, sell = sell, buy
		}
		return p.pan == o.pan && p.side != o.side && (o.price == 0 || p.price == 0 || buy.price >= sell.price)
	})
}

// An auction comes to what the texts say of it, by every rule of theirs: the price, who trades with whom, and who stands
// where afterwards, over several auctions in a row.
func TestPropertyAuctionByTheTexts(t *testing.T) {
	decided := map[string]int{}
	for seed := range 2000 {
		random := booktest.Random(seed)
		b := booktest.NewTwin(t, newBook(t, 100), booktest.NewNaive(100), 1)
		c := call{sizes: 1 + random.Next()%3, markets: random.Next() % 4, pans: random.Next() % 4}
		for range 3 {
			b.OpenAuction()
			for range 1 + random.Next()%9 {
				c.enter(b, &random)
			}
			reference, marketFirst := orderbook.Price(97+random.Next()%20), random.Next()&1 == 0
			if random.Next()%8 == 0 {
				reference = 0
			}
			want, rule := c.equilibrium(reference)
			decided[rule]++
			if got := b.Equilibrium(reference); got != want {
				t.Fatalf("seed %d: %+v\n  at %d: %+v, want %+v by %s", seed, c.bids, reference, got, want, rule)
			}
			price := want.Price
			if price > 0 {
				var got []string
				for _, x := range b.Uncross(price, marketFirst, make([]orderbook.Cross, 0, 100)) {
					got = append(got, fmt.Sprintf("%d-%d:%d", x.Buy, x.Sell, x.Qty))
				}
				if crosses := c.uncross(price, marketFirst); !slices.Equal(got, crosses) {
					t.Fatalf("seed %d: at %d, market first %v: %v, want %v", seed, price, marketFirst, got, crosses)
				}
			} else if price = reference; price == 0 { // nothing gives market orders a price
				c.bids = slices.DeleteFunc(c.bids, func(o bid) bool { return o.price == 0 && b.Cancel(o.id).Cancelled > 0 })
			}
			b.CloseAuction(price)
			for _, side := range sides {
				var got []string
				for o := range b.Orders(side) {
					got = append(got, fmt.Sprintf("%d:%d@%d", o.ID, o.Qty, o.Price))
				}
				if want := c.close(side, price); !slices.Equal(got, want) {
					t.Fatalf("seed %d: left to %v: %v, want %v", seed, side, got, want)
				}
			}
		}
	}
	for _, rule := range []string{"only price", "volume", "imbalance", "reference", "midway", "market orders only", "no price"} {
		if decided[rule] < 10 {
			t.Errorf("by %s: %d auctions, want 10 at least", rule, decided[rule])
		}
	}
}
