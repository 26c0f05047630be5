//go:build !linux

package transport

import "github.com/tezi-exchange/tezi/ringbuf"

// kernel is Linux's; elsewhere there is no shared memory either.
var kernel ringbuf.Sleeper

func sleeper() ringbuf.Sleeper { return nil }
