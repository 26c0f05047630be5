package risk

import (
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// Risk is the role. It is not safe for concurrent use.
type Risk struct {
	config Config
	stream ledger.Stream
	book   book
	veto   []byte       // of the last vote, reused
	keys   []ledger.Key // scratch of find
	rows   []uint32     // likewise

	// The parties of the trades that are voted for and not decided, in order, from head on: found
	// once, at the vote.
	undecided []parties
	head      int
}

// New returns a Risk without positions.
func New(c Config) (*Risk, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Risk{config: c, book: newBook()}, nil
}

// Name returns "risk".
func (r *Risk) Name() string { return "risk" }

// AppliedTrades is how many trades were applied.
func (r *Risk) AppliedTrades() uint64 { return r.stream.AppliedTrades() }

// Close does nothing: the state is in memory only, and Save has written it.
func (r *Risk) Close() error { return nil }

// Keep does nothing: what risk has told is in its state.
func (r *Risk) Keep() (func() error, error) { return nil, nil }

// Err implements participant.Role, likewise.
func (r *Risk) Err() error { return nil }

// Vote reserves the exposure of b's trades. A trade that breaks a limit is named in the veto and
// left out while the rest is checked, so one no names them all; a no changes nothing.
func (r *Risk) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	p, err := r.stream.Reserve(b)
	if err != nil {
		if decided {
			panic("risk: a decided batch cannot be read: " + err.Error())
		}
		return r.stream.Refusal(err)
	}
	sides := r.find(p.Trades)
	if decided || !r.config.limited() {
		for i := range p.Trades {
			r.reserve(sides[i], p.Trades[i].Value())
		}
		return batch3pc.Vote{Yes: true}
	}
	if r.judge(p.Trades, sides) {
		return batch3pc.Vote{Yes: true}
	}
	r.release(p.Trades, r.veto)
	r.stream.Release(b)
	return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: r.veto}
}

// judge reserves the trades that the limits allow, names the others in r.veto and reports whether
// there are none.
func (r *Risk) judge(trades []codec.Trade, sides []parties) (all bool) {
	all = true
	n := (len(trades) + 3) / 4
	r.veto = slices.Grow(r.veto[:0], n)[:n]
	clear(r.veto)
	for i := range trades {
		t := &trades[i]
		if bits := r.refused(t, sides[i]); bits != 0 {
			batch3pc.SetVeto(r.veto, i, bits)
			all = false
			continue
		}
		r.reserve(sides[i], t.Value())
	}
	return all
}

// Apply makes fact of b's trades.
func (r *Risk) Apply(b *batch3pc.Batch) {
	p := r.stream.Confirm(b)
	for i, sides := range r.oldest(len(p.Trades)) {
		t := &p.Trades[i]
		value := t.Value()
		buyer, seller := r.book.positions.At(sides.buyer), r.book.positions.At(sides.seller)
		if buyer.trades == 0 {
			r.book.traded = append(r.book.traded, sides.buyer)
		}
		if seller.trades == 0 && seller != buyer {
			r.book.traded = append(r.book.traded, sides.seller)
		}
		buyer.buyQty += int64(t.Qty)
		buyer.buyValue += value
		buyer.trades++
		seller.sellQty += int64(t.Qty)
		seller.sellValue += value
		if seller != buyer { // a trade of a client with itself is one trade
			seller.trades++
		}
	}
}

// Drop gives the exposure of b's trades back.
func (r *Risk) Drop(b *batch3pc.Batch) {
	p := r.stream.Release(b)
	r.release(p.Trades, nil)
}

// release undoes the reservation of the trades that veto does not name; they are the newest ones.
func (r *Risk) release(trades []codec.Trade, veto []byte) {
	keep := len(r.undecided) - len(trades)
	for i, sides := range r.undecided[keep:] {
		if batch3pc.VetoBits(veto, i) == 0 {
			r.reserve(sides, -trades[i].Value())
		}
	}
	r.undecided = r.undecided[:keep]
}

// find notes the parties of trades that are voted on.
func (r *Risk) find(trades []codec.Trade) []parties {
	r.keys = keysOf(trades, r.keys[:0])
	r.rows = r.book.find(r.keys, r.rows[:0])
	first := len(r.undecided)
	for i := range trades {
		r.undecided = append(r.undecided, parties{r.rows[2*i], r.rows[2*i+1], r.stream.Scale(trades[i].Instrument)})
	}
	return r.undecided[first:]
}

// oldest takes the parties of the n oldest undecided trades; they are valid until the next vote.
func (r *Risk) oldest(n int) []parties {
	if r.head >= len(r.undecided)-r.head { // what is left fits into what was taken: close up
		r.undecided = append(r.undecided[:0], r.undecided[r.head:]...)
		r.head = 0
	}
	r.head += n
	return r.undecided[r.head-n : r.head]
}
