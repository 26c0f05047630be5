package capture

import (
	"encoding/binary"
	"hash/crc32"
	"strconv"
)

// Magic begins every file. Its first byte is no text, its line ends break when a transfer changes
// them, and its 0x1a stops a listing.
const Magic = "\x89TZC\r\n\x1a\n"

// Version is the version that this package writes. It reads versionFirst too, the one before orders had
// a PAN and commands spoke of phases, rules and limits.
const (
	Version      = 2
	versionFirst = 1
)

// Sizes of the parts, which docs/formats/capture.md draws.
const (
	headerSize      = 32
	blockHeaderSize = 12
	endSize         = 24
	BlockMax        = 4096                 // commands in a block
	recordMax       = 88                   // bytes that one command can take; see recordWorst
	payloadMax      = BlockMax * recordMax // so a reader's buffer is bounded whatever a file says
)

// recordWorst is the longest encoding: two masks, shape with literal, and the longest varint for each
// field: order, seq, time 10 each, eight of 32 bits 5 each, member 3.
const recordWorst = 2 + 7 + 3*10 + 8*5 + 3

var _ [recordMax - recordWorst]byte // the worst case fits

// Kinds of block.
const (
	blockCommands = 1
	blockEnd      = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Options are what the header holds.
type Options struct {
	// Members and Clients are the arguments of codec.Owner with which the source made up the
	// owners of its orders: an owner that agrees takes no room. Zero in either: owners are all
	// written.
	Members, Clients uint32
}

func appendHeader(dst []byte, o Options) []byte {
	dst = append(dst, Magic...)
	dst = binary.LittleEndian.AppendUint16(dst, Version)
	dst = binary.LittleEndian.AppendUint16(dst, headerSize)
	dst = binary.LittleEndian.AppendUint32(dst, BlockMax)
	dst = binary.LittleEndian.AppendUint32(dst, o.Members)
	dst = binary.LittleEndian.AppendUint32(dst, o.Clients)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst, castagnoli))
}

// parseHeader checks a header of headerSize bytes.
func parseHeader(b []byte) (o Options, version uint16, err error) {
	le := binary.LittleEndian
	if string(b[:len(Magic)]) != Magic {
		return o, 0, &FormatError{"a tezi capture", strconv.Quote(string(b[:len(Magic)]))}
	}
	if got := crc32.Checksum(b[:headerSize-4], castagnoli); got != le.Uint32(b[headerSize-4:]) {
		return o, 0, &DamageError{0, "a header with its checksum", "another checksum"}
	}
	version = le.Uint16(b[8:])
	if version < versionFirst || version > Version {
		return o, 0, &FormatError{"version 1 or 2 of the capture format", "version " + strconv.Itoa(int(version))}
	}
	if le.Uint16(b[10:]) != headerSize || le.Uint32(b[12:]) != BlockMax || le.Uint32(b[24:]) != 0 {
		return o, 0, &DamageError{0, "the header of version " + strconv.Itoa(int(version)), "other sizes"}
	}
	return Options{Members: le.Uint32(b[16:]), Clients: le.Uint32(b[20:])}, version, nil
}

// blockHeader is the part in front of a block's payload.
type blockHeader struct {
	crc   uint32 // of everything behind it
	size  int    // of the payload
	count int    // commands
	kind  uint8
}

func parseBlockHeader(b []byte) blockHeader {
	le := binary.LittleEndian
	return blockHeader{crc: le.Uint32(b), size: int(le.Uint32(b[4:])), count: int(le.Uint16(b[8:])), kind: b[10]}
}

// valid reports whether the sizes can be; the checksum is another matter.
func (h blockHeader) valid(reserved byte) bool {
	switch {
	case reserved != 0:
		return false
	case h.kind == blockCommands:
		return h.count >= 1 && h.count <= BlockMax && h.size >= 3*h.count && h.size <= payloadMax
	}
	return h.kind == blockEnd && h.count == 0 && h.size == endSize
}

// sealBlock writes the header of a block whose payload is in place behind it, and returns its
// checksum.
func sealBlock(b []byte, kind uint8, count int) uint32 {
	le := binary.LittleEndian
	le.PutUint32(b[4:], uint32(len(b)-blockHeaderSize))
	le.PutUint16(b[8:], uint16(count))
	b[10], b[11] = kind, 0
	crc := crc32.Checksum(b[4:], castagnoli)
	le.PutUint32(b, crc)
	return crc
}

// totals are what the end block holds: a file that lost its tail, a block or the order of its
// blocks does not agree.
type totals struct {
	blocks   uint64
	commands uint64
	chain    uint32 // CRC32C over the checksums of all blocks
}

func (t *totals) add(count int, crc uint32) {
	t.blocks++
	t.commands += uint64(count)
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], crc)
	t.chain = crc32.Update(t.chain, castagnoli, b[:])
}

func (t *totals) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, t.blocks)
	dst = binary.LittleEndian.AppendUint64(dst, t.commands)
	dst = binary.LittleEndian.AppendUint32(dst, t.chain)
	return binary.LittleEndian.AppendUint32(dst, 0)
}
