package rulebook

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/codec"
)

// drawn writes a timetable as people do: "09:07-09:08 pre_open_match", with * where market orders
// come first.
func drawn(events []Event) string {
	var s strings.Builder
	hm := func(ns int64) string {
		m := ns / int64(time.Minute)
		return fmt.Sprintf("%02d:%02d", m/60, m%60)
	}
	for _, e := range events {
		s.WriteString(hm(e.From))
		if e.At != e.From {
			s.WriteString("-" + hm(e.At))
		}
		s.WriteString(" " + e.Phase.String())
		if e.Auction&codec.AuctionMarketFirst != 0 {
			s.WriteString("*")
		}
		s.WriteString("\n")
	}
	return s.String()
}

const (
	morningOld = `00:00 closed
09:00 pre_open
09:07-09:08 pre_open_match
09:12 closed
09:15 continuous
`
	morningNew = `00:00 closed
09:00 pre_open*
09:05 pre_open_limit*
09:08-09:10 pre_open_match*
09:12 closed
09:15 continuous
`
	morningNone = `00:00 closed
09:15 continuous
`
	closingNone = `15:00 average
15:30 closed
`
	closingNew = `15:00 average
15:15 reference
15:20 closing*
15:25 closing_limit*
15:28-15:30 closing_match*
15:35 closed
`
	postOld = "15:40 post_close\n16:00 end_of_day\n"
	postNew = "15:50 post_close\n16:00 end_of_day\n"
	foOld   = "15:00 average\n15:30 end_of_day\n"
	foNew   = "15:10 average\n15:40 end_of_day\n"
)

// TestTimetable has each edition on its first and on its last day.
func TestTimetable(t *testing.T) {
	for _, c := range []struct {
		class       Class
		first, last Date
		want        string
	}{
		{ClassCash, 0, 20260802, morningOld + closingNone + postOld},
		{ClassCash, 20260803, 20260906, morningOld + closingNone + postNew},
		{ClassCash, 20260907, 29991231, morningNew + closingNone + postNew},
		{ClassCashDerivatives, 0, 20260802, morningOld + closingNone + postOld},
		{ClassCashDerivatives, 20260803, 20260906, morningOld + closingNew + postNew},
		{ClassCashDerivatives, 20260907, 29991231, morningNew + closingNew + postNew},
		{ClassIndexFuture, 0, 20251207, morningNone + foOld},
		{ClassIndexFuture, 20251208, 20260802, morningOld + foOld},
		{ClassIndexFuture, 20260803, 20260906, morningOld + foNew},
		{ClassIndexFuture, 20260907, 29991231, morningNew + foNew},
		{ClassStockFuture, 0, 20251207, morningNone + foOld},
		{ClassStockFuture, 20251208, 20260802, morningOld + foOld},
		{ClassStockFuture, 20260803, 20260906, morningOld + foNew},
		{ClassStockFuture, 20260907, 29991231, morningNew + foNew},
		{ClassIndexOption, 0, 20260802, morningNone + foOld},
		{ClassIndexOption, 20260803, 29991231, morningNone + foNew},
		{ClassStockOption, 0, 20260802, morningNone + foOld},
		{ClassStockOption, 20260803, 29991231, morningNone + foNew},
		{ClassOther, 0, 29991231, ""},
	} {
		for _, d := range []Date{c.first, c.last} {
			if got := drawn(Timetable(d, c.class)); got != c.want {
				t.Errorf("%v on %d:\n%swant\n%s", c.class, d, got, c.want)
			}
		}
	}
}

// changes are all days on which any rule changed.
var changes = []Date{
	noStopMarketDay, 20240603, 20240610, 20240708, 20240819, 20241118, 20250415, 20251103,
	futuresPreOpenDay, closingAuctionDay, preOpenRevisionDay,
}

// TestTimetableOrder is R2: on the day before each change and on the day itself, for every class.
func TestTimetableOrder(t *testing.T) {
	for _, change := range changes {
		for _, d := range []Date{DateOf(change.Midnight() - 1), change} {
			for c := ClassCash; c < ClassOther; c++ {
				events := Timetable(d, c)
				checkOrder(t, events)
				first, last := events[0], events[len(events)-1]
				if first.From != 0 || first.Phase != codec.PhaseClosed {
					t.Errorf("%v on %d begins with %v at %d", c, d, first.Phase, first.From)
				}
				if last.Phase != codec.PhaseEndOfDay || last.At >= dayNs {
					t.Errorf("%v on %d ends with %v at %d", c, d, last.Phase, last.At)
				}
				if t.Failed() {
					t.FailNow()
				}
			}
		}
	}
}

func checkOrder(t *testing.T, events []Event) {
	t.Helper()
	for i, e := range events {
		if e.At < e.From {
			t.Errorf("event %d ends before it begins", i)
		}
		if i > 0 && e.From <= events[i-1].At {
			t.Errorf("event %d (%v) may come before event %d (%v)", i, e.Phase, i-1, events[i-1].Phase)
		}
	}
}

func TestTimetableIsShared(t *testing.T) {
	a, b := Timetable(20260907, ClassCash), Timetable(20300101, ClassCash)
	if !slices.Equal(a, b) || &a[0] != &b[0] {
		t.Error("two days of one edition have two slices")
	}
}

// TestDraw hits every millisecond of a random close, the same number of times, and nothing else.
func TestDraw(t *testing.T) {
	e := random(9, 7, 8, codec.PhasePreOpenMatch)
	const times = 60_001
	var hits [times]int
	for u := range uint64(3 * times) {
		at := e.Draw(u + 12345)
		if at < clock(9, 7) || at > clock(9, 8) || at%int64(time.Millisecond) != 0 {
			t.Fatalf("Draw = %d", at)
		}
		hits[(at-e.From)/int64(time.Millisecond)]++
	}
	for ms, n := range hits {
		if n != 3 {
			t.Fatalf("%d ms was drawn %d times, want 3", ms, n)
		}
	}
	fixed := at(9, 15, codec.PhaseContinuous)
	for _, u := range []uint64{0, 1, 1 << 63, 1<<64 - 1} {
		if got := fixed.Draw(u); got != clock(9, 15) {
			t.Errorf("Draw of a fixed time = %d", got)
		}
	}
	if got := e.Draw(1<<64 - 1); got < e.From || got > e.At {
		t.Errorf("Draw of the greatest number = %d", got)
	}
}
