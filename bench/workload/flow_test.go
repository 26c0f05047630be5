package workload

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/orderbook"
)

// doc.go's figures, over several seeds and sizes.
func TestMix(t *testing.T) {
	for _, c := range []Config{
		{Seed: 1, Orders: 300_000},
		{Seed: 2, Orders: 300_000, Instruments: 1},
		{Seed: 3, Orders: 300_000, Instruments: 50},
		{Seed: 4, Orders: 300_000, Instruments: 2000},
	} {
		d := open(t, c)
		market, ioc, algo := 0, 0, 0
		each(t, d, func(c *codec.Command) {
			if c.Kind == codec.KindDefine {
				return
			}
			if c.Kind == codec.KindNew && c.Flags&codec.FlagMarket != 0 {
				market++
			} else if c.TIF == orderbook.IOC {
				ioc++
			}
			if c.Flags&codec.FlagAlgo != 0 {
				algo++
			}
		})
		s := d.Stats()
		of := func(n uint64) float64 { return float64(n) / float64(s.Messages) }
		for _, p := range []struct {
			name     string
			got      float64
			min, max float64
		}{
			{"entries", of(s.Entries), 0.48, 0.66},
			{"modifies", of(s.Modifies), 0.20, 0.23},
			{"cancels", of(s.Cancels), 0.12, 0.30},
			{"matching", of(s.Aggressive), 0.10, 0.15},
			{"trades", of(s.Trades), 0.15, 0.25},
			{"market", of(uint64(market)), 0.015, 0.03},
			{"ioc", of(uint64(ioc)), 0.03, 0.05},
			{"algo", of(uint64(algo)), 0.50, 0.58},
			{"unknown order", of(s.Rejects[orderbook.RejectUnknownOrder]), 0.0005, 0.0025},
			{"duplicate order", of(s.Rejects[orderbook.RejectDuplicateOrder]), 0.0003, 0.0015},
			{"quantity", of(s.Rejects[orderbook.RejectQuantity]), 0.0003, 0.0015},
			{"rejects", 1 - of(s.Rejects[orderbook.Accepted]), 0.002, 0.004},
		} {
			if p.got < p.min || p.got > p.max {
				t.Errorf("%+v: %s %.4f, want %.4f to %.4f", c, p.name, p.got, p.min, p.max)
			}
		}
		for reason, n := range s.Rejects {
			switch orderbook.RejectReason(reason) {
			case orderbook.Accepted, orderbook.RejectUnknownOrder, orderbook.RejectDuplicateOrder, orderbook.RejectQuantity:
			default:
				if n != 0 {
					t.Errorf("%+v: %d rejects for %s", c, n, orderbook.RejectReason(reason))
				}
			}
		}
	}
}

// The book of a busy instrument looks like one: two-sided, a few grains wide, thin at the touch, with
// the live set near its target and the price on the move.
func TestBookShape(t *testing.T) {
	d := open(t, Config{Seed: 6, Orders: 200_000, Instruments: 1})
	m := &d.markets[0]
	var spread, touch, samples, empty int
	low, high := orderbook.Price(1<<30), orderbook.Price(0)
	each(t, d, func(c *codec.Command) {
		if d.Stats().Messages < 10_000 {
			return
		}
		bid, ask := m.book.BBO()
		if bid.Price == 0 || ask.Price == 0 {
			empty++
			return
		}
		spread += int((ask.Price - bid.Price) / m.listing.tick)
		touch += int(bid.Orders + ask.Orders)
		samples++
		for _, f := range d.Fills() {
			low, high = min(low, f.Price), max(high, f.Price)
		}
	})
	if err := m.book.Check(); err != nil {
		t.Fatal(err)
	}
	if empty > samples/100 {
		t.Errorf("one side is empty after %d of %d messages", empty, samples)
	}
	if grains := float64(spread) / float64(samples) / float64(m.grain); grains > 5 {
		t.Errorf("mean spread %.1f grains, want at most 5", grains)
	}
	if orders := float64(touch) / float64(samples) / 2; orders < 1 || orders > 30 {
		t.Errorf("%.1f orders at the touch in the mean, want 1 to 30", orders)
	}
	if share := float64(high-low) / float64(m.listing.base); share < 0.002 || share > 0.15 {
		t.Errorf("prices range over %.4f of the close, want 0.002 to 0.15", share)
	}
	if m.resting < m.target*3/4 || m.resting > m.limit {
		t.Errorf("%d orders rest, target %d, limit %d", m.resting, m.target, m.limit)
	}
}

// day draws a small configuration.
func day(t *rapid.T) Config {
	c := Config{
		Seed:        rapid.Uint64().Draw(t, "seed"),
		Orders:      rapid.Int64Range(1, 5000).Draw(t, "orders"),
		Instruments: rapid.IntRange(1, 60).Draw(t, "instruments"),
		Members:     rapid.Uint32Range(1, 9).Draw(t, "members"),
		Clients:     rapid.Uint32Range(1, 9).Draw(t, "clients"),
		Layout:      Layout(rapid.IntRange(0, 1).Draw(t, "layout")),
	}
	c.Resting = rapid.IntRange(c.Instruments*restingFloor, 3000).Draw(t, "resting")
	return c
}

// What every message of every day must satisfy: I3, I5, I6, ticks and bands, fields in range.
func TestEveryMessageIsWellFormed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := day(rt)
		d, err := New(c)
		if err != nil {
			rt.Fatal(err)
		}
		defer d.Close()
		check := checker{rt: rt, config: c, day: d, issued: map[orderbook.OrderID]bool{}}
		each(t, d, check.command)
		s := d.Stats()
		if s.Messages != uint64(c.Orders) || s.Messages != s.Entries+s.Modifies+s.Cancels {
			rt.Fatalf("%d messages of %d: %+v", s.Messages, c.Orders, s)
		}
		if int(s.Defines) != len(check.defined) || len(check.defined) > c.Instruments {
			rt.Fatalf("%d definitions told, %d seen, %d instruments", s.Defines, len(check.defined), c.Instruments)
		}
	})
}

type checker struct {
	rt      *rapid.T
	config  Config
	day     *Day
	defined []codec.Instrument
	last    codec.Command
	issued  map[orderbook.OrderID]bool
	reused  uint64
}

func (k *checker) command(c *codec.Command) {
	if c.TimeNs < k.last.TimeNs && (k.config.Layout == TimeOrder || c.Instrument == k.last.Instrument) {
		k.rt.Fatalf("time falls from %d to %d", k.last.TimeNs, c.TimeNs)
	}
	if c.Seq != 0 {
		k.rt.Fatalf("sequenced already: %d", c.Seq)
	}
	if c.Kind == codec.KindDefine {
		k.define(c.AsInstrument())
		return
	}
	k.last = *c
	k.stamp(c)
	k.order(c)
	if s := k.day.Stats(); s.Resting > k.config.Resting || s.Resting > k.day.RestingMax() || uint32(s.Messages) != c.Ref {
		k.rt.Fatalf("%d orders rest, bounds %d and %d; message %d has Ref %d", s.Resting, k.config.Resting, k.day.RestingMax(), s.Messages, c.Ref)
	}
}

func (k *checker) define(i *codec.Instrument) {
	if int(i.Instrument) != len(k.defined)+1 || i.Lot != 1 || i.Segment != codec.SegmentCapital || i.PriceScale != 2 {
		k.rt.Fatalf("definition %+v after %d", i, len(k.defined))
	}
	k.defined = append(k.defined, *i)
}

func (k *checker) stamp(c *codec.Command) {
	jiffies, ok := nse.Jiffies(c.TimeNs)
	if !ok || nse.TimeNs(jiffies) != c.TimeNs {
		k.rt.Fatalf("time %d is not a jiffy", c.TimeNs)
	}
	if at := jiffies - k.day.midnight; at < sessionOpen || at >= sessionOpen+sessionJiffies {
		k.rt.Fatalf("stamped %d jiffies after midnight, outside 09:15 to 15:30", at)
	}
}

func (k *checker) order(c *codec.Command) {
	if c.Instrument == 0 || int(c.Instrument) > len(k.defined) {
		k.rt.Fatalf("instrument %d of %d defined", c.Instrument, len(k.defined))
	}
	tick := k.defined[c.Instrument-1].Tick
	if market := c.Flags&codec.FlagMarket != 0; market != (c.Price == 0) || c.Price < 0 || c.Price%tick != 0 {
		k.rt.Fatalf("price %d, market %v, tick %d", c.Price, market, tick)
	}
	if stream := c.Order / sequences; stream < streamFirst || stream >= streamFirst+streams {
		k.rt.Fatalf("order number %d, want 16 digits that begin with 11 to 14", c.Order)
	}
	if c.Kind == codec.KindNew {
		if k.issued[c.Order] {
			k.reused++
		}
		k.issued[c.Order] = true
	} else if !k.issued[c.Order] {
		k.rt.Fatalf("%d was never entered", c.Order)
	}
	if duplicates := k.day.Stats().Rejects[orderbook.RejectDuplicateOrder]; k.reused != duplicates {
		k.rt.Fatalf("%d order numbers came twice, %d were rejected for it", k.reused, duplicates)
	}
	member, client := codec.Owner(c.Order, k.config.Members, k.config.Clients)
	if c.Member != member || c.Client != client || !c.Side.Valid() || c.AccountOf < 1 || c.AccountOf > 3 || c.AlgoOf > 3 {
		k.rt.Fatalf("sender or flags: %+v", c)
	}
	if c.Qty > 99_999_999 || c.Price > 99_999_999 {
		k.rt.Fatalf("quantity %d or price %d does not fit 8 digits", c.Qty, c.Price)
	}
}
