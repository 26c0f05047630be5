package capture

import (
	"errors"
	"fmt"
)

// NotCaptureError says that a file is not a capture of a known format: the caller named the wrong
// file.
type NotCaptureError struct {
	File   string
	Offset int64  // of the byte that told, in the decompressed text
	Want   string // what a capture has there
	Got    string // what the file has
}

// Error returns one line.
func (e *NotCaptureError) Error() string {
	return fmt.Sprintf("%s: not a capture: want %s, got %s", e.File, e.Want, e.Got)
}

// DamageError says that a capture is truncated or corrupted. It is final: nothing behind it can be
// trusted.
type DamageError struct {
	File   string `json:"file"`
	Line   int64  `json:"line,omitempty"` // of a text format, from 1; 0 where there are no lines
	Offset int64  `json:"offset"`         // in the decompressed text; in the file itself if compression is what broke
	Want   string `json:"want"`
	Got    string `json:"got"`
}

// Error returns one line.
func (e *DamageError) Error() string {
	return fmt.Sprintf("%s: damaged at %s: want %s, got %s", e.File, place(e.Line, e.Offset), e.Want, e.Got)
}

// RecordError says that one record could not be read. Reading goes on behind it.
type RecordError struct {
	File   string
	Line   int64  // from 1; 0 in a tezi capture, which has none
	Offset int64  // of the line's first byte in the decompressed text, or of the block
	Field  string // name of the field, "" for the whole line
	Want   string // what belongs there, with the field's name
	Got    string // what is there, cut to a readable length
}

// Error returns one line: `day.DAT.gz: line 1203 (offset 104661): want quantity of 8 digits, got "12x"`.
func (e *RecordError) Error() string {
	return fmt.Sprintf("%s: %s: want %s, got %s", e.File, place(e.Line, e.Offset), e.Want, e.Got)
}

// ErrNothingRead is wrapped by the error about a capture that has records, none of which could be read: it is not what it was
// taken for.
var ErrNothingRead = errors.New("no record could be read")

// NothingRead makes that error, of so many records with the first.
func NothingRead(records int, first error) error {
	return fmt.Errorf("%w, of %d: %w", ErrNothingRead, records, first)
}

func place(line, offset int64) string {
	if line == 0 {
		return fmt.Sprintf("offset %d", offset)
	}
	return fmt.Sprintf("line %d (offset %d)", line, offset)
}
