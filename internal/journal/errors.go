package journal

import (
	"errors"
	"fmt"
	"syscall"
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

// PositionError says that a log and a position in it, which is where a snapshot was taken, do not
// belong together.
type PositionError struct {
	Dir  string
	At   Position
	Why  error  // ErrBeforeLog, ErrBehindLog or ErrOtherLog
	Want string // what should be there
	Got  string // what is there
}

// Error says where, what was expected and what was found.
func (e *PositionError) Error() string {
	return fmt.Sprintf("journal: position %v of %s is %v: want %s, got %s", e.At, e.Dir, e.Why, e.Want, e.Got)
}

// Unwrap returns Why.
func (e *PositionError) Unwrap() error { return e.Why }

// ReserveError says that the disk has no room for a segment. Nothing was appended, and the log is as it was: the
// caller may try again.
type ReserveError struct {
	Bytes int64
	Err   error // of the disk, with the path
}

// Error says how much was wanted, and where.
func (e *ReserveError) Error() string {
	return fmt.Sprintf("journal: cannot reserve %d bytes: %v", e.Bytes, e.Err)
}

// Unwrap returns Err.
func (e *ReserveError) Unwrap() error { return e.Err }

// Full reports whether an error of Append says that the disk is full, and that it may be tried again.
func Full(err error) bool {
	reserve := new(ReserveError)
	return errors.As(err, &reserve) && (errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT))
}

// Errors of the journal, wrapped with detail.
var (
	ErrInUse      = errors.New("journal: in use by another process")
	ErrClosed     = errors.New("journal: closed")
	ErrTooLarge   = errors.New("journal: record too large")
	ErrOptions    = errors.New("journal: bad options")
	ErrKind       = errors.New("journal: kind 0 is the journal's own")
	ErrVersion    = errors.New("journal: segment of another version of the format")
	ErrBeforeLog  = errors.New("before the beginning of the log") // which was truncated: an old snapshot was put there
	ErrBehindLog  = errors.New("behind the end of the log")       // which has lost its end, or is an old copy
	ErrOtherLog   = errors.New("not in this log")                 // which has another record of this number
	ErrNoSnapshot = errors.New("journal: what no snapshot holds is not truncated")
	ErrFailed     = errors.New("journal: refuses everything after a failed write or sync")
)
