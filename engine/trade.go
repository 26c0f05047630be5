//tezi:pure

package engine

import (
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// trade turns the fills of one incoming order into trades, and settles what was reserved for both
// sides. Owners of makers are read by slot: a maker that is gone has freed its slot, but nothing has
// taken it since.
func (c *Core) trade(m *market, cmd *codec.Command, taker orderbook.OrderID, own owner, fills []orderbook.Fill, out *Builder) {
	from := len(out.trades)
	for i := range fills {
		f := &fills[i]
		maker := &c.owners[f.MakerSlot]
		if f.Qty == 0 {
			c.accounts.Release(maker.position, maker.side, maker.worth(f.MakerLeft))
			c.counts.Removed[RemovedSelfTrade]++
			if c.OnGone != nil {
				c.OnGone(m.number, orderbook.RestingOrder{ID: f.Maker, Side: maker.side, Price: f.Price, Qty: f.MakerLeft, Slot: f.MakerSlot})
			}
			continue
		}
		t := c.nextOf(m, cmd, out)
		t.Taker, t.Maker, t.Price, t.Qty = taker, f.Maker, f.Price, f.Qty
		t.TakerClient, t.MakerClient = own.client, maker.client
		t.TakerMember, t.MakerMember = own.member, maker.member
		t.TakerSide, t.Flags = own.side, 0
		value := int64(f.Price) * int64(f.Qty)
		c.accounts.Trade(own.position, own.side, own.worth(f.Qty), value)
		c.accounts.Trade(maker.position, maker.side, maker.worth(f.Qty), value)
	}
	c.room -= len(fills)
	c.counts.Trades += uint64(len(out.trades) - from)
	c.observe(m, cmd.TimeNs, out.trades[from:])
}

// nextOf returns the next trade of the open batch, with what its command says of it. The rest is filled in
// field by field: a composite literal is built elsewhere and copied. The batch has room for what one
// command may trade.
func (c *Core) nextOf(m *market, cmd *codec.Command, out *Builder) *codec.Trade {
	n := len(out.trades)
	out.trades = out.trades[:n+1]
	t := &out.trades[n]
	t.No, t.TimeNs, t.Command, t.Instrument = c.nextTrade, cmd.TimeNs, uint32(cmd.Seq-out.first), m.number
	c.nextTrade++
	return t
}

// cross turns pairs of an auction into trades. They have no aggressor: the buy order stands as taker.
func (c *Core) cross(m *market, cmd *codec.Command, crosses []orderbook.Cross, out *Builder) {
	from := len(out.trades)
	for i := range crosses {
		x := &crosses[i]
		buy, sell := &c.owners[x.BuySlot], &c.owners[x.SellSlot]
		t := c.nextOf(m, cmd, out)
		t.Taker, t.Maker, t.Price, t.Qty = x.Buy, x.Sell, m.price, x.Qty
		t.TakerClient, t.MakerClient = buy.client, sell.client
		t.TakerMember, t.MakerMember = buy.member, sell.member
		t.TakerSide, t.Flags = orderbook.Buy, codec.TradeAuction
		value := int64(m.price) * int64(x.Qty)
		c.accounts.Trade(buy.position, orderbook.Buy, buy.worth(x.Qty), value)
		c.accounts.Trade(sell.position, orderbook.Sell, sell.worth(x.Qty), value)
	}
	c.room -= len(crosses)
	c.counts.Trades += uint64(len(crosses))
	c.counts.AuctionTrades += uint64(len(crosses))
	c.observe(m, cmd.TimeNs, out.trades[from:])
}

// observe notes what rules want to know about the trades of one order.
func (c *Core) observe(m *market, timeNs int64, trades []codec.Trade) {
	if len(trades) == 0 {
		return
	}
	m.traded(timeNs, trades[len(trades)-1].Price)
	if m.watch == 0 {
		return
	}
	for i := range trades {
		t := &trades[i]
		if m.watch&watchAverage != 0 {
			m.average(t.Price, t.Qty)
		}
		if m.watch&watchFlex != 0 && m.nearEdge(t.Price) {
			c.flex(m, t)
		}
	}
}
