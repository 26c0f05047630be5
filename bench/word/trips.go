package word

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/internal/host"
)

// tripMax is the greatest trip that is told from others, in ns: a core may be taken away meanwhile.
const tripMax = 1_000_000_000

// apart is a word on cache lines of its own.
type apart struct {
	_ [128]byte
	atomic.Uint64
	_ [128]byte
}

// allMax is how long all trips may take, where others want the two cores, too: those that there were are told.
const allMax = time.Second

// over is what the word says when no more trips come.
const over = math.MaxUint64

// Trips lets a word go to another core and another one back, n times or for a second, between two threads that spin, and returns
// how long each trip took, in ns. It is nil where no two cores are to be had, or Go uses one of them only.
func Trips(c clock.Clock, n int) *hdrhistogram.Histogram {
	cores := host.Detect().Cores
	if len(cores) < 2 || runtime.GOMAXPROCS(0) < 2 {
		return nil
	}
	unpin, err := host.Pin(cores[0])
	if err != nil {
		return nil
	}
	defer unpin()
	there, back := new(apart), new(apart)
	pinned := make(chan bool)
	var done sync.WaitGroup
	defer done.Wait()
	done.Go(func() {
		unpin, err := host.Pin(cores[1])
		pinned <- err == nil
		if err != nil {
			return
		}
		defer unpin()
		for i := uint64(1); await(there, i); i++ {
			back.Store(i)
		}
	})
	if !<-pinned {
		return nil
	}
	defer there.Store(over)
	h := hdrhistogram.New(1, tripMax, 3)
	end := time.Now().Add(allMax)
	for i := uint64(1); i <= uint64(n) && time.Now().Before(end); i++ {
		from := clock.Ticks()
		there.Store(i)
		await(back, i)
		if err := h.RecordValue(min(max(c.Ns(clock.Since(from)), 1), tripMax)); err != nil {
			panic("word: a trip within the range was refused: " + err.Error())
		}
	}
	return h
}

// await spins until a word is v, and reports whether it is; it is not if there are no more.
func await(w *apart, v uint64) bool {
	for {
		switch w.Load() {
		case v:
			return true
		case over:
			return false
		}
	}
}
