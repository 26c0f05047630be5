package rounds

import (
	"crypto/rand"
	"encoding/binary"
)

// RandomBits are what makes the ballots of a start its own: see BootNumber.
func RandomBits() uint32 { return uint32(random()) }

// NewIncarnation is a name for the log of a participant that is begun now; that of an existing log wins.
func NewIncarnation() uint64 { return random() | 1 }

func random() uint64 {
	var b [8]byte
	rand.Read(b[:]) //nolint:errcheck // it never fails
	return binary.LittleEndian.Uint64(b[:])
}
