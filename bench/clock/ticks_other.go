//go:build !amd64

package clock

import "time"

var clockStart = time.Now()

// Ticks reads the system's clock, in nanoseconds.
func Ticks() uint64 { return uint64(time.Since(clockStart)) }

// After is Ticks.
func After() uint64 { return Ticks() }
