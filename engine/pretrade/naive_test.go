package pretrade

import (
	"math/big"

	"github.com/tezi-exchange/tezi/orderbook"
)

// naive is the slow and obvious twin of Accounts: maps of open orders and of nets, from which everything
// is computed when it is asked, with no sums kept. It knows nothing of capacity and overflow.
type naive struct {
	net    map[naiveKey]int64
	bps    map[naiveKey]uint16
	orders map[int]naiveOrder
	limits map[naiveKey]int64 // of a client, or with client 0 of a member
	scales map[uint32]uint8   // of instruments
}

type naiveKey struct {
	member             uint16
	client, instrument uint32
}

type naiveOrder struct {
	key   naiveKey
	side  orderbook.Side
	value int64 // reserved
}

func newNaive() *naive {
	return &naive{map[naiveKey]int64{}, map[naiveKey]uint16{}, map[int]naiveOrder{}, map[naiveKey]int64{}, map[uint32]uint8{}}
}

// scaled is the same for accounts and twin: of instrument 1 a price is in paise, of instrument 2 with scale decimal digits.
func scaled(a *Accounts, n *naive, scale uint8) {
	n.scales[1], n.scales[2] = 2, scale
	a.SetScale(1, 2)
	a.SetScale(2, scale)
}

// paise is an amount of an instrument in paise, rounded up.
func (n *naive) paise(amount int64, instrument uint32) *big.Int {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.scales[instrument])), nil)
	sum := new(big.Int).Mul(big.NewInt(amount), big.NewInt(100))
	return sum.Add(sum, unit).Sub(sum, big.NewInt(1)).Div(sum, unit)
}

// exposure tries every subset of the open orders.
func (n *naive) exposure(k naiveKey) int64 {
	values := []int64{}
	for _, o := range n.orders {
		if o.key == k && o.side == orderbook.Buy {
			values = append(values, o.value)
		} else if o.key == k {
			values = append(values, -o.value)
		}
	}
	worst := int64(0)
	for subset := range 1 << len(values) {
		net := n.net[k]
		for i, v := range values {
			if subset>>i&1 == 1 {
				net += v
			}
		}
		worst = max(worst, net, -net)
	}
	return worst
}

func (n *naive) margin(k naiveKey) int64 {
	bps := n.bps[k]
	if bps == 0 {
		bps = 2000
	}
	m := new(big.Int).Mul(n.paise(n.exposure(k), k.instrument), big.NewInt(int64(bps)))
	m.Add(m, big.NewInt(9999))
	return m.Div(m, big.NewInt(10_000)).Int64()
}

// used sums the margins of a client, or with client 0 of a member.
func (n *naive) used(member uint16, client uint32) int64 {
	keys := map[naiveKey]bool{}
	for k := range n.net {
		keys[k] = true
	}
	for _, o := range n.orders {
		keys[o.key] = true
	}
	sum := int64(0)
	for k := range keys {
		if k.member == member && (client == 0 || k.client == client) {
			sum += n.margin(k)
		}
	}
	return sum
}

// enter puts order id with its value into the open ones, or takes it back if it is refused.
func (n *naive) enter(id int, o naiveOrder, bps uint16) orderbook.RejectReason {
	k := o.key
	was, modify := n.orders[id]
	bpsWas, usedWas := n.bps[k], n.used(k.member, 0)
	exposureWas, marginWas := n.exposure(k), n.margin(k)
	n.orders[id], n.bps[k] = o, bps
	if n.exposure(k) <= exposureWas || modify && n.margin(k) <= marginWas {
		return orderbook.Accepted
	}
	reason := orderbook.Accepted
	client, member := n.limits[naiveKey{k.member, k.client, 0}], n.limits[naiveKey{k.member, 0, 0}]
	switch {
	case client > 0 && n.used(k.member, k.client) > client, member > 0 && n.used(k.member, 0) > member:
		reason = orderbook.RejectMargin
	case member > 0 && usedWas*10 >= member*9:
		reason = orderbook.RejectRiskReduction
	default:
		return reason
	}
	if n.orders[id] = was; !modify {
		delete(n.orders, id)
	}
	n.bps[k] = bpsWas
	return reason
}

// trade books a trade of an open order; what is reserved for it falls, and at 0 it is gone.
func (n *naive) trade(id int, reserved, value int64) {
	o := n.orders[id]
	if o.side == orderbook.Sell {
		value = -value
	}
	n.net[o.key] += value
	n.release(id, reserved)
}

func (n *naive) release(id int, value int64) {
	o := n.orders[id]
	if o.value -= value; o.value == 0 {
		delete(n.orders, id)
		return
	}
	n.orders[id] = o
}
