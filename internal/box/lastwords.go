package box

import (
	"bytes"
	"io"
	"sync"
)

// ErrorPrefix starts the line by which a process of this program says why it failed.
const ErrorPrefix = "tezi: "

// lineMax is how long a line of a child may grow before it is passed on in pieces.
const lineMax = 64 << 10

// lastWords passes on what a child process writes to its standard error, line by line, but keeps
// the line that says why it failed: its parent says that, in one line for the whole run.
type lastWords struct {
	out    io.Writer
	line   []byte // not ended yet
	mu     sync.Mutex
	reason string // why the child failed; "" if it did not say
}

// why is the reason why the child failed, if it has ended so; "": it did not say.
func (w *lastWords) why() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reason
}

// Write implements io.Writer. What our own standard error does not take is lost: it is no fault of the child.
func (w *lastWords) Write(b []byte) (int, error) {
	w.line = append(w.line, b...)
	for {
		n := bytes.IndexByte(w.line, '\n') + 1
		if n == 0 && len(w.line) > lineMax {
			n = len(w.line)
		}
		if n == 0 {
			return len(b), nil
		}
		if reason, ok := bytes.CutPrefix(w.line[:n], []byte(ErrorPrefix)); ok {
			w.mu.Lock()
			w.reason = string(bytes.TrimSpace(reason))
			w.mu.Unlock()
		} else {
			_, _ = w.out.Write(w.line[:n])
		}
		w.line = append(w.line[:0], w.line[n:]...)
	}
}
