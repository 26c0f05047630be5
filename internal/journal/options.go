package journal

import (
	"fmt"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// Limits and defaults of Options.
const (
	segmentSizeDefault = 64 << 20
	recordMaxDefault   = 8 << 20
	recordMaxMost      = 1 << 30 // a length is 32 bits in the file
	pageSize           = 4096    // bytes that a file system keeps as one
	flushSize          = 1 << 20 // Append writes out by itself when this much is buffered
)

// Options of a journal. The zero value is good.
type Options struct {
	// SegmentSize is the size of a segment file in bytes, reserved when it is made; 0 means
	// 64 MiB. Segments of another size that are there already stay as they are.
	SegmentSize int64
	// RecordMax is the largest body in bytes; 0 means 8 MiB. One record must fit in one segment.
	RecordMax int

	// Ahead has a goroutine of the journal's fill the next segment with zeros while the one before is written to, so
	// that most syncs wait for the disk alone: see docs/formats/journal.md.
	Ahead bool

	// After is where the owner's state comes from: Open replays only the records behind it, and reads
	// no segment that ends before it. A log in which the position is not is a *PositionError. The zero
	// value is the beginning.
	After Position
	// FS is the file system that the log is in; nil means disk.Real.
	FS disk.FS
}

// withDefaults fills in what is 0 and checks the rest.
func (o Options) withDefaults() (Options, error) {
	if o.SegmentSize == 0 {
		o.SegmentSize = segmentSizeDefault
	}
	if o.RecordMax == 0 {
		o.RecordMax = recordMaxDefault
	}
	if o.FS == nil {
		o.FS = disk.Real
	}
	if o.RecordMax < 0 || o.RecordMax > recordMaxMost || o.SegmentSize < 0 || o.SegmentSize%8 != 0 {
		return o, fmt.Errorf("%w: segments of %d and records of %d bytes, want a positive multiple of 8 and 1 to %d", ErrOptions, o.SegmentSize, o.RecordMax, recordMaxMost)
	}
	// A segment holds its opening mark, one record of any allowed size and a closing mark.
	if least := int64(openingSize) + headerSize + padded(int64(o.RecordMax)) + headerSize; o.SegmentSize < least {
		return o, fmt.Errorf("%w: segments of %d bytes, want at least %d for records of %d", ErrOptions, o.SegmentSize, least, o.RecordMax)
	}
	return o, nil
}
