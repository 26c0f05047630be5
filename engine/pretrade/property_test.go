package pretrade

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/orderbook"
)

// twin makes every call at Accounts and at the naive twin.
type twin struct {
	*Accounts
	naive *naive
	next  int // order
}

var rates = []uint16{0, 0, 0, 2000, 1000, 3333, 10_000, 15_000}

func drawKey(t *rapid.T) naiveKey {
	return naiveKey{
		rapid.Uint16Range(1, 2).Draw(t, "member"), rapid.Uint32Range(1, 3).Draw(t, "client"), rapid.Uint32Range(1, 2).Draw(t, "instrument"),
	}
}

// enter brings in an order, if the twin does not have too many already to try all subsets.
func (w *twin) enter(t *rapid.T) {
	if len(w.naive.orders) == 8 {
		t.Skip("enough orders")
	}
	k := drawKey(t)
	o := naiveOrder{key: k, side: rapid.SampledFrom([]orderbook.Side{buy, sell}).Draw(t, "side"), value: rapid.Int64Range(1, 3000).Draw(t, "value")}
	bps := rapid.SampledFrom(rates).Draw(t, "bps")
	before := w.StateHash()
	p := open(t, w.Accounts, k.member, k.client, k.instrument)
	got := w.Reserve(p, o.side, o.value, bps)
	if got == orderbook.Accepted && rapid.IntRange(0, 4).Draw(t, "the book refuses") == 0 {
		w.Undo(p, o.side, o.value)
		w.unchanged(t, before)
		return
	}
	if want := w.naive.enter(w.next, o, bps); got != want {
		t.Fatalf("order %+v at %d: %v, want %v", o, bps, got, want)
	}
	if got != orderbook.Accepted {
		w.Forget(p)
		w.unchanged(t, before)
	}
	w.next++
}

// unchanged is P5.
func (w *twin) unchanged(t *rapid.T, before uint64) {
	if w.StateHash() != before {
		t.Fatal("P5: a refused order changes something")
	}
}

// order draws an open order.
func (w *twin) order(t *rapid.T) (int, naiveOrder, Position) {
	if len(w.naive.orders) == 0 {
		t.Skip("no orders")
	}
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(w.naive.orders))).Draw(t, "order")
	o := w.naive.orders[id]
	return id, o, open(t, w.Accounts, o.key.member, o.key.client, o.key.instrument)
}

func (w *twin) modify(t *rapid.T) {
	id, o, p := w.order(t)
	value, bps := rapid.Int64Range(1, 3000).Draw(t, "new value"), rapid.SampledFrom(rates).Draw(t, "bps")
	before := w.StateHash()
	got := w.Replace(p, o.side, o.value, value, bps)
	if got == orderbook.Accepted && value > o.value && rapid.IntRange(0, 4).Draw(t, "the book refuses") == 0 {
		w.Undo(p, o.side, value-o.value)
		w.unchanged(t, before)
		return
	}
	if want := w.naive.enter(id, naiveOrder{key: o.key, side: o.side, value: value}, bps); got != want {
		t.Fatalf("order %+v to %d at %d: %v, want %v", o, value, bps, got, want)
	}
	if got != orderbook.Accepted {
		w.unchanged(t, before)
	}
}

// trade fills a part of an order, mostly within what is reserved for it.
func (w *twin) trade(t *rapid.T) {
	id, o, p := w.order(t)
	reserved := rapid.Int64Range(1, o.value).Draw(t, "reserved")
	value := rapid.Int64Range(0, reserved).Draw(t, "value")
	if rapid.IntRange(0, 9).Draw(t, "beyond") == 0 {
		value += 500
	}
	used, _ := w.Margin(o.key.member, 0)
	w.Trade(p, o.side, reserved, value)
	w.naive.trade(id, reserved, value)
	if now, _ := w.Margin(o.key.member, 0); value <= reserved && now > used {
		t.Fatalf("P3: a trade of %d for %d reserved made %d of %d", value, reserved, now, used)
	}
}

func (w *twin) release(t *rapid.T) {
	id, o, p := w.order(t)
	value := o.value
	if rapid.Bool().Draw(t, "part") {
		value = rapid.Int64Range(1, o.value).Draw(t, "value")
	}
	w.Release(p, o.side, value)
	w.naive.release(id, value)
}

func (w *twin) limit(t *rapid.T) {
	k := naiveKey{rapid.Uint16Range(1, 2).Draw(t, "member"), rapid.Uint32Range(0, 3).Draw(t, "client"), 0}
	limit := rapid.SampledFrom([]int64{0, 1, 100, 400, 777, 1000, 2000}).Draw(t, "limit")
	w.SetLimit(k.member, k.client, limit)
	w.naive.limits[k] = limit
}

func (w *twin) compare(t *rapid.T) {
	check(t, w.Accounts)
	for member := range uint16(3) {
		for client := range uint32(4) {
			used, limit := w.Margin(member, client)
			if want := w.naive.used(member, client); used != want || limit != w.naive.limits[naiveKey{member, client, 0}] {
				t.Fatalf("client %d of member %d uses %d of %d, want %d", client, member, used, limit, want)
			}
		}
	}
	for i := range w.positions {
		p := &w.positions[i]
		k := naiveKey{p.member, p.client, p.instrument}
		var open [3]int64
		for _, o := range w.naive.orders {
			if o.key == k {
				open[o.side] += o.value
			}
		}
		if net, buys, sells := w.Net(Position(i + 1)); net != w.naive.net[k] || buys != open[buy] || sells != open[sell] {
			t.Fatalf("%+v: net %d, reserved %d and %d, want %d, %d and %d", k, net, buys, sells, w.naive.net[k], open[buy], open[sell])
		}
	}
}

// restart goes on with what was restored from the state (P9).
func (w *twin) restart(t *rapid.T) {
	b := create(t, w.limits.ClientsMax, w.limits.PositionsMax)
	scaled(b, w.naive, w.naive.scales[2])
	if err := b.Restore(w.AppendState(nil)); err != nil {
		t.Fatal(err)
	}
	if b.StateHash() != w.StateHash() {
		t.Fatal("P9: another hash")
	}
	w.Accounts = b
}

// A random walk through all calls, beside the naive twin.
func TestPropertyTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &twin{Accounts: create(t, 6, 12), naive: newNaive()}
		scaled(w.Accounts, w.naive, rapid.SampledFrom([]uint8{2, 0, 1, 3, 4, 9}).Draw(t, "scale"))
		t.Repeat(map[string]func(*rapid.T){
			"":        w.compare,
			"enter":   w.enter,
			"enter 2": w.enter,
			"modify":  w.modify,
			"trade":   w.trade,
			"release": w.release,
			"limit":   w.limit,
			"restart": w.restart,
		})
	})
}

// The promise to the risk participant: with a reserved value that is never below the value of the trade, the
// sum of |net| after any trade is within the limit x 10000 / rate, of every client and every member. The
// check is the participant's, on trades alone.
func TestPropertyParticipantHasNothingToRefuse(t *testing.T) {
	const clientLimit, memberLimit, bps = 400, 900, 2000
	rapid.Check(t, func(t *rapid.T) {
		w := &twin{Accounts: create(t, 6, 12), naive: newNaive()}
		scaled(w.Accounts, w.naive, rapid.SampledFrom([]uint8{2, 0, 1, 3, 4, 9}).Draw(t, "scale"))
		for _, member := range []uint16{1, 2} {
			w.SetLimit(member, 0, memberLimit)
			for _, client := range []uint32{1, 2, 3} {
				w.SetLimit(member, client, clientLimit)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"enter": func(t *rapid.T) {
				k, side := drawKey(t), rapid.SampledFrom([]orderbook.Side{buy, sell}).Draw(t, "side")
				value := rapid.Int64Range(1, 2000).Draw(t, "value")
				if w.Reserve(open(t, w.Accounts, k.member, k.client, k.instrument), side, value, bps) == orderbook.Accepted {
					w.naive.orders[w.next] = naiveOrder{k, side, value}
					w.next++
				}
			},
			"modify": func(t *rapid.T) {
				id, o, p := w.order(t)
				value := rapid.Int64Range(1, 2000).Draw(t, "value")
				if w.Replace(p, o.side, o.value, value, bps) == orderbook.Accepted {
					o.value = value
					w.naive.orders[id] = o
				}
			},
			"trade": func(t *rapid.T) {
				id, o, p := w.order(t)
				reserved := rapid.Int64Range(1, o.value).Draw(t, "reserved")
				value := rapid.Int64Range(0, reserved).Draw(t, "value")
				w.Trade(p, o.side, reserved, value)
				w.naive.trade(id, reserved, value)
			},
			"release": w.release,
			"": func(t *rapid.T) {
				clients, members := map[naiveKey]int64{}, map[uint16]int64{}
				for k, net := range w.naive.net {
					exposure := w.naive.paise(max(net, -net), k.instrument).Int64()
					clients[naiveKey{k.member, k.client, 0}] += exposure
					members[k.member] += exposure
				}
				for k, exposure := range clients {
					if exposure > clientLimit*10_000/bps || members[k.member] > memberLimit*10_000/bps {
						t.Fatalf("client %d of member %d has %d, the member %d", k.client, k.member, exposure, members[k.member])
					}
				}
			},
		})
	})
}
