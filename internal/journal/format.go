package journal

import (
	"encoding/binary"
	"hash/crc32"
)

// The layout of a record, little endian. docs/formats/journal.md draws it.
//
//	 0  u32  CRC32C of everything behind it: bytes 4 to the end of the padded body
//	 4  u32  length of the body without padding
//	 8  u64  LSN
//	16  u8   kind; 0 is a mark of the journal itself
//	17  u8   0
//	18  u16  magic, so that a scan behind damage can find the next record
//	20  u32  CRC of the record before this one, also across segments; 0 for the first
//	24  u64  synced: the highest LSN that was known durable when this record was written
//	32  ...  body, zero padded to a multiple of 8
const (
	headerSize  = 32
	recordMagic = 0x6a7a
	kindMark    = 0
)

// openingBody is the body of the mark that every segment starts with: a name and a version.
const openingBody = "tezijrnl\x01\x00\x00\x00\x00\x00\x00\x00"

// foreign reports whether the body of an opening mark names another version.
func foreign(body []byte) bool {
	return len(body) == len(openingBody) && string(body[:8]) == openingBody[:8] && string(body) != openingBody
}

// openingSize is where the first record of a segment is.
const openingSize = headerSize + len(openingBody)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is the fixed part of a record.
type header struct {
	crc    uint32
	length uint32
	lsn    uint64
	kind   uint8
	prev   uint32
	synced uint64
}

// padded is the size of a body of n bytes in the file.
func padded(n int64) int64 { return (n + 7) &^ 7 }

// put writes h without its CRC, which needs the body.
func (h *header) put(b []byte) {
	binary.LittleEndian.PutUint32(b[4:], h.length)
	binary.LittleEndian.PutUint64(b[8:], h.lsn)
	b[16], b[17] = h.kind, 0
	binary.LittleEndian.PutUint16(b[18:], recordMagic)
	binary.LittleEndian.PutUint32(b[20:], h.prev)
	binary.LittleEndian.PutUint64(b[24:], h.synced)
}

// seal computes the CRC of the whole padded record b, stores it and returns it.
func seal(b []byte) uint32 {
	crc := crc32.Checksum(b[4:], castagnoli)
	binary.LittleEndian.PutUint32(b, crc)
	return crc
}

// headerAt reads the header at the start of b. ok is false if b cannot be one.
func headerAt(b []byte) (h header, ok bool) {
	h = header{
		crc:    binary.LittleEndian.Uint32(b),
		length: binary.LittleEndian.Uint32(b[4:]),
		lsn:    binary.LittleEndian.Uint64(b[8:]),
		kind:   b[16],
		prev:   binary.LittleEndian.Uint32(b[20:]),
		synced: binary.LittleEndian.Uint64(b[24:]),
	}
	return h, binary.LittleEndian.Uint16(b[18:]) == recordMagic && b[17] == 0
}

// size is the size of the whole record in the file.
func (h *header) size() int64 { return headerSize + padded(int64(h.length)) }

// isZero reports whether b has only zero bytes: the end of a log.
func isZero(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
