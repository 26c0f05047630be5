package workload

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/engine"
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
		var market, ioc, algo, stop, disclosed, active uint64
		each(t, d, func(c *codec.Command) {
			if c.Kind == codec.KindNew {
				market += is(c.Flags&(codec.FlagMarket|codec.FlagStopLoss) == codec.FlagMarket)
				ioc += is(c.TIF == orderbook.IOC && c.Flags&codec.FlagMarket == 0)
				stop += is(c.Flags&codec.FlagStopLoss != 0)
				disclosed += is(c.Disclosed != 0 && c.Disclosed < c.Qty)
				active += is(c.Flags&codec.FlagCancelActive != 0)
			}
			algo += is(isMessage(c) && c.Flags&codec.FlagAlgo != 0)
		})
		s := d.Stats()
		accepted := s.Rejects[orderbook.Accepted] - s.Defines - s.Rules - s.Limits - s.Phases - s.MassCancels - s.Kills
		of := func(n uint64) float64 { return float64(n) / float64(s.Messages) }
		for _, p := range []struct {
			name     string
			got      float64
			min, max float64
		}{
			{"entries", of(s.Entries), 0.50, 0.68},
			{"modifies", of(s.Modifies), 0.17, 0.22},
			{"reduces", of(s.Reduces), 0.008, 0.02},
			{"cancels", of(s.Cancels), 0.12, 0.30},
			{"matching", of(s.Aggressive), 0.09, 0.15},
			{"trades", of(s.Trades), 0.15, 0.27},
			{"auction trades", of(s.AuctionTrades), 0.005, 0.03},
			{"market", of(market), 0.02, 0.04},
			{"ioc", of(ioc), 0.03, 0.05},
			{"stop-loss", of(stop), 0.015, 0.035},
			{"triggered", of(s.Triggered), 0.005, 0.025},
			{"disclosed", of(disclosed), 0.01, 0.05},
			{"cancel active", float64(active) / float64(s.Entries), 0.11, 0.14},
			{"self-trades", of(s.Removed[engine.RemovedSelfTrade]), 0.0002, 0.01},
			{"algo", of(algo), 0.50, 0.58},
			{"unknown order", of(s.Rejects[orderbook.RejectUnknownOrder]), 0.00003, 0.0006},
			{"rejects", 1 - of(accepted), 0.0015, 0.006},
		} {
			if p.got < p.min || p.got > p.max {
				t.Errorf("%+v: %s %.4f, want %.4f to %.4f", c, p.name, p.got, p.min, p.max)
			}
		}
	}
}

func is(fact bool) uint64 {
	if fact {
		return 1
	}
	return 0
}

// The book of a busy instrument looks like one in continuous trading: two-sided, a few grains wide, thin at the
// touch, with the live set near its target and the price on the move.
func TestBookShape(t *testing.T) {
	d := open(t, Config{Seed: 6, Orders: 200_000, Instruments: 1})
	m := &d.markets[0]
	var spread, touch, samples, empty, resting int
	low, high := orderbook.Price(1<<30), orderbook.Price(0)
	each(t, d, func(c *codec.Command) {
		if m.made < 10_000 || m.phase != codec.PhaseContinuous {
			return
		}
		if m.made%20_000 == 0 {
			if err := m.book.Check(); err != nil {
				t.Fatal(err)
			}
		}
		bid, ask := m.book.BBO()
		if bid.Price == 0 || ask.Price == 0 {
			empty++
			return
		}
		spread += int((ask.Price - bid.Price) / m.listing.tick)
		touch += int(bid.Orders + ask.Orders)
		resting += m.resting
		samples++
		for _, f := range d.Fills() {
			low, high = min(low, f.Price), max(high, f.Price)
		}
	})
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
	if mean := resting / samples; mean < m.target*3/4 || mean > m.limit {
		t.Errorf("%d orders rest in the mean, target %d, limit %d", mean, m.target, m.limit)
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
		NoHalt:      rapid.Bool().Draw(t, "no halt"),
		Date:        DateDefault.AddDate(0, -rapid.IntRange(0, 40).Draw(t, "months"), 0),
	}
	c.Resting = rapid.IntRange(c.Instruments*restingFloor, 3000).Draw(t, "resting")
	return c
}

// What every command of every day must satisfy: I3, I5, I6, fields in range, and in an accepted entry ticks
// and lots.
func TestEveryMessageIsWellFormed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := day(rt)
		d, err := New(c)
		if err != nil {
			rt.Fatal(err)
		}
		defer d.Close()
		check := checker{rt: rt, config: d.Config(), day: d, ranks: newRanker(d.Config()), last: map[int]int64{}, issued: map[orderbook.OrderID]bool{}}
		each(t, d, check.command)
		s := d.Stats()
		if s.Messages != uint64(c.Orders) || s.Messages != s.Entries+s.Modifies+s.Reduces+s.Cancels {
			rt.Fatalf("%d messages of %d: %+v", s.Messages, c.Orders, s)
		}
		if int(s.Defines) != c.Instruments || len(check.defined) != c.Instruments || s.Rules != s.Defines {
			rt.Fatalf("%d definitions and %d rules told, %d seen, %d instruments", s.Defines, s.Rules, len(check.defined), c.Instruments)
		}
		if s.Resting != 0 || s.Rejects[orderbook.RejectBookFull]+s.Rejects[orderbook.RejectAccounts] != 0 {
			rt.Fatalf("%d orders outlive the day, or there was no room: %v", s.Resting, s.Rejects)
		}
	})
}

type checker struct {
	rt      *rapid.T
	config  Config
	day     *Day
	ranks   *ranker
	defined []codec.Instrument
	last    map[int]int64 // stamps by rank; -1: of all
	issued  map[orderbook.OrderID]bool
	reused  uint64
}

func (k *checker) command(c *codec.Command) {
	rank := k.ranks.rank(c)
	if k.config.Layout == SymbolOrder && c.TimeNs < k.last[rank] || k.config.Layout == TimeOrder && c.TimeNs < k.last[-1] {
		k.rt.Fatalf("the time falls: %+v", c)
	}
	k.last[rank], k.last[-1] = c.TimeNs, c.TimeNs
	if c.Seq != 0 {
		k.rt.Fatalf("sequenced already: %d", c.Seq)
	}
	jiffies, ok := nse.Jiffies(c.TimeNs)
	if !ok || nse.TimeNs(jiffies) != c.TimeNs {
		k.rt.Fatalf("time %d is not a jiffy", c.TimeNs)
	}
	if at := jiffies - k.day.midnight; at < prologue || at > 16*3600*jiffiesPerSecond {
		k.rt.Fatalf("stamped %d jiffies after midnight, outside 08:30 to 16:00", at)
	}
	switch {
	case c.Kind == codec.KindDefine:
		k.define(c.AsInstrument())
	case isMessage(c):
		k.message(c)
	}
	if s := k.day.Stats(); s.Resting > k.config.Resting || s.Resting > k.day.RestingMax() || isMessage(c) && uint32(s.Messages) != c.Ref {
		k.rt.Fatalf("%d orders rest, bounds %d and %d; message %d has Ref %d", s.Resting, k.config.Resting, k.day.RestingMax(), s.Messages, c.Ref)
	}
}

func (k *checker) define(i *codec.Instrument) {
	if int(i.Instrument) != len(k.defined)+1 || i.Lot < 1 || i.Segment != codec.SegmentCapital || i.PriceScale != 2 {
		k.rt.Fatalf("definition %+v after %d", i, len(k.defined))
	}
	k.defined = append(k.defined, *i)
}

func (k *checker) message(c *codec.Command) {
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
	if duplicates := k.day.Stats().Rejects[orderbook.RejectDuplicateOrder]; k.reused < duplicates {
		k.rt.Fatalf("%d order numbers came twice, %d were rejected for it", k.reused, duplicates)
	}
	if c.Member == 0 || uint32(c.Member) > k.config.Members+houses || c.PAN == 0 || c.AccountOf < 1 || c.AccountOf > 3 || c.AlgoOf > 3 {
		k.rt.Fatalf("sender or flags: %+v", c)
	}
	if c.Qty > 99_999_999 || c.Price > 99_999_999 || c.Price < 0 || c.Trigger < 0 {
		k.rt.Fatalf("quantity %d, price %d or trigger %d does not fit 8 digits", c.Qty, c.Price, c.Trigger)
	}
	if c.Instrument == unlisted {
		return
	}
	in := &k.defined[c.Instrument-1]
	if o, live := k.day.core.Lookup(c.Instrument, c.Order); live {
		if o.Price%in.Tick != 0 || o.Trigger%in.Tick != 0 || o.Qty%in.Lot != 0 || o.Disclosed%in.Lot != 0 || uint32(o.PAN) != c.PAN && c.Kind == codec.KindNew && o.Qty == c.Qty {
			k.rt.Fatalf("%+v rests with tick %d and lot %d: %+v", o, in.Tick, in.Lot, c)
		}
	}
}
