//go:build unix && !linux

package disk

import "os"

// fdatasync is a full sync where the cheaper call does not exist.
func fdatasync(f *os.File) error { return f.Sync() }

// reserve makes f at least size bytes long; they read as zero.
func reserve(f *os.File, size int64) error { return extend(f, size) }

// leave does nothing where the page cache takes no advice.
func leave(*os.File, int64, int64) {}
