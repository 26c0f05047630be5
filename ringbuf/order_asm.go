//go:build amd64 && !race && !purego

package ringbuf

import "sync/atomic"

//go:noescape
func storeRelease(p *atomic.Uint64, v uint64)

func fence()

// pause rests n times. It cannot be preempted meanwhile, so n is small.
//
//go:noescape
func pause(n int)
