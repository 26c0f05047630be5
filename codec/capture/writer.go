package capture

import (
	"errors"
	"io"

	"github.com/tezi-exchange/tezi/codec"
)

// ErrClosed is the error of a Write behind Close.
var ErrClosed = errors.New("capture: the capture is closed")

// Writer writes a capture.
type Writer struct {
	out    io.Writer
	state  state
	block  []byte // header and payload of the open block
	count  int    // commands in it
	totals totals
	err    error // sticks
	closed bool  // the end block is written, or was to be
}

// NewWriter returns a writer to w, which sees a few large writes. It writes the header at once.
func NewWriter(w io.Writer, o Options) (*Writer, error) {
	wr := &Writer{out: w, block: make([]byte, blockHeaderSize, blockHeaderSize+payloadMax)}
	wr.state.options, wr.state.version = o, Version
	_, err := w.Write(appendHeader(nil, o))
	return wr, err
}

// Write appends one command, with all its fields. The command is not retained.
func (w *Writer) Write(c *codec.Command) error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return ErrClosed
	}
	w.block = w.state.append(w.block, c)
	w.count++
	if w.count == BlockMax {
		w.flush()
	}
	return w.err
}

// flush writes the open block and opens the next.
func (w *Writer) flush() {
	crc := sealBlock(w.block, blockCommands, w.count)
	w.totals.add(w.count, crc)
	_, w.err = w.out.Write(w.block)
	w.block, w.count = w.block[:blockHeaderSize], 0
	w.state.reset()
}

// Close writes the last block and the end block, without which a reader calls the file truncated. It
// does not close the underlying writer. A second Close does nothing, and returns the same error.
func (w *Writer) Close() error {
	if w.err == nil && w.count > 0 {
		w.flush()
	}
	if w.err != nil || w.closed {
		return w.err
	}
	w.closed = true
	end := w.totals.append(w.block[:blockHeaderSize])
	sealBlock(end, blockEnd, 0)
	_, w.err = w.out.Write(end)
	return w.err
}
