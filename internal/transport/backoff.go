package transport

import (
	"math/rand/v2"
	"time"
)

// backoff gives the pause before the next attempt: it doubles from min to max, and each pause is
// drawn at random from its upper half, so that dialers that lost the same peer do not come back in
// step.
type backoff struct {
	min, max time.Duration // bounds of every pause, jitter included
	bound    time.Duration // upper bound of the last pause; 0 before the first
}

// afterFailure is the pause after an attempt that failed. After a refusal it is one of the longest
// at once: the next attempt will be refused as well until somebody changes a configuration.
func (b *backoff) afterFailure(refused bool) time.Duration {
	if refused {
		b.bound = b.max
	}
	return b.next()
}

// afterSession is the pause after a session of the given age. One that lasted was stable, and the
// peer may be back at once; one that did not counts as a failure, lest a link flaps at full speed.
func (b *backoff) afterSession(age time.Duration) time.Duration {
	if age >= b.max {
		b.bound = 0
	}
	return b.next()
}

func (b *backoff) next() time.Duration {
	b.bound = min(max(2*b.bound, 2*b.min), b.max)
	return b.bound/2 + rand.N(b.bound/2+1)
}
