//go:build !amd64

package book

import "time"

var clockStart = time.Now()

// ticks reads the system's clock, in nanoseconds.
func ticks() uint64 { return uint64(time.Since(clockStart)) }
