package journal

import (
	"fmt"
	"strconv"
	"strings"
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

// SnapshotSuffix is how the names of snapshots end, which package snapshot keeps beside a log. The
// journal knows no more of them than their names: they say where a log may begin.
const SnapshotSuffix = ".snapshot"

// SnapshotLSN reads the name of a snapshot: the number of the last record whose effect is in it.
func SnapshotLSN(name string) (lsn uint64, ok bool) { return numbered(name, SnapshotSuffix) }

// numbered reads a file name of 20 digits and suffix.
func numbered(name, suffix string) (n uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
