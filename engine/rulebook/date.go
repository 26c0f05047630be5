//tezi:pure

package rulebook

import "time"

// Date is a calendar day in India, yyyymmdd: 20260907. Dates compare as numbers. 0 is before all.
type Date uint32

// istOffsetNs is how far India's clocks are ahead of UTC, in all years: 5 h 30 min.
const istOffsetNs = int64(5*time.Hour + 30*time.Minute)

// dayNs is the length of a day: India has no daylight saving time.
const dayNs = int64(24 * time.Hour)

// DateOf returns the day in India of a time in ns since 1 Jan 1970 UTC.
func DateOf(timeNs int64) Date {
	y, m, d := time.Unix(0, timeNs).UTC().Add(time.Duration(istOffsetNs)).Date()
	return Date(y*10000 + int(m)*100 + d)
}

// Midnight returns when the day began in India, in ns since 1 Jan 1970 UTC.
func (d Date) Midnight() int64 {
	y, m, day := int(d/10000), time.Month(d/100%100), int(d%100)
	return time.Date(y, m, day, 0, 0, 0, 0, time.UTC).UnixNano() - istOffsetNs
}

// clock returns a time of day in ns since midnight.
func clock(hour, minute int64) int64 {
	return hour*int64(time.Hour) + minute*int64(time.Minute)
}
