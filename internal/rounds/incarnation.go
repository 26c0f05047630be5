package rounds

import (
	"crypto/rand"
	"encoding/binary"
)

// NewIncarnation is a name for the log of a participant that is begun now; that of an existing log wins.
func NewIncarnation() uint64 {
	var b [8]byte
	rand.Read(b[:]) //nolint:errcheck // it never fails
	return binary.LittleEndian.Uint64(b[:]) | 1
}
