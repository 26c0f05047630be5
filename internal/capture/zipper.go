package capture

import (
	"compress/gzip"
	"io"
)

// memberSize is the text of one gzip member of an NSE file, more or less.
const memberSize = 8 << 20

// zipper compresses into one gzip member after the other.
type zipper struct {
	out   io.Writer
	zip   *gzip.Writer
	open  bool // a member is begun
	begun bool // any was
	plain int  // bytes of text in the open member
}

func newZipper(out io.Writer) *zipper { return &zipper{out: out, zip: gzip.NewWriter(out)} }

// Write begins a member if none is open.
func (z *zipper) Write(p []byte) (int, error) {
	if !z.open {
		z.zip.Reset(z.out)
		z.open, z.begun, z.plain = true, true, 0
	}
	z.plain += len(p)
	return z.zip.Write(p)
}

// end ends the open member; the next Write begins another.
func (z *zipper) end() error {
	z.open, z.plain = false, 0
	return z.zip.Close()
}

// Close ends the last member. A file without any text has one, empty.
func (z *zipper) Close() error {
	if z.begun && !z.open {
		return nil
	}
	return z.end()
}
