package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/tezi-exchange/tezi/codec"
)

// An image is the applied state of a role as a snapshot carries it, little endian;
// docs/formats/role-snapshot.md draws it.
//
//	 0  8 bytes  magic of the role; the last byte is the version
//	 8  u64      trades applied
//	16  u64      n, instruments
//	24  n x 64   the instruments, by index
//	 …           what the role adds
//	 …  u32      CRC32C of all before
const (
	magicSize      = 8
	imageHeadSize  = 24
	imageCRCSize   = 4
	instrumentSize = codec.CommandSize // a definition is a command
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrImage is wrapped by every reason why an image is refused.
var ErrImage = errors.New("ledger: not an image of this role")

// AppendImage appends an image of the role with the magic, whose stream is s; add appends what is the
// role's own.
func AppendImage(dst []byte, magic string, s *Stream, add func([]byte) []byte) []byte {
	if len(magic) != magicSize {
		panic("ledger: a magic has 8 bytes")
	}
	from, le := len(dst), binary.LittleEndian
	dst = le.AppendUint64(append(dst, magic...), s.applied)
	count := len(dst)
	dst = le.AppendUint64(dst, 0)
	n := uint64(0)
	for i, state := range s.instruments.states {
		if state == defined {
			dst = append(dst, codec.InstrumentBytes(s.instruments.table[i:i+1])...)
			n++
		}
	}
	le.PutUint64(dst[count:], n)
	dst = add(dst)
	return le.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

// Image reads what AppendImage wrote, value by value. What is missing reads as zero, and Close tells.
// It allocates nothing by a length that it reads: Count has held it against what is there.
type Image struct {
	rest []byte
	err  error
}

// OpenImage checks magic and checksum and returns the image, with the stream that it holds: nothing
// in it is undecided, and its turnover grows by AddTurnover. Errors wrap ErrImage.
func OpenImage(magic string, src []byte) (*Image, *Stream, error) {
	le := binary.LittleEndian
	if len(src) < imageHeadSize+imageCRCSize {
		return nil, nil, fmt.Errorf("%w: %d bytes, want at least %d", ErrImage, len(src), imageHeadSize+imageCRCSize)
	}
	if got := string(src[:magicSize]); got != magic {
		return nil, nil, fmt.Errorf("%w: it begins with %q, want %q", ErrImage, got, magic)
	}
	body := src[:len(src)-imageCRCSize]
	if sum, want := crc32.Checksum(body, castagnoli), le.Uint32(src[len(body):]); sum != want {
		return nil, nil, fmt.Errorf("%w: checksum %08x, want %08x", ErrImage, sum, want)
	}
	m := &Image{rest: body[magicSize:]}
	s := &Stream{applied: m.Uint64()}
	s.voted = s.applied
	if err := s.instruments.restore(m); err != nil {
		return nil, nil, err
	}
	return m, s, m.err
}

// restore reads the instruments, which are in the order of their index.
func (t *instruments) restore(m *Image) error {
	last := uint32(0)
	for range m.Count(instrumentSize) {
		list := make([]codec.Instrument, 1)
		copy(codec.InstrumentBytes(list), m.take(instrumentSize))
		if index := list[0].Instrument; index <= last || !t.reserve(&list[0]) {
			return fmt.Errorf("%w: instrument %d behind %d", ErrImage, index, last)
		}
		t.confirm(list)
		last = list[0].Instrument
	}
	return nil
}

// AddTurnover adds the value of trades in a defined instrument that an image sums up. The error wraps ErrImage.
func (s *Stream) AddTurnover(instrument uint32, value int64) error {
	if !s.grow(instrument, value) {
		return fmt.Errorf("%w: a value of %d in instrument %d beside its turnover of %d and one of %d paise in all, of which at most %d are possible",
			ErrImage, value, instrument, s.instruments.values[instrument], s.turnover, TurnoverMax)
	}
	return nil
}

// Defines reports whether an applied batch has defined the instrument.
func (s *Stream) Defines(index uint32) bool {
	return uint64(index) < uint64(len(s.instruments.states)) && s.instruments.states[index] == defined
}

// take returns the next n bytes, or nil if there are fewer.
func (m *Image) take(n int) []byte {
	if len(m.rest) < n {
		if m.err == nil {
			m.err = fmt.Errorf("%w: %d bytes where %d are due", ErrImage, len(m.rest), n)
		}
		m.rest = nil
		return nil
	}
	taken := m.rest[:n]
	m.rest = m.rest[n:]
	return taken
}

// Uint64 reads a number.
func (m *Image) Uint64() uint64 {
	if b := m.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Int64 reads a signed number.
func (m *Image) Int64() int64 { return int64(m.Uint64()) }

// Int32 reads a signed number of 64 bits; 0 and an error in the end if it does not fit into 32.
func (m *Image) Int32() int32 {
	n := m.Int64()
	if n != int64(int32(n)) {
		if m.err == nil {
			m.err = fmt.Errorf("%w: %d where 32 bits are due", ErrImage, n)
		}
		return 0
	}
	return int32(n)
}

// Uint32 reads a number.
func (m *Image) Uint32() uint32 {
	if b := m.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// Count reads, in 64 bits, the number of rows of size bytes each that follow; 0 and an error in the end if they
// are not there.
func (m *Image) Count(size int) int {
	n := m.Uint64()
	if n > uint64(len(m.rest)/size) {
		if m.err == nil {
			m.err = fmt.Errorf("%w: %d rows of %d bytes in %d", ErrImage, n, size, len(m.rest))
		}
		m.rest = nil
		return 0
	}
	return int(n)
}

// Days reads the days of a role that keeps sessions, which fill the rest of the image in the order of their
// dates, in 64 bits each, and calls restore for what follows the date. It stops at the first error.
func (m *Image) Days(restore func(day Day) error) error {
	for last, first := int64(0), true; len(m.rest) > 0; first = false {
		date := m.Int64()
		day, ok := Date(date).Day()
		if !ok || int64(day.Date) != date || !first && date <= last {
			return fmt.Errorf("%w: session of day %d behind day %d", ErrImage, date, last)
		}
		if err := restore(day); err != nil {
			return err
		}
		last = date
	}
	return nil
}

// Close returns what was wrong with the image, also if it is longer than what was read. Errors wrap
// ErrImage.
func (m *Image) Close() error {
	if m.err == nil && len(m.rest) > 0 {
		return fmt.Errorf("%w: %d bytes too many", ErrImage, len(m.rest))
	}
	return m.err
}
