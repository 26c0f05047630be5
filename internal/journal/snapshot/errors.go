package snapshot

import (
	"errors"
	"fmt"
)

// Why a file is not used. Errors wrap one of them.
var (
	ErrTruncated = errors.New("truncated")                // shorter than it says, or than a header
	ErrDamaged   = errors.New("damaged")                  // a checksum is wrong, a field has a value that none has, or the disk cannot read it
	ErrVersion   = errors.New("another version")          // of the format
	ErrCluster   = errors.New("of another cluster")       // Identity.Cluster
	ErrNode      = errors.New("of another node")          // Identity.Node: a cloned disk
	ErrKind      = errors.New("of another kind")          // Identity.Kind
	ErrMisnamed  = errors.New("under a name not its own") // the name says another LSN than the header
)

// FileError says which file is not used, and why.
type FileError struct {
	Path string
	Why  error  // one of the above
	Want string // what should be there
	Got  string // what is there
}

// Error says where, what was expected and what was found.
func (e *FileError) Error() string {
	return fmt.Sprintf("snapshot: %s is %v: want %s, got %s", e.Path, e.Why, e.Want, e.Got)
}

// Unwrap returns Why.
func (e *FileError) Unwrap() error { return e.Why }

// damage reports whether the file was right once: another may be used in its place.
func (e *FileError) damage() bool { return e.Why == ErrTruncated || e.Why == ErrDamaged }
