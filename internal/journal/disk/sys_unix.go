//go:build unix && !linux

package disk

import (
	"errors"
	"os"
)

// fdatasync is a full sync where the cheaper call does not exist.
func fdatasync(f *os.File) error { return f.Sync() }

// reserve makes f at least size bytes long; they read as zero.
func reserve(f *os.File, size int64) error { return extend(f, size) }

// openDirect is for systems that can.
func openDirect(string) (*os.File, error) { return nil, errors.ErrUnsupported }

// leave does nothing where the page cache takes no advice.
func leave(*os.File, int64, int64) {}
