package booktest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Session runs commands written as text on a book and says in text what they did.
//
//	buy ID TERMS [pan PAN] [active]   sell ID TERMS [pan PAN] [active]   modify ID TERMS
//	reduce ID QTY   cancel ID   cancel-all [buy|sell]   room FILLS
//	trigger   triggers   activate ID   hold on|off   last PRICE   range LOW HIGH
//	auction   equilibrium [REFERENCE]   uncross PRICE [market-first]   close PRICE
//	touch   orders   stops
//
// TERMS are QTY@PRICE [ioc|fok|gtc|gtd] [dq QTY] [stop TRIGGER]; PRICE is a number or "market". room says
// how many fills, or crosses, a command may have from then on; at first it is 10,000. triggers is trigger
// until none is reached. The answer is "rejected: REASON", or those of the following that apply, in this
// order, separated by "; ":
//
//	trades MAKER:QTY@PRICE ...  cancelled QTY  CAUSE  rests QTY
//
// and "nothing left" of an order that is used up. "MAKER:out(QTY)" among the trades is a maker that
// self-trade prevention has taken out.
type Session struct {
	Book  Book
	fills []orderbook.Fill
	room  int
}

// NewSession returns a session on book.
func NewSession(book Book) *Session {
	return &Session{Book: book, fills: make([]orderbook.Fill, 0, roomMax), room: roomMax}
}

const roomMax = 10_000

// Do runs one command and returns the answer, or an error if the text is no command.
func (s *Session) Do(text string) (string, error) {
	p := &parser{words: strings.Fields(text)}
	answer := s.do(p)
	if p.err == nil && len(p.words) > 0 {
		p.err = fmt.Errorf("%q is too much", p.words)
	}
	if p.err != nil {
		return "", fmt.Errorf("booktest: %q: %w", text, p.err)
	}
	return answer(), nil
}

// do reads a command and returns what runs it.
func (s *Session) do(p *parser) (run func() string) {
	b := s.Book
	fills := s.fills[:0:s.room]
	switch verb := p.word(); verb {
	case "buy", "sell":
		o := orderbook.Order{ID: p.id(), Side: orderbook.Buy}
		if verb == "sell" {
			o.Side = orderbook.Sell
		}
		p.order(&o)
		return func() string { return enterAnswer(b.Add(&o, fills)) }
	case "modify":
		o := orderbook.Order{ID: p.id()}
		p.order(&o)
		return func() string { return enterAnswer(b.Modify(o.ID, termsOf(&o), fills)) }
	case "reduce":
		id, by := p.id(), orderbook.Qty(p.number(32))
		return func() string { return answer(nil, b.Reduce(id, by)) }
	case "cancel":
		id := p.id()
		return func() string { return answer(nil, b.Cancel(id)) }
	case "cancel-all":
		side := p.side()
		return func() string { return cancelAll(b, side) }
	case "room":
		n := int(p.number(16))
		return func() string {
			s.room = min(n, roomMax)
			return ""
		}
	case "touch":
		return func() string { return touch(b) }
	case "orders":
		return func() string { return orders(b) }
	case "stops":
		return func() string { return stops(b) }
	default:
		return s.doMarket(p, verb)
	}
}

// doMarket reads a command about the whole book: its stop-loss orders and auctions.
func (s *Session) doMarket(p *parser, verb string) (run func() string) {
	b := s.Book
	fills := s.fills[:0:s.room]
	silent := func(do func()) func() string { return func() string { do(); return "" } }
	switch verb {
	case "trigger":
		return func() string { return triggerAnswer(b.Trigger(fills)) }
	case "triggers":
		return func() string { return triggerAll(b, fills) }
	case "activate":
		id := p.id()
		return func() string { return activateAnswer(b.Activate(id, fills)) }
	case "hold":
		hold := p.word() == "on"
		return silent(func() { b.HoldStops(hold) })
	case "last":
		price := p.price()
		return silent(func() { b.SetLastPrice(price) })
	case "range":
		low, high := p.price(), p.price()
		return silent(func() { b.SetRange(low, high) })
	case "auction":
		return silent(b.OpenAuction)
	case "equilibrium":
		reference := orderbook.Price(0)
		if len(p.words) > 0 {
			reference = p.price()
		}
		return func() string { return equilibriumAnswer(b.Equilibrium(reference)) }
	case "uncross":
		price, marketFirst := p.price(), p.has("market-first")
		return func() string { return crossesAnswer(b.Uncross(price, marketFirst, make([]orderbook.Cross, 0, s.room))) }
	case "close":
		price := p.price()
		return func() string { return fmt.Sprintf("turned %d", b.CloseAuction(price)) }
	}
	p.fail("no command %q", verb)
	return nil
}

// parser takes words from the front of a command. After the first error it returns zero values.
type parser struct {
	words []string
	err   error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

func (p *parser) word() string {
	if len(p.words) == 0 {
		p.fail("a word is missing")
		return ""
	}
	word := p.words[0]
	p.words = p.words[1:]
	return word
}

// has takes the next word if it is this one.
func (p *parser) has(word string) bool {
	if len(p.words) == 0 || p.words[0] != word {
		return false
	}
	p.words = p.words[1:]
	return true
}

func (p *parser) number(bits int) uint64 { return p.unsigned(p.word(), bits) }

func (p *parser) unsigned(text string, bits int) uint64 {
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		p.fail("%w", err)
	}
	return n
}

func (p *parser) id() orderbook.OrderID { return orderbook.OrderID(p.number(64)) }

func (p *parser) price() orderbook.Price { return p.signed(p.word()) }

func (p *parser) signed(text string) orderbook.Price {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		p.fail("%w", err)
	}
	return orderbook.Price(n)
}

// side reads a side, or none for both.
func (p *parser) side() orderbook.Side {
	switch {
	case p.has("buy"):
		return orderbook.Buy
	case p.has("sell"):
		return orderbook.Sell
	}
	return 0
}

var validities = map[string]orderbook.TimeInForce{
	"ioc": orderbook.IOC, "fok": orderbook.FOK, "gtc": orderbook.GTC, "gtd": orderbook.GTD,
}

// order reads TERMS, and what may follow them in an entry.
func (p *parser) order(o *orderbook.Order) {
	qty, price, ok := strings.Cut(p.word(), "@")
	if !ok {
		p.fail("want QTY@PRICE")
		return
	}
	o.Qty = orderbook.Qty(p.unsigned(qty, 32))
	if o.Market = price == "market"; !o.Market {
		o.Price = p.signed(price)
	}
	for len(p.words) > 0 && p.err == nil {
		switch word := p.word(); word {
		case "ioc", "fok", "gtc", "gtd":
			o.TIF = validities[word]
		case "dq":
			o.Disclosed = orderbook.Qty(p.number(32))
		case "stop":
			o.Trigger = p.price()
		case "pan":
			o.PAN = orderbook.PAN(p.number(32))
		case "active":
			o.CancelActive = true
		default:
			p.fail("no term %q", word)
		}
	}
}
