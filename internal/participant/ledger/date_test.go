package ledger

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func date(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDayOf compares with package time, at the edges of days above all.
func TestDayOf(t *testing.T) {
	india := time.FixedZone("IST", 5*3600+1800)
	check := func(t interface{ Fatalf(string, ...any) }, ns int64) {
		day := DayOf(ns)
		want := time.Unix(0, ns).In(india).Format(time.DateOnly)
		if day.Date.String() != want || !day.Has(ns) {
			t.Fatalf("%d lies on %s [%d, %d), want %s", ns, day.Date, day.From, day.Until, want)
		}
		if day.From != math.MinInt64 && (day.Has(day.From-1) || DayOf(day.From-1).Date != day.Date-1 || DayOf(day.From).Date != day.Date) {
			t.Fatalf("%d: the day does not begin at %d", ns, day.From)
		}
		if day.Until != math.MaxInt64 && (day.Has(day.Until) || DayOf(day.Until).Date != day.Date+1) {
			t.Fatalf("%d: the day does not end at %d", ns, day.Until)
		}
	}
	for _, ns := range []int64{0, 1, -1, dayNs, -dayNs, dayNs - istNs, dayNs - istNs - 1, -istNs, -istNs - 1} {
		check(t, ns)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.Int64Range(math.MinInt64+2*dayNs, math.MaxInt64-2*dayNs).Draw(t, "ns"))
	})
	for _, ns := range []int64{math.MinInt64, math.MaxInt64 - 1} {
		if day := DayOf(ns); !day.Has(ns) {
			t.Fatalf("%d lies outside of its day [%d, %d)", ns, day.From, day.Until)
		}
	}
	if (&Day{}).Has(0) {
		t.Fatal("the zero Day has an instant")
	}
}

func TestParseDate(t *testing.T) {
	if got := date(t, "1970-01-02"); got != 1 {
		t.Fatalf("got %d, want 1", got)
	}
	if got := date(t, "1969-12-31"); got != -1 {
		t.Fatalf("got %d, want -1", got)
	}
	for _, bad := range []string{"", "2026-02-30", "02-Jan-2026", "2026-1-2"} {
		if _, err := ParseDate(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestSettlementDay(t *testing.T) {
	c := NewCalendar([]Date{date(t, "2026-01-26"), date(t, "2026-01-14"), date(t, "2026-01-13")})
	for trade, want := range map[string]string{
		"2026-01-01": "2026-01-02", // Thursday to Friday
		"2026-01-02": "2026-01-05", // over a weekend
		"2026-01-03": "2026-01-05", // a special session on a Saturday
		"2026-01-04": "2026-01-05",
		"2026-01-12": "2026-01-15", // two holidays
		"2026-01-23": "2026-01-27", // weekend and holiday
	} {
		if got := c.Settlement(date(t, trade)).String(); got != want {
			t.Errorf("trade date %s settles on %s, want %s", trade, got, want)
		}
	}
}
