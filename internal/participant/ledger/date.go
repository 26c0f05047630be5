package ledger

import (
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	dayNs = 24 * 3600 * 1_000_000_000
	istNs = (5*3600 + 30*60) * 1_000_000_000 // Indian Standard Time is UTC + 5:30, all year
)

// Date is a calendar day: days since 1 January 1970.
type Date int32

// ParseDate reads yyyy-mm-dd.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("ledger: date %q, want yyyy-mm-dd: %w", s, err)
	}
	return Date(t.Unix() / (dayNs / 1_000_000_000)), nil
}

func (d Date) time() time.Time { return time.Unix(int64(d)*(dayNs/1_000_000_000), 0).UTC() }

// String returns yyyy-mm-dd.
func (d Date) String() string { return d.time().Format(time.DateOnly) }

// AppendTo appends d in a layout of package time.
func (d Date) AppendTo(dst []byte, layout string) []byte { return d.time().AppendFormat(dst, layout) }

// Weekend reports whether d is a Saturday or a Sunday.
func (d Date) Weekend() bool {
	w := d.time().Weekday()
	return w == time.Saturday || w == time.Sunday
}

// Day is a Date with the instants it covers in India: [From, Until), ns since 1 January 1970 UTC.
// The zero Day covers nothing.
type Day struct {
	Date  Date
	From  int64
	Until int64
}

// DayOf returns the day in India on which the instant lies.
func DayOf(timeNs int64) Day {
	days := timeNs / dayNs
	if timeNs%dayNs < 0 {
		days--
	}
	if timeNs-days*dayNs >= dayNs-istNs {
		days++
	}
	// At the two ends of what 64 bits of nanoseconds can say (years 1677 and 2262) a bound stays there.
	day := Day{Date: Date(days), From: math.MinInt64, Until: math.MaxInt64}
	if days > math.MinInt64/dayNs {
		day.From = days*dayNs - istNs
	}
	if days < math.MaxInt64/dayNs {
		day.Until = (days+1)*dayNs - istNs
	}
	return day
}

// Day returns the day with its instants. ok is false for a date that has none which 64 bits of
// nanoseconds can say.
func (d Date) Day() (day Day, ok bool) {
	switch midnight := int64(d); { // at Greenwich, which is in the morning of the same day in India
	case midnight > math.MaxInt64/dayNs:
		day = DayOf(math.MaxInt64)
	case midnight < math.MinInt64/dayNs:
		day = DayOf(math.MinInt64)
	default:
		day = DayOf(midnight * dayNs)
	}
	return day, day.Date == d
}

// Has reports whether the instant lies in d.
func (d *Day) Has(timeNs int64) bool { return d.From <= timeNs && timeNs < d.Until }

// Calendar knows the days without settlement. Exchange holidays are configuration: they are
// announced year by year.
type Calendar struct{ holidays []Date }

// NewCalendar makes a Calendar of weekends and the given holidays.
func NewCalendar(holidays []Date) Calendar {
	sorted := slices.Clone(holidays)
	slices.Sort(sorted)
	return Calendar{holidays: sorted}
}

// Settlement returns the settlement day of trades of day d, T+1: the next day after d that is
// neither on a weekend nor a holiday.
func (c Calendar) Settlement(d Date) Date {
	for d++; ; d++ {
		if _, closed := slices.BinarySearch(c.holidays, d); !closed && !d.Weekend() {
			return d
		}
	}
}
