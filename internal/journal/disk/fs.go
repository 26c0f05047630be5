package disk

import (
	"errors"
	"io"
)

// SectorSize is the number of bytes that a disk writes as one (F3).
const SectorSize = 512

// ErrLocked is wrapped by Lock when somebody else holds the lock.
var ErrLocked = errors.New("locked")

// FS is a file system. Paths are those of the operating system. Errors are of the kind that package
// os gives: they carry operation and path, and errors.Is knows fs.ErrNotExist and fs.ErrExist in
// them. All methods may be called from several goroutines.
type FS interface {
	// MakeDir makes a directory; fs.ErrExist if something has its name, fs.ErrNotExist if there is
	// nothing to make it in.
	MakeDir(dir string) error
	// List returns the names in a directory, ascending.
	List(dir string) ([]string, error)
	// Create makes an empty file and opens it for reading and writing; fs.ErrExist if there is one.
	Create(path string) (File, error)
	// Open opens a file for reading.
	Open(path string) (File, error)
	// OpenWrite opens a file that is there for reading and writing.
	OpenWrite(path string) (File, error)
	// Rename gives a file another name in the same directory, and replaces what has it already. It
	// happens as a whole or not at all, also in a power cut.
	Rename(from, to string) error
	// Remove takes a name away. Who has the file open keeps it.
	Remove(path string) error
	// SyncDir makes the names in dir durable.
	SyncDir(dir string) error
	// Lock takes the lock that is called path until it is closed or the process dies; ErrLocked if
	// it is held.
	Lock(path string) (io.Closer, error)
	// Locked reports whether somebody holds the lock that is called path.
	Locked(path string) (bool, error)
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Name is the path that the file was opened by.
	Name() string
	// Size is the length in bytes.
	Size() (int64, error)
	// Truncate sets the length; what is added reads as zeros.
	Truncate(size int64) error
	// Reserve makes the file size bytes long, if it is shorter, and takes the room on the disk, so
	// that writing there does not meet a full disk. What is added reads as zeros. A file system that
	// cannot reserve only sets the length.
	Reserve(size int64) error
	// Fill writes zeros to [from, to) of a reserved file where nothing was written before, and waits for the disk. When
	// a Sync has made them durable, writing over them is a matter of the content alone.
	Fill(from, to int64) error
	// Sync makes the content durable, with as much of the metadata as reading it back needs.
	Sync() error
}
