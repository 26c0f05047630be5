package snapshot

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/internal/journal"
)

// The layout of a file, little endian. docs/formats/snapshot.md draws it.
//
//	 0  8 bytes  "tezisnap"
//	 8  u32      version
//	12  u32      kind of the owner
//	16  u32      cluster
//	20  u32      node
//	24  u64      LSN of the last record whose effect is in the state
//	32  u32      CRC of that record
//	36  u32      0
//	40  u64      length of the body
//	48  u64      xxHash64 of the body
//	56  u32      0
//	60  u32      CRC32C of bytes 0 to 59
//	64  ...      body
const (
	headerSize = 64
	version    = 1
)

// Magic begins every file.
const Magic = "tezisnap"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendHeader appends the header of a snapshot whose body is the parts.
func appendHeader(dst []byte, id Identity, at journal.Position, parts [][]byte) []byte {
	hash, length := xxhash.New(), 0
	for _, p := range parts {
		_, _ = hash.Write(p) // never fails
		length += len(p)
	}
	from, le := len(dst), binary.LittleEndian
	dst = append(dst, Magic...)
	dst = le.AppendUint32(dst, version)
	dst = le.AppendUint32(dst, uint32(id.Kind))
	dst = le.AppendUint32(dst, id.Cluster)
	dst = le.AppendUint32(dst, id.Node)
	dst = le.AppendUint64(dst, at.LSN)
	dst = le.AppendUint32(dst, at.Chain)
	dst = le.AppendUint32(dst, 0)
	dst = le.AppendUint64(dst, uint64(length))
	dst = le.AppendUint64(dst, hash.Sum64())
	dst = le.AppendUint32(dst, 0)
	return le.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

// decode reads the content b of the file path, which is named by lsn. The body of the result is part
// of b. The error is a *FileError.
func decode(path string, lsn uint64, id Identity, b []byte) (Snapshot, error) {
	got, at, err := decodeHeader(path, b)
	switch {
	case err != nil:
		return Snapshot{}, err
	case got.Cluster != id.Cluster:
		return Snapshot{}, refuse(path, ErrCluster, id.Cluster, got.Cluster)
	case got.Node != id.Node:
		return Snapshot{}, refuse(path, ErrNode, id.Node, got.Node)
	case got.Kind != id.Kind:
		return Snapshot{}, refuse(path, ErrKind, id.Kind, got.Kind)
	}
	return decodeBody(path, lsn, at, b)
}

func refuse(path string, why error, want, got any) error {
	return &FileError{Path: path, Why: why, Want: fmt.Sprint(want), Got: fmt.Sprint(got)}
}

// decodeHeader reads whose state it is, and behind which record.
func decodeHeader(path string, b []byte) (id Identity, at journal.Position, err error) {
	le := binary.LittleEndian
	if len(b) < headerSize {
		return id, at, refuse(path, ErrTruncated, "a header of 64 bytes", fmt.Sprint(len(b), " bytes"))
	}
	if sum := crc32.Checksum(b[:60], castagnoli); sum != le.Uint32(b[60:]) {
		return id, at, refuse(path, ErrDamaged, fmt.Sprintf("a header with checksum %08x", le.Uint32(b[60:])), fmt.Sprintf("%08x", sum))
	}
	if string(b[:8]) != Magic || le.Uint32(b[36:])|le.Uint32(b[56:]) != 0 {
		return id, at, refuse(path, ErrDamaged, fmt.Sprintf("%q and zeros where zeros belong", Magic), fmt.Sprintf("% x", b[:headerSize]))
	}
	if v := le.Uint32(b[8:]); v != version {
		return id, at, refuse(path, ErrVersion, version, v)
	}
	id = Identity{Kind: Kind(le.Uint32(b[12:])), Cluster: le.Uint32(b[16:]), Node: le.Uint32(b[20:])}
	return id, journal.Position{LSN: le.Uint64(b[24:]), Chain: le.Uint32(b[32:])}, nil
}

// decodeBody reads what is behind the header of a file that is named by lsn.
func decodeBody(path string, lsn uint64, at journal.Position, b []byte) (Snapshot, error) {
	if at.LSN != lsn {
		return Snapshot{}, refuse(path, ErrMisnamed, fmt.Sprint("LSN ", lsn), fmt.Sprint("LSN ", at.LSN))
	}
	le := binary.LittleEndian
	body, length := b[headerSize:], le.Uint64(b[40:])
	if uint64(len(body)) < length {
		return Snapshot{}, refuse(path, ErrTruncated, fmt.Sprint(length, " bytes behind the header"), len(body))
	}
	if uint64(len(body)) > length {
		return Snapshot{}, refuse(path, ErrDamaged, fmt.Sprint(length, " bytes behind the header"), len(body))
	}
	if sum := xxhash.Sum64(body); sum != le.Uint64(b[48:]) {
		return Snapshot{}, refuse(path, ErrDamaged, fmt.Sprintf("a body with hash %016x", le.Uint64(b[48:])), fmt.Sprintf("%016x", sum))
	}
	return Snapshot{At: at, Body: body}, nil
}
