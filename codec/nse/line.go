package nse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// RecordError says that one record could not be read. The reader goes on behind it.
type RecordError struct {
	Line   int64 // from 1
	Offset int64 // of the line's first byte
	FieldError
}

// Error returns one line.
func (e *RecordError) Error() string {
	return fmt.Sprintf("line %d (offset %d): %s", e.Line, e.Offset, e.FieldError.Error())
}

// TruncatedError says that the file ends within a line. It is final.
type TruncatedError struct {
	Line   int64 // from 1
	Offset int64 // of the line's first byte
	Want   int   // bytes of a line with its LF
	Got    int   // bytes that are there
}

// Error returns one line.
func (e *TruncatedError) Error() string {
	return fmt.Sprintf("line %d (offset %d): want a line of %d bytes with its LF, got %d bytes and the end", e.Line, e.Offset, e.Want, e.Got)
}

// readBuffer is much larger than a line, so that a line is nearly always whole in the buffer.
const readBuffer = 1 << 16

// lines cuts the text into lines of one size.
type lines struct {
	in     *bufio.Reader
	size   int   // of a line without its LF
	line   int64 // of the line last returned, from 1
	offset int64 // of the line last returned
	next   int64 // offset behind the line last returned
	err    error // final, once set
}

func newLines(r io.Reader, size int) lines {
	return lines{in: bufio.NewReaderSize(r, readBuffer), size: size}
}

// read returns the next line without its LF; it is valid until the next read. A line of another
// size is skipped and gives a *RecordError. Every other error is final.
func (l *lines) read() ([]byte, error) {
	if l.err != nil {
		return nil, l.err
	}
	head, err := l.in.Peek(l.size + 1)
	if bytes.IndexByte(head, '\n') == l.size {
		l.take(l.size + 1)
		_, _ = l.in.Discard(l.size + 1) // it is buffered
		return head[:l.size], nil
	}
	if err != nil && bytes.IndexByte(head, '\n') < 0 {
		l.err = err
		if err == io.EOF && len(head) > 0 {
			l.err = &TruncatedError{Line: l.line + 1, Offset: l.next, Want: l.size + 1, Got: len(head)}
		}
		return nil, l.err
	}
	return nil, l.skip()
}

// take moves the position over a line of n bytes.
func (l *lines) take(n int) {
	l.line++
	l.offset = l.next
	l.next += int64(n)
}

// skip reads a line of the wrong size to its end, however long it is.
func (l *lines) skip() error {
	n := 0
	for {
		part, err := l.in.ReadSlice('\n')
		n += len(part)
		switch {
		case err == nil:
			l.take(n)
			return &RecordError{l.line, l.offset, FieldError{
				Want: fmt.Sprintf("a line of %d bytes", l.size), Got: fmt.Sprintf("%d bytes", n-1),
			}}
		case errors.Is(err, bufio.ErrBufferFull):
		case err == io.EOF:
			l.err = &TruncatedError{Line: l.line + 1, Offset: l.next, Want: l.size + 1, Got: n}
			return l.err
		default:
			l.err = err
			return err
		}
	}
}
