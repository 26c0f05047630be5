// Package clock reads time stamps for what lasts some nanoseconds: the processor's time-stamp
// counter on amd64, the system's clock elsewhere.
//
//	c := clock.New()                          // calibrates, 20 ms
//	begin := clock.Ticks()
//	...
//	ns := c.Ns(clock.Since(begin)) // the cost of reading it twice is taken off
//
// The counter goes on at one rate on all cores of a machine (constant_tsc, nonstop_tsc); what a
// measurement across two cores is worth beyond that is the hardware's affair.
package clock
