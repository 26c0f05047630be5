package workload

import "math/bits"

// The continuous session, 09:15 to 15:30, in jiffies of 1/65,536 s.
const (
	jiffiesPerSecond = 1 << 16
	sessionOpen      = (9*60 + 15) * 60 * jiffiesPerSecond // since midnight
	sessionBins      = 25                                  // quarters of an hour
	binJiffies       = 15 * 60 * jiffiesPerSecond
	sessionJiffies   = sessionBins * binJiffies
)

// activity is how many messages each quarter of an hour sees, relative to the others: the rush of
// the open, a flat noon, and the climb into the close.
var activity = [sessionBins]uint64{
	250, 165, 135, 120, 108, // 09:15
	100, 95, 90, 86, 82, // 10:30
	78, 74, 70, 66, 64, // 11:45
	64, 68, 74, 82, 88, // 13:00
	96, 108, 124, 150, 195, // 14:15
}

// activityBefore is the sum of the activity before each bin; the last is the whole.
var activityBefore = func() (sum [sessionBins + 1]uint64) {
	for i, w := range activity {
		sum[i+1] = sum[i] + w
	}
	return sum
}()

// placeBits is the resolution of a place in the day.
const placeBits = 20

// clock turns "the k-th of n messages" into a time by the activity of the day. Times come out
// ascending for ascending k, so it needs to remember only the bin it is in.
type clock struct {
	quota uint64 // n
	bin   int
}

// at returns the time of message k of the quota, in jiffies since midnight, at a random place in
// the k-th of n equal shares of the day's activity. k must not fall from call to call.
func (c *clock) at(k uint64, r *random) uint64 {
	// k < OrdersPerMax < 2^29, so the share fits 64 bits with its 20 of fraction and 12 of activity.
	share := k<<placeBits | r.next()>>(64-placeBits)
	hi, lo := bits.Mul64(share, activityBefore[sessionBins])
	place, _ := bits.Div64(hi, lo, c.quota)
	for place >= activityBefore[c.bin+1]<<placeBits {
		c.bin++
	}
	within := place - activityBefore[c.bin]<<placeBits
	return sessionOpen + uint64(c.bin)*binJiffies + within*binJiffies/(activity[c.bin]<<placeBits)
}
