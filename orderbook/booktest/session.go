package booktest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Session runs commands written as text on a book and says in text what they did.
//
//	buy ID QTY@PRICE [ioc]      sell ID QTY@PRICE [ioc]      modify ID QTY@PRICE [ioc]
//	reduce ID QTY               cancel ID                    room FILLS
//
// PRICE is a number or "market". room says how many fills a command may have from then on; at
// first it is 10,000. The answer is "rejected: REASON", or those of the following that apply, in
// this order, separated by "; ":
//
//	trades MAKER:QTY@PRICE ...  cancelled QTY  fill limit  rests QTY
//
// and "nothing left" of an entry or modify that is used up.
type Session struct {
	Book  Book
	fills []orderbook.Fill
}

// NewSession returns a session on book.
func NewSession(book Book) *Session {
	return &Session{Book: book, fills: make([]orderbook.Fill, 0, 10_000)}
}

// Do runs one command and returns the answer, or an error if the text is no command.
func (s *Session) Do(text string) (string, error) {
	words := strings.Fields(text)
	ioc := len(words) == 4 && words[3] == "ioc"
	switch {
	case len(words) == 2 && words[0] == "room":
		n, err := strconv.ParseUint(words[1], 10, 16)
		s.fills = make([]orderbook.Fill, 0, n)
		return "", err
	case len(words) < 2:
		return "", fmt.Errorf("booktest: no command: %q", text)
	}
	id, err := strconv.ParseUint(words[1], 10, 64)
	if err != nil {
		return "", fmt.Errorf("booktest: %q: order number: %w", text, err)
	}
	order := orderbook.Order{ID: orderbook.OrderID(id)}
	if ioc {
		order.TIF = orderbook.IOC
	}
	switch {
	case words[0] == "cancel" && len(words) == 2:
		return answer(nil, s.Book.Cancel(order.ID)), nil
	case words[0] == "reduce" && len(words) == 3:
		by, err := strconv.ParseUint(words[2], 10, 32)
		return answer(nil, s.Book.Reduce(order.ID, orderbook.Qty(by))), err
	case len(words) != 3 && !ioc:
		return "", fmt.Errorf("booktest: no command: %q", text)
	}
	if err := parseTerms(words[2], &order); err != nil {
		return "", fmt.Errorf("booktest: %q: %w", text, err)
	}
	switch words[0] {
	case "buy":
		order.Side = orderbook.Buy
	case "sell":
		order.Side = orderbook.Sell
	case "modify":
		return enterAnswer(s.Book.Modify(order.ID, order.Market, order.TIF, order.Price, order.Qty, s.fills[:0])), nil
	default:
		return "", fmt.Errorf("booktest: no command: %q", text)
	}
	return enterAnswer(s.Book.Add(&order, s.fills[:0])), nil
}

// parseTerms reads QTY@PRICE.
func parseTerms(text string, o *orderbook.Order) error {
	qty, price, ok := strings.Cut(text, "@")
	if !ok {
		return fmt.Errorf("want QTY@PRICE, got %q", text)
	}
	n, err := strconv.ParseUint(qty, 10, 32)
	if err != nil {
		return err
	}
	o.Qty = orderbook.Qty(n)
	if price == "market" {
		o.Market = true
		return nil
	}
	p, err := strconv.ParseInt(price, 10, 32)
	o.Price = orderbook.Price(p)
	return err
}

func enterAnswer(fills []orderbook.Fill, r orderbook.Result) string {
	if r == (orderbook.Result{}) {
		return answer(fills, r) + "; nothing left"
	}
	return answer(fills, r)
}

func answer(fills []orderbook.Fill, r orderbook.Result) string {
	if r.Reject != orderbook.Accepted {
		return "rejected: " + r.Reject.String()
	}
	var parts []string
	if len(fills) > 0 {
		trades := "trades"
		for _, f := range fills {
			trades += fmt.Sprintf(" %d:%d@%d", f.Maker, f.Qty, f.Price)
		}
		parts = append(parts, trades)
	}
	if r.Cancelled > 0 {
		parts = append(parts, fmt.Sprintf("cancelled %d", r.Cancelled))
	}
	if r.FillLimit {
		parts = append(parts, "fill limit")
	}
	if r.Resting > 0 {
		parts = append(parts, fmt.Sprintf("rests %d", r.Resting))
	}
	return strings.Join(parts, "; ")
}

// Draw draws the book as a table, best prices in the middle: the orders of a level in time
// priority as ID:QTY, the sum of the level towards the price.
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
		line("", "", row.level.Price, row.level.Qty, row.orders)
	}
	for _, row := range bids {
		line(row.orders, row.level.Qty, row.level.Price, "", "")
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
				rows[i].orders = strings.TrimPrefix(fmt.Sprintf("%s %d:%d", rows[i].orders, o.ID, o.Qty), " ")
			}
		}
	}
	return rows
}
