package risk

import (
	"cmp"
	"path/filepath"
	"slices"

	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// Names of the state files.
const (
	ClientsFile = "risk.csv"
	MembersFile = "members.csv"
)

// totals of a client or a member: applied, in paise.
type totals struct {
	member    uint16
	client    uint32
	exposure  int64
	margin    int64
	buyValue  int64
	sellValue int64
	trades    uint64
}

func (t *totals) add(o *totals) {
	t.exposure += o.exposure
	t.margin += o.margin
	t.buyValue += o.buyValue
	t.sellValue += o.sellValue
	t.trades += o.trades
}

// clients returns the totals of every client that has traded, by member and client.
func (r *Risk) clients() []totals {
	sums := make([]totals, len(r.book.accounts))
	positions := r.book.positions.All()
	for i := range positions {
		p := &positions[i]
		if p.trades == 0 {
			continue
		}
		scale := r.stream.Scale(p.instrument)
		sums[p.account].add(&totals{
			exposure: exposureOf(p.net(), scale), trades: p.trades,
			buyValue: ledger.Paise(p.buyValue, scale), sellValue: ledger.Paise(p.sellValue, scale),
		})
	}
	for i := range sums {
		sums[i].member, sums[i].client = r.book.accounts[i].member, r.book.accounts[i].client
		sums[i].margin = r.config.margin(sums[i].exposure)
	}
	sums = slices.DeleteFunc(sums, func(t totals) bool { return t.trades == 0 })
	slices.SortFunc(sums, func(a, b totals) int {
		return cmp.Or(cmp.Compare(a.member, b.member), cmp.Compare(a.client, b.client))
	})
	return sums
}

// members sums clients, which are sorted, by member.
func members(clients []totals) []totals {
	var sums []totals
	for i := range clients {
		if len(sums) == 0 || sums[len(sums)-1].member != clients[i].member {
			sums = append(sums, totals{member: clients[i].member})
		}
		sums[len(sums)-1].add(&clients[i])
	}
	return sums
}

// Save writes the state files into dir.
func (r *Risk) Save(dir string) error {
	clients := r.clients()
	var sheet ledger.Sheet
	sheet.Header("member", "client", "exposure", "margin", "buy_value", "sell_value", "trades")
	for i := range clients {
		sheet.Uint(uint64(clients[i].member))
		sheet.Uint(uint64(clients[i].client))
		writeTotals(&sheet, &clients[i])
	}
	if err := ledger.WriteFile(filepath.Join(dir, ClientsFile), sheet.Bytes()); err != nil {
		return err
	}
	sheet = ledger.Sheet{}
	sheet.Header("member", "exposure", "margin", "buy_value", "sell_value", "trades")
	for _, m := range members(clients) {
		sheet.Uint(uint64(m.member))
		writeTotals(&sheet, &m)
	}
	return ledger.WriteFile(filepath.Join(dir, MembersFile), sheet.Bytes())
}

func writeTotals(sheet *ledger.Sheet, t *totals) {
	sheet.Int(t.exposure)
	sheet.Int(t.margin)
	sheet.Int(t.buyValue)
	sheet.Int(t.sellValue)
	sheet.Uint(t.trades)
	sheet.End()
}

// line is where a position stands among those of Digest. It is what is sorted: a position and its account are two trips
// to memory, which each comparison would make again.
type line struct {
	owner      uint64
	instrument uint32
	row        uint32
}

// Digest hashes the applied positions by member, client and instrument.
func (r *Risk) Digest() uint64 {
	positions := r.book.positions.All()
	lines := make([]line, 0, len(r.book.traded))
	for _, row := range r.book.traded {
		p := &positions[row]
		a := &r.book.accounts[p.account]
		lines = append(lines, line{owner(a.member, a.client), p.instrument, row})
	}
	slices.SortFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.instrument, b.instrument))
	})
	h := ledger.NewHash()
	r.stream.AddTo(h)
	for i := range lines {
		p := &positions[lines[i].row]
		h.Uint(lines[i].owner)
		h.Uint(uint64(lines[i].instrument))
		h.Int(p.buyQty)
		h.Int(p.sellQty)
		h.Int(p.buyValue)
		h.Int(p.sellValue)
		h.Uint(p.trades)
	}
	return h.Sum()
}
