//tezi:pure

package pretrade

import "github.com/tezi-exchange/tezi/orderbook"

// Position names the position of one client in one instrument. 0 is none.
type Position uint32

const (
	MarginBpsDefault = 2000 // of an instrument whose rules give none, in 1/10,000
	basisPoints      = 10_000
)

// Bounds of the sums. Reserve and Replace accept up to half of each; the rest is for trades
// worth more than was reserved for them, which cannot be refused. The participants refuse
// what lifts their turnovers above 1<<60, so that no valid day gets there.
const (
	exposureMax = 1 << 60 // of one position, in its units and in paise: E x 65535 / 10000 fits in 64 bits, and so does E + value
	usedMax     = 1 << 62 // of one member, paise
)

// paiseScale is the number of decimal digits of an amount in paise.
const paiseScale = 2

// position is what one client has in one instrument. It fills a cache line. With reach instead of
// openBuy and openSell, E is one comparison, and no side needs a branch: an order's life took 38 ns instead
// of 69 on a busy machine, and takes 28 on a quiet one (BenchmarkAccounts/pairs=1000).
type position struct {
	net        int64    // value bought less sold, traded
	reach      [2]int64 // how far the open orders can take net: up, net + openBuy; down, openSell - net
	margin     int64    // of the exposure, at bps
	account    uint32   // place in Accounts.accounts
	client     uint32
	instrument uint32
	member     uint16
	bps        uint16 // of the last entry or modify taken; 0: there was none, and the row is about to have one
	finer      int8   // decimal digits of a price behind those of a paisa; negative: so many fewer
	_          [15]byte
}

// exposure is the greatest |net| that any subset of the open orders can lead to.
func (p *position) exposure() int64 { return max(p.reach[0], p.reach[1]) }

// inPaise is an exposure, which is in the units of the price, in paise, rounded up: as the participant does. It is more than
// exposureMax if there is no room for it.
func (p *position) inPaise(exposure int64) int64 {
	if p.finer == 0 {
		return exposure
	}
	return inPaise(exposure, p.finer)
}

func inPaise(exposure int64, finer int8) int64 {
	switch {
	case finer > 0:
		return (exposure + powers[finer] - 1) / powers[finer]
	case exposure > exposureMax/powers[-finer]:
		return exposureMax + 1
	}
	return exposure * powers[-finer]
}

var powers = [...]int64{1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000}

// open is what is reserved for the orders of a side.
func (p *position) open(side orderbook.Side) int64 { return p.reach[side-1] - direction(side)*p.net }

// direction is where a trade on side takes net: 1 or -1.
func direction(side orderbook.Side) int64 { return 3 - 2*int64(side) }

// marginOf is the collateral for an exposure in paise, which is never negative, rounded up to a paisa.
func marginOf(exposure int64, bps uint16) int64 {
	// In two steps, because exposure times bps may not fit in 64 bits. Without signs, and the rest in 32 bits: that
	// is what a division by a constant is cheapest for.
	whole := uint64(exposure) / basisPoints
	rest := uint32(uint64(exposure) - whole*basisPoints)
	return int64(whole*uint64(bps) + uint64((rest*uint32(bps)+basisPoints-1)/basisPoints))
}

// Reserve takes the margin for an order that comes in. value is the most that the order can trade for
// (package comment, condition (a)), bps the margin rate of its instrument in 1/100 of a per cent,
// 0 for 2000. Any reason but Accepted leaves everything as it was.
func (a *Accounts) Reserve(p Position, side orderbook.Side, value int64, bps uint16) orderbook.RejectReason {
	if value < 0 {
		panic("pretrade: P2: a negative value is to be reserved")
	}
	if value > exposureMax {
		return orderbook.RejectValue
	}
	if bps == 0 {
		bps = MarginBpsDefault
	}
	r, i := &a.positions[p-1], side-1
	reach := r.reach[i] + value
	before, after := r.exposure(), max(reach, r.reach[(i^1)&1])
	reason := a.take(r, before, after, bps, false)
	if reason == orderbook.Accepted {
		r.reach[i] = reach
	}
	return reason
}

// Replace makes the reserved value of an open order new instead of old, for a modify. It is judged
// as a whole: there is no moment between the two. bps is as for Reserve. Any reason but Accepted leaves
// everything as it was.
func (a *Accounts) Replace(p Position, side orderbook.Side, old, new int64, bps uint16) orderbook.RejectReason {
	r, i := &a.positions[p-1], side-1
	if new < 0 || old < 0 || old > r.open(side) {
		panic("pretrade: P2: a value is replaced that was not reserved, or by a negative one")
	}
	if new > exposureMax {
		return orderbook.RejectValue
	}
	if bps == 0 {
		bps = MarginBpsDefault
	}
	reach := r.reach[i] + new - old
	before, after := r.exposure(), max(reach, r.reach[(i^1)&1])
	reason := a.take(r, before, after, bps, true)
	if reason == orderbook.Accepted {
		r.reach[i] = reach
	}
	return reason
}

// take makes the margin of r that of the exposure after, at bps, unless it is refused. replaces: a margin that
// does not grow is not judged, though the exposure may (a modify).
//
// Whether an order makes an exposure grow nobody can foretell. So nothing is skipped if it does not: growth is
// 0 then, and there is no branch to guess while the row is on its way from memory.
func (a *Accounts) take(r *position, before, after int64, bps uint16, replaces bool) orderbook.RejectReason {
	paise := r.inPaise(after)
	margin, most := marginOf(paise, bps), max(after, paise)
	growth := margin - r.margin
	client, member := &a.accounts[r.account].budget, &a.members[r.member]
	if most > exposureMax/2 || growth > usedMax/2-member.used || client.exceeded(growth) || member.exceeded(growth) || member.reducing() {
		judged := after > before && !(replaces && growth <= 0)
		full := after > before && most > exposureMax/2 || growth > 0 && growth > usedMax/2-member.used
		if reason := refusal(client, member, growth, full, judged); reason != orderbook.Accepted {
			return reason
		}
	}
	client.used += growth
	member.used += growth
	a.rate = r.bps
	r.margin, r.bps = margin, bps
	return orderbook.Accepted
}

// Undo takes back the Reserve that has just been accepted, or the Replace by a value that is greater by so much, for an
// order that is refused after all: the position has the value and the rate of before, or is gone if it was opened for it.
func (a *Accounts) Undo(p Position, side orderbook.Side, value int64) {
	r := &a.positions[p-1]
	before := r.exposure()
	r.reach[(side-1)&1] -= value
	r.bps = a.rate
	a.settle(r, before)
	a.Forget(p)
}

// refusal says why the growth of a margin is refused, if it is. full: the sums have no room for it. judged: limits are asked.
func refusal(client, member *budget, growth int64, full, judged bool) orderbook.RejectReason {
	switch {
	case full:
		return orderbook.RejectValue
	case !judged:
		return orderbook.Accepted
	case client.exceeded(growth), member.exceeded(growth):
		return orderbook.RejectMargin
	case member.reducing():
		return orderbook.RejectRiskReduction
	}
	return orderbook.Accepted
}

// Release gives back what is reserved for an order, or for a part of it, that leaves without a trade.
func (a *Accounts) Release(p Position, side orderbook.Side, value int64) {
	r := &a.positions[p-1]
	if value < 0 || value > r.open(side) {
		panic("pretrade: P2: a value is released that was not reserved")
	}
	before := r.exposure()
	r.reach[(side-1)&1] -= value
	a.settle(r, before)
}

// Trade books a trade of value for an order on side, and gives back what was reserved for the traded
// part. The parties of one trade are two calls, also if they are the same position. A trade that the sums
// have no room for (P7) is not booked, and only the reserve is given back: the participants, whose
// turnover is bounded by as much, refuse the batch.
func (a *Accounts) Trade(p Position, side orderbook.Side, reserved, value int64) {
	r := &a.positions[p-1]
	if reserved < 0 || reserved > r.open(side) {
		panic("pretrade: P2: a trade gives back what was not reserved")
	}
	if value < 0 {
		panic("pretrade: P7: a trade has no possible value")
	}
	if value > exposureMax {
		value = 0
	}
	before := r.exposure()
	r.book(side, reserved, value)
	if !a.settle(r, before) {
		r.book(side, 0, -value)
		a.settle(r, before)
	}
}

// book makes value part of what is traded, and takes what was reserved for it off what is open.
func (r *position) book(side orderbook.Side, reserved, value int64) {
	i := (side - 1) & 1
	r.net += direction(side) * value
	r.reach[i] += value - reserved
	r.reach[i^1] -= value
}

// settle brings the margin of r up to date, whose exposure was before. It reports whether there is room
// for it, and changes nothing if not. There always is for an exposure that has not grown.
func (a *Accounts) settle(r *position, before int64) bool {
	after := r.exposure()
	paise := r.inPaise(after)
	margin := marginOf(paise, r.bps) // also if nothing has changed: see take
	growth := margin - r.margin
	client, member := &a.accounts[r.account].budget, &a.members[r.member]
	if max(after, paise) > exposureMax || growth > usedMax-member.used {
		return after == before
	}
	client.used += growth
	member.used += growth
	r.margin = margin
	return true
}
