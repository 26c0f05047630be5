package ringbuf

import (
	"sync/atomic"
	"time"
)

// Sleeper puts a consumer to sleep in the kernel, on words that other processes can wake it by. It is the
// whole way from one process into another: no socket, no poller, and no goroutine of the runtime between the store
// and the thread that waits for it. A Bell gets one with its first mirror.
type Sleeper interface {
	// Sleep returns when one of the words, at most SleepWordsMax, is not value any more and was roused, when d is
	// over (0: never), or for no reason.
	Sleep(words []*atomic.Uint32, value uint32, d time.Duration)
	// Rouse ends the sleep of whoever sleeps on the word, in whatever process.
	Rouse(word *atomic.Uint32)
}

// SleepWordsMax is how many words a sleep can end by. A bell with more mirrors parks in the runtime.
const SleepWordsMax = 16

// Mirror makes *word show whether the consumer waits, from now until Unmirror: a word in memory that another
// process shares. That process calls Wake after the store that the consumer waits for. A nil sleeper means that
// nobody can sleep on the word. Both methods belong to the consumer.
func (b *Bell) Mirror(word *atomic.Uint32, s Sleeper) {
	if len(b.words) == 0 {
		b.words = append(b.words, &b.state)
	}
	b.words = append(b.words, word)
	if b.sleeper == nil {
		b.sleeper = s // once, before it is first shown asleep: ringers read it, and nothing orders that with a later store
	}
}

// Unmirror leaves the word alone from now on.
func (b *Bell) Unmirror(word *atomic.Uint32) {
	for i, w := range b.words {
		if w == word {
			b.words = append(b.words[:i], b.words[i+1:]...)
			return
		}
	}
}

// Wake wakes the consumer whose bell word mirrors, after the store that it waits for, as Ring does within a
// process. It returns true if the consumer waits in a way that the caller cannot end, who has no sleeper or is of another
// process than a consumer that is parked: then the caller has to send it a message that ends in a Ring.
func Wake(word *atomic.Uint32, s Sleeper) (tell bool) {
	fence()
	switch word.Load() {
	case parked:
		return word.CompareAndSwap(parked, awake)
	case asleep:
		if !word.CompareAndSwap(asleep, awake) {
			return false
		}
		if s == nil {
			return true // it sleeps on this word too, for the sake of another one that it has a sleeper for
		}
		s.Rouse(word)
	}
	return false
}

// show makes the state and every mirror say how the consumer waits. The stores are full barriers.
func (b *Bell) show(state uint32) {
	b.state.Store(state)
	b.mirror(state)
}

// mirror is show but for the state itself.
func (b *Bell) mirror(state uint32) {
	if len(b.words) > 1 {
		for _, w := range b.words[1:] {
			w.Store(state)
		}
	}
}

// sleeps reports whether the consumer waits in the kernel rather than in the runtime.
func (b *Bell) sleeps() bool {
	return b.sleeper != nil && len(b.words) > 1 && len(b.words) <= SleepWordsMax
}

// sleep is park in the kernel, for d at the most if d is not 0. As in park, whoever finds a word awake has
// made the store that ready looks at before this last look.
func (b *Bell) sleep(ready func() bool, d time.Duration) {
	b.show(asleep)
	if !ready() {
		bump(&b.parks)
		b.sleeper.Sleep(b.words, asleep, d)
	}
	b.show(awake)
}
