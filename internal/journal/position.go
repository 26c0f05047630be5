package journal

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// Position is a place in one log: behind a record, and behind no other log's record of the same
// number. The zero value is the beginning.
type Position struct {
	LSN   uint64 // of the record
	Chain uint32 // its CRC, which covers the CRC of the record before it, and so on
}

// String is the LSN with the chain behind it.
func (p Position) String() string { return fmt.Sprintf("%d (chain %08x)", p.LSN, p.Chain) }

// Position is the place behind the last record appended. The owner's.
func (j *Journal) Position() Position { return Position{j.lsn, j.record} }

// Place is a Position that is found without reading: in which segment, and where there. It holds as long as
// the log is open.
type Place struct {
	Position
	segment uint64 // number of its first record
	offset  int64
	chain   uint32 // CRC of the last record or mark
}

// Place is where the next record will be. The owner's; a reader finds it once it is flushed.
func (j *Journal) Place() Place {
	return Place{j.Position(), j.first, j.offset + int64(len(j.buffer)), j.chain}
}

// NewReaderAt opens the journal in dir for reading from a place on, which its writer has named. The error says if
// the segment is not there any more.
func NewReaderAt(fs disk.FS, dir string, p Place) (*Reader, error) {
	r, err := NewReaderIn(fs, dir, p.segment)
	if err != nil {
		return nil, err
	}
	if err := r.openSegment(); err != nil {
		return nil, err
	}
	r.offset, r.lsn, r.chain, r.record, r.adopt = p.offset, p.LSN, p.chain, p.Chain, false
	return r, nil
}

// SnapshotSuffix is how the names of snapshots end, which package snapshot keeps beside a log. The
// journal knows no more of them than their names: they say where a log may begin.
const SnapshotSuffix = ".snapshot"

// SnapshotLSN reads the name of a snapshot: the number of the last record whose effect is in it.
func SnapshotLSN(name string) (lsn uint64, ok bool) { return numbered(name, SnapshotSuffix) }

// numbered reads a file name of 20 digits and suffix: the number of a record.
func numbered(name, suffix string) (n uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && n > 0 // records are numbered from 1
}
