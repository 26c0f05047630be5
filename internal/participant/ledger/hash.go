package ledger

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// Hash is an xxhash64 over numbers and bytes, for digests of a state in canonical order.
type Hash struct{ digest *xxhash.Digest }

// NewHash starts a Hash.
func NewHash() *Hash { return &Hash{digest: xxhash.New()} }

// Uint adds a number.
func (h *Hash) Uint(v uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	h.Bytes(b[:])
}

// Int adds a signed number.
func (h *Hash) Int(v int64) { h.Uint(uint64(v)) }

// Bytes adds bytes.
func (h *Hash) Bytes(b []byte) { h.digest.Write(b) } // a hash never fails

// Sum returns the hash of what was added.
func (h *Hash) Sum() uint64 { return h.digest.Sum64() }
