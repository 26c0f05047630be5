package bench

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progressInterval paces the status line: five times a second is as often as an eye can follow.
const progressInterval = 200 * time.Millisecond

// Status is what a run tells of itself while it runs, read from atomics that the run publishes.
type Status struct {
	Task     string // said in front; "" = nothing is
	Done     uint64 // commands taken so far
	Total    uint64 // commands there will be; 0 = unknown
	Trades   uint64 // trades committed so far
	Batches  uint64 // batches committed so far
	InFlight uint64 // batches proposed and undecided
	Stalls   uint64 // times that a full ring or window held up the source
}

// Progress keeps one status line on a terminal up to date.
type Progress struct {
	stop chan struct{}
	done chan struct{}
}

// NewProgress starts a status line on f, normally os.Stderr, and rewrites it at most five times a
// second until Stop. If f is not a terminal nothing is started and nothing is ever written (I5).
// read is called from another goroutine: it must only load atomics.
func NewProgress(f *os.File, read func() Status) *Progress {
	if f == nil || !term.IsTerminal(int(f.Fd())) {
		return &Progress{}
	}
	width := func() int {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
		return 80
	}
	ticker := time.NewTicker(progressInterval)
	return startProgress(f, width, read, ticker.C, ticker.Stop)
}

// startProgress has the ticks and the terminal's width as arguments, so that tests own the time.
func startProgress(w io.Writer, width func() int, read func() Status, ticks <-chan time.Time, stopTicks func()) *Progress {
	p := &Progress{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		defer stopTicks()
		line := statusLine{}
		for {
			select {
			case now := <-ticks:
				// A terminal that refuses a status line is no reason to fail a run.
				_, _ = io.WriteString(w, "\r"+line.text(read(), now, width())+"\x1b[K")
			case <-p.stop:
				_, _ = io.WriteString(w, "\r\x1b[K")
				return
			}
		}
	}()
	return p
}

// Stop wipes the status line and returns when nothing more will be written. It may be called once
// on a Progress that writes, and on one that does not.
func (p *Progress) Stop() {
	if p.stop == nil {
		return
	}
	close(p.stop)
	<-p.done
}

// statusLine turns one Status after another into text; the speed is that since the previous one.
type statusLine struct {
	last Status
	at   time.Time
}

func (l *statusLine) text(s Status, now time.Time, width int) string {
	speed := "-"
	if elapsed := now.Sub(l.at).Seconds(); !l.at.IsZero() && elapsed > 0 && s.Done >= l.last.Done {
		speed = thousands(int64(float64(s.Done-l.last.Done) / elapsed))
	}
	l.last, l.at = s, now
	done := thousands(int64(s.Done))
	if s.Total > 0 {
		done = fmt.Sprintf("%5.1f %%", 100*float64(s.Done)/float64(s.Total))
	}
	if s.Task != "" {
		done = s.Task + "  " + done
	}
	text := fmt.Sprintf("%s  %s commands/s  %s trades  %s batches  %d in flight  %d stalls",
		done, speed, thousands(int64(s.Trades)), thousands(int64(s.Batches)), s.InFlight, s.Stalls)
	// A line that wraps could not be overwritten; the last column stays free.
	return text[:min(len(text), max(width-1, 0))]
}
