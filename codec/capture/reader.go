package capture

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"strconv"

	"github.com/tezi-exchange/tezi/codec"
)

// Reader reads a capture.
type Reader struct {
	in     io.Reader
	state  state
	buf    []byte // one block
	fields decoder
	left   int   // commands left in the block
	offset int64 // of the block at hand
	next   int64 // behind it
	totals totals
	err    error // final, once set
}

// NewReader reads the header of the capture in r. The error is a *FormatError if it is none of a
// version that can be read, a *DamageError if the header is damaged.
func NewReader(r io.Reader) (*Reader, error) {
	rd := &Reader{in: r, buf: make([]byte, blockHeaderSize+payloadMax)}
	n, err := io.ReadFull(r, rd.buf[:headerSize])
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF && n < len(Magic):
		return nil, &FormatError{"a tezi capture", strconv.Itoa(n) + " bytes"}
	case err == io.ErrUnexpectedEOF:
		return nil, &DamageError{0, "a header of " + strconv.Itoa(headerSize) + " bytes", strconv.Itoa(n) + " bytes and the end"}
	case err != nil:
		return nil, err
	}
	if rd.state.options, rd.state.version, err = parseHeader(rd.buf[:headerSize]); err != nil {
		return nil, err
	}
	rd.next = headerSize
	return rd, nil
}

// Options returns what the header holds.
func (r *Reader) Options() Options { return r.state.options }

// Offset returns where in the file the block of the last command begins.
func (r *Reader) Offset() int64 { return r.offset }

// Next reads the next command into c. It returns io.EOF behind the last, a *DamageError for a
// capture that is truncated or corrupted, or the error of the underlying reader; all are final. No
// command of a block is given before the block's checksum is found right.
func (r *Reader) Next(c *codec.Command) error {
	for r.left == 0 {
		if r.err == nil {
			r.err = r.block()
		}
		if r.err != nil {
			return r.err
		}
	}
	if !r.fields.record(&r.state, c) {
		r.err, r.left = r.damage("records of the format", "other bytes"), 0
		return r.err
	}
	r.left--
	if r.left == 0 && len(r.fields.in) > 0 {
		r.err = r.damage("a block without rest", strconv.Itoa(len(r.fields.in))+" bytes behind its last record")
		return r.err
	}
	return nil
}

func (r *Reader) damage(want, got string) error { return &DamageError{r.offset, want, got} }

// block reads and checks the next block. io.EOF: it was the end block, rightly.
func (r *Reader) block() error {
	r.offset = r.next
	if err := r.fill(r.buf[:blockHeaderSize], "a block or the end block"); err != nil {
		return err
	}
	h := parseBlockHeader(r.buf)
	if !h.valid(r.buf[11]) {
		return r.damage("a block header", "impossible sizes")
	}
	block := r.buf[:blockHeaderSize+h.size]
	if err := r.fill(block[blockHeaderSize:], "a block of "+strconv.Itoa(len(block))+" bytes"); err != nil {
		return err
	}
	if crc32.Checksum(block[4:], castagnoli) != h.crc {
		return r.damage("a block with its checksum", "another checksum")
	}
	payload := block[blockHeaderSize:]
	if h.kind == blockEnd {
		return r.end(payload)
	}
	r.totals.add(h.count, h.crc)
	r.state.reset()
	r.fields, r.left = decoder{in: payload}, h.count
	return nil
}

// fill reads exactly len(b) bytes; the end of the file is damage here.
func (r *Reader) fill(b []byte, want string) error {
	n, err := io.ReadFull(r.in, b)
	r.next += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return r.damage(want, "the end of the file after "+strconv.FormatInt(r.next-r.offset, 10)+" bytes")
	}
	return err
}

// end checks the totals and that nothing follows.
func (r *Reader) end(payload []byte) error {
	le := binary.LittleEndian
	got := totals{blocks: le.Uint64(payload), commands: le.Uint64(payload[8:]), chain: le.Uint32(payload[16:])}
	if got != r.totals || le.Uint32(payload[20:]) != 0 {
		return r.damage(
			strconv.FormatUint(got.commands, 10)+" commands in "+strconv.FormatUint(got.blocks, 10)+" blocks as they were written",
			strconv.FormatUint(r.totals.commands, 10)+" in "+strconv.FormatUint(r.totals.blocks, 10))
	}
	r.offset = r.next
	switch n, err := io.ReadFull(r.in, r.buf[:1]); {
	case n > 0:
		return r.damage("nothing behind the end block", "more bytes")
	default:
		return err // io.EOF: complete
	}
}
