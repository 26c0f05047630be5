package booktest

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/orderbook"
)

func enterAnswer(fills []orderbook.Fill, r orderbook.Result) string {
	if r == (orderbook.Result{}) {
		return join(answer(fills, r), "nothing left")
	}
	return answer(fills, r)
}

// join joins those parts that are not empty by semicolons.
func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}

var causes = [...]string{
	orderbook.CauseNone: "", orderbook.CauseRemainder: "", orderbook.CauseFillLimit: "fill limit",
	orderbook.CauseSelfTrade: "self-trade", orderbook.CauseRange: "range",
}

func answer(fills []orderbook.Fill, r orderbook.Result) string {
	if r.Reject != orderbook.Accepted {
		return "rejected: " + r.Reject.String()
	}
	var parts []string
	if len(fills) > 0 {
		trades := "trades"
		for _, f := range fills {
			if f.Qty == 0 {
				trades += fmt.Sprintf(" %d:out(%d)", f.Maker, f.MakerLeft)
			} else {
				trades += fmt.Sprintf(" %d:%d@%d", f.Maker, f.Qty, f.Price)
			}
		}
		parts = append(parts, trades)
	}
	if r.Cancelled > 0 {
		parts = append(parts, fmt.Sprintf("cancelled %d", r.Cancelled))
	}
	parts = append(parts, causes[r.Cause])
	if r.Resting > 0 {
		parts = append(parts, fmt.Sprintf("rests %d", r.Resting))
	}
	return join(parts...)
}

func triggerAnswer(o orderbook.Triggered, fills []orderbook.Fill, r orderbook.Result, reached bool) string {
	if !reached {
		return "none"
	}
	return activateAnswer(o, fills, r)
}

func activateAnswer(o orderbook.Triggered, fills []orderbook.Fill, r orderbook.Result) string {
	if r.Reject != orderbook.Accepted {
		return answer(fills, r)
	}
	return fmt.Sprintf("%v %d enters with %d: %s", o.Side, o.ID, o.Qty, enterAnswer(fills, r))
}

// triggerAll lets all stop-loss orders enter that are reached, or become it by one that enters.
func triggerAll(b Book, fills []orderbook.Fill) string {
	var answers []string
	for {
		o, filled, r, reached := b.Trigger(fills)
		if !reached {
			return strings.Join(append(answers, "none"), " | ")
		}
		answers = append(answers, activateAnswer(o, filled, r))
	}
}

func equilibriumAnswer(e orderbook.Equilibrium) string {
	if e == (orderbook.Equilibrium{}) {
		return "no price"
	}
	return fmt.Sprintf("%d trade at %d; demand %d, supply %d", e.Volume, e.Price, e.Demand, e.Supply)
}

func crossesAnswer(crosses []orderbook.Cross) string {
	if len(crosses) == 0 {
		return "no trades"
	}
	text := "trades"
	for _, c := range crosses {
		text += fmt.Sprintf(" %d-%d:%d", c.Buy, c.Sell, c.Qty)
	}
	return text
}

func cancelAll(b Book, side orderbook.Side) string {
	text := "cancelled"
	n := b.CancelWhere(side, func(orderbook.Slot) bool { return true }, func(o orderbook.RestingOrder) {
		text += fmt.Sprintf(" %d:%d", o.ID, o.Qty)
	})
	if n == 0 {
		return "cancelled none"
	}
	return text
}

func touch(b Book) string {
	name := func(l orderbook.Level) string {
		if l == (orderbook.Level{}) {
			return "none"
		}
		return fmt.Sprintf("%d@%s", l.Qty, priceName(l.Price))
	}
	bid, ask := b.BBO()
	return fmt.Sprintf("bid %s, ask %s", name(bid), name(ask))
}

// priceName names a price or, with 0, that of market orders.
func priceName(p orderbook.Price) string {
	if p == 0 {
		return "market"
	}
	return fmt.Sprint(p)
}

// orders returns the orders in the market: ID:QTY@PRICE, or ID:SHOWN+HIDDEN@PRICE.
func orders(b Book) string {
	return join(list("bids", b.Orders(orderbook.Buy)), list("asks", b.Orders(orderbook.Sell)))
}

// stops returns the orders that wait, as orders does, with "/TRIGGER" behind each.
func stops(b Book) string {
	return join(list("buys", b.Stops(orderbook.Buy)), list("sells", b.Stops(orderbook.Sell)))
}

func list(name string, orders iter.Seq[orderbook.RestingOrder]) string {
	text := ""
	for o := range orders {
		text += fmt.Sprintf(" %d:%s@%s", o.ID, quantity(&o), priceName(o.Price))
		if o.Trigger != 0 {
			text += fmt.Sprintf("/%d", o.Trigger)
		}
	}
	if text == "" {
		return ""
	}
	return name + text
}

// quantity names what an order shows and, if it hides something, that too.
func quantity(o *orderbook.RestingOrder) string {
	if o.Trigger != 0 || o.Shown == o.Qty {
		return fmt.Sprint(o.Qty)
	}
	return fmt.Sprintf("%d+%d", o.Shown, o.Qty-o.Shown)
}

// Draw draws the book as a table, best prices in the middle: the orders of a level in time
// priority as ID:QTY, or ID:SHOWN+HIDDEN, the sum of what the level shows towards the price. Orders that
// wait for a trigger stand below.
func Draw(b Book) string {
	var out strings.Builder
	asks := drawSide(b, orderbook.Sell)
	slices.Reverse(asks)
	bids := drawSide(b, orderbook.Buy)
	width := len("bids")
	for _, row := range bids {
		width = max(width, len(row.orders))
	}
	line := func(bids string, bidQty, price, askQty, asks any) {
		text := fmt.Sprintf("%*s %7v %10v %-7v %s", width, bids, bidQty, price, askQty, asks)
		out.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	line("bids", "sum", "price", "sum", "asks")
	for _, row := range asks {
		line("", "", priceName(row.level.Price), row.level.Qty, row.orders)
	}
	for _, row := range bids {
		line(row.orders, row.level.Qty, priceName(row.level.Price), "", "")
	}
	if waiting := stops(b); waiting != "" {
		out.WriteString("waiting " + waiting + "\n")
	}
	return out.String()
}

type row struct {
	level  orderbook.Level
	orders string
}

func drawSide(b Book, side orderbook.Side) []row {
	var rows []row
	for _, level := range b.Depth(side, make([]orderbook.Level, 0, 100)) {
		rows = append(rows, row{level: level})
	}
	for o := range b.Orders(side) {
		for i := range rows {
			if rows[i].level.Price == o.Price {
				rows[i].orders = strings.TrimPrefix(fmt.Sprintf("%s %d:%s", rows[i].orders, o.ID, quantity(&o)), " ")
			}
		}
	}
	return rows
}
