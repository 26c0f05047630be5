package workload

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/rulebook"
)

// The quarters of an hour get their share of the messages, whatever the bursts do; auctions, halt and post-close
// theirs.
func TestActivityOverTheDay(t *testing.T) {
	const orders = 400_000
	d := open(t, Config{Seed: 3, Orders: orders, Instruments: 4, NoHalt: true}) // two with and two without a closing auction
	want, got := map[int]float64{}, map[int]float64{}
	for i := range d.markets {
		m := &d.markets[i]
		for _, b := range m.clock.bins {
			want[int(b.from/binJiffies)] += float64(m.listing.orders) * float64(b.weight) / float64(m.clock.weight)
		}
	}
	midnight := time.Unix(0, d.config.at(0))
	each(t, d, func(c *codec.Command) {
		if isMessage(c) {
			got[int(time.Unix(0, c.TimeNs).Sub(midnight)/(15*time.Minute))]++
		}
	})
	for quarter, n := range want {
		if got[quarter] < 0.95*n-20 || got[quarter] > 1.05*n+20 {
			t.Errorf("%d:%02d: %.0f messages, want about %.0f", quarter/4, quarter%4*15, got[quarter], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("messages in %d quarters of an hour, want %d", len(got), len(want))
	}
}

// A calendar has the phases of the rule book, ascending, and its bins lie in phases that take messages, without
// overlaps, on all days.
func TestCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{
			Seed:   rapid.Uint64().Draw(t, "seed"),
			Date:   DateDefault.AddDate(0, 0, -rapid.IntRange(0, 8000).Draw(t, "days")),
			NoHalt: rapid.Bool().Draw(t, "no halt"),
		}
		class := rapid.SampledFrom([]rulebook.Class{rulebook.ClassCash, rulebook.ClassCashDerivatives}).Draw(t, "class")
		cal := newCalendar(&c, class)
		for i, e := range cal.events[1:] {
			if e.at < cal.events[i].at {
				t.Fatalf("%+v comes after %+v", e, cal.events[i])
			}
		}
		if last := cal.events[len(cal.events)-1]; last.phase != codec.PhaseEndOfDay {
			t.Fatalf("the day ends with %s", last.phase)
		}
		halted := 0
		for _, e := range cal.events {
			if e.phase == codec.PhaseHalted {
				halted++
			}
		}
		if halted == 1 == c.NoHalt {
			t.Fatalf("%d halts", halted)
		}
		end, sum := uint64(0), uint64(0)
		for _, b := range cal.bins {
			if b.from < end || b.length == 0 || b.before != sum {
				t.Fatalf("bin %+v after %d, weight %d", b, end, sum)
			}
			end, sum = b.from+b.length, sum+b.weight
			if p := phaseAt(cal, b.from); p != phaseAt(cal, end-1) || p == codec.PhaseClosed || p == codec.PhaseEndOfDay {
				t.Fatalf("bin %+v begins in %s and ends in %s", b, p, phaseAt(cal, end-1))
			}
		}
		if sum != cal.weight {
			t.Fatalf("the bins weigh %d, told %d", sum, cal.weight)
		}
	})
}

func phaseAt(cal *calendar, at uint64) (p codec.Phase) {
	for _, e := range cal.events {
		if e.at <= at {
			p = e.phase
		}
	}
	return p
}

// I5 for the clock alone, up to the largest quota.
func TestClockAscends(t *testing.T) {
	cal := newCalendar(&Config{Date: DateDefault}, rulebook.ClassCashDerivatives)
	last := cal.bins[len(cal.bins)-1]
	rapid.Check(t, func(t *rapid.T) {
		quota := rapid.Uint64Range(1, OrdersPerMax).Draw(t, "quota")
		c := clock{calendar: cal, quota: quota}
		r := random(rapid.Uint64().Draw(t, "seed"))
		k, before := uint64(0), uint64(0)
		for k < quota {
			at := c.at(k, &r)
			if at < before || c.open(at) != at {
				t.Fatalf("message %d of %d at %d after %d", k, quota, at, before)
			}
			before = at
			k += 1 + r.next()%(quota/50+1)
		}
		if at := (&clock{calendar: cal, quota: quota}).at(quota-1, &r); quota > 10_000 && at < last.from {
			t.Fatalf("the last of %d messages comes at %d, before the last session", quota, at)
		}
	})
}

// A day fuller than the jiffies of a burst allow still ends in time.
func TestBusiestInstrument(t *testing.T) {
	if _, err := New(Config{Orders: OrdersPerMax + 1, Instruments: 1}); err == nil {
		t.Fatal("one message too many for one instrument: no error")
	}
	d := open(t, Config{Orders: OrdersPerMax, Instruments: 1})
	m := &d.markets[0]
	last := m.clock.bins[len(m.clock.bins)-1]
	m.made, m.due = OrdersPerMax-10, last.from+last.length-3
	for m.due != never {
		m.advance(2)
		if m.due != never && m.due >= last.from+last.length {
			t.Fatalf("message %d at %d, behind the end", m.made, m.due)
		}
	}
}
