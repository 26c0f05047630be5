package nse

// NSE counts time in jiffies: 65,536 to the second since 1 January 1980 on the wall clock of
// India, which is always 5 h 30 min ahead of UTC.
const (
	jiffiesPerSecond = 1 << 16
	epochSeconds     = 315_532_800 - 19_800 // 1 Jan 1980 00:00 IST, seconds since 1 Jan 1970 UTC
	timeDigits       = 14
	jiffiesMax       = 99_999_999_999_999 // what 14 digits hold: until May 2028
)

// A jiffy is 1,953,125 / 128 ns, not a whole number.
const (
	jiffyNsNum = 1_953_125
	jiffyNsDen = 128
)

// TimeNs converts jiffies (at most 14 digits) to ns since 1970 UTC: the first whole nanosecond in
// that jiffy. Rounding up here and down in Jiffies makes the round trip exact.
func TimeNs(jiffies uint64) int64 {
	second, rest := jiffies/jiffiesPerSecond, jiffies%jiffiesPerSecond
	return int64(epochSeconds+second)*1e9 + int64((rest*jiffyNsNum+jiffyNsDen-1)/jiffyNsDen)
}

// Jiffies converts ns since 1970 UTC to the jiffy it falls in. ok is false outside the 14 digits of
// the format: before 1980 and after May 2028.
func Jiffies(timeNs int64) (jiffies uint64, ok bool) {
	ns := timeNs - epochSeconds*1e9
	if ns < 0 || timeNs < epochSeconds*1e9 {
		return 0, false
	}
	second, rest := uint64(ns)/1e9, uint64(ns)%1e9
	jiffies = second*jiffiesPerSecond + rest*jiffyNsDen/jiffyNsNum
	return jiffies, jiffies <= jiffiesMax
}
