package capture

import "fmt"

// FormatError says that a file is not a capture, or one of another version.
type FormatError struct {
	Want, Got string
}

// Error returns one line.
func (e *FormatError) Error() string { return "want " + e.Want + ", got " + e.Got }

// DamageError says that a capture is truncated or corrupted. It is final.
type DamageError struct {
	Offset int64 // of the block or header that is damaged
	Want   string
	Got    string
}

// Error returns one line.
func (e *DamageError) Error() string {
	return fmt.Sprintf("offset %d: want %s, got %s", e.Offset, e.Want, e.Got)
}
