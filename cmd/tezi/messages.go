package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tezi-exchange/tezi/internal/box"
)

// Limits of messages.
const (
	messagesPatience = 100 * time.Millisecond // for a message to be taken, once
	messagesMax      = 256                    // that wait to be taken; what comes then is lost
	messagesEnd      = time.Second            // for those that wait at the end
)

// messages is standard error for what runs: a terminal that somebody holds, or a pipe that nobody reads, keeps nobody from
// trading. A message is written when Write returns, as long as somebody takes them; then whoever writes does not wait any
// more, a few messages do, and of the rest the number is told.
type messages struct {
	to io.Writer

	mu      sync.Mutex
	waiting [][]byte
	lost    int
	taken   chan struct{} // closed when nothing waits any more; nil: nothing does
	held    bool          // nobody takes them
}

// Write never fails: that nobody reads messages is no fault of what they are about.
func (m *messages) Write(b []byte) (int, error) {
	m.mu.Lock()
	if len(m.waiting) < messagesMax {
		m.waiting = append(m.waiting, bytes.Clone(b))
	} else {
		m.lost++
	}
	if m.taken == nil {
		m.taken = make(chan struct{})
		go m.write(m.taken)
	}
	taken, held := m.taken, m.held
	m.mu.Unlock()
	if !held {
		m.wait(taken, messagesPatience)
	}
	return len(b), nil
}

// wait waits until nothing waits any more, but not for long.
func (m *messages) wait(taken <-chan struct{}, patience time.Duration) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-taken:
	case <-late.C:
		m.mu.Lock()
		m.held = m.taken != nil
		m.mu.Unlock()
	}
}

// write writes what waits until nothing does.
func (m *messages) write(taken chan<- struct{}) {
	for {
		m.mu.Lock()
		now, lost := m.waiting, m.lost
		m.waiting, m.lost = nil, 0
		if len(now) == 0 {
			m.taken, m.held = nil, false
			close(taken)
		}
		m.mu.Unlock()
		if len(now) == 0 {
			return
		}
		for _, b := range now {
			_, _ = m.to.Write(b)
		}
		if lost > 0 {
			_, _ = fmt.Fprintf(m.to, "%s%d more messages, which nobody took in time\n", box.ErrorPrefix, lost)
		}
	}
}

// end waits for what was said last.
func (m *messages) end() {
	m.mu.Lock()
	taken := m.taken
	m.mu.Unlock()
	if taken != nil {
		m.wait(taken, messagesEnd)
	}
}
