package journal

import (
	"errors"
	"fmt"
)

// DamageError says that bytes which had been whole are not any more: a bit flip, a lost page, a
// record that was cut out, moved or taken from another log. It is never repaired by cutting: what
// follows may have been promised to others. The log has to be rebuilt from another copy.
type DamageError struct {
	File   string // path of the segment
	Offset int64  // of the record that is wrong
	Want   string // what should be there
	Got    string // what is there
}

// Error says where, what was expected and what was found.
func (e *DamageError) Error() string {
	return fmt.Sprintf("journal: %s is damaged at offset %d: want %s, got %s", e.File, e.Offset, e.Want, e.Got)
}

// Errors of the journal, wrapped with detail.
var (
	ErrInUse    = errors.New("journal: in use by another process")
	ErrClosed   = errors.New("journal: closed")
	ErrTooLarge = errors.New("journal: record too large")
	ErrOptions  = errors.New("journal: bad options")
	ErrKind     = errors.New("journal: kind 0 is the journal's own")
	ErrVersion  = errors.New("journal: segment of another version of the format")
	ErrFailed   = errors.New("journal: refuses everything after a failed write or sync")
)
