package capture

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"sync/atomic"
)

// meter counts the bytes that come out of a file; another goroutine may ask.
type meter struct {
	in    io.Reader
	bytes atomic.Int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.in.Read(p)
	m.bytes.Add(int64(n))
	return n, err
}

// gunzip decompresses a file of concatenated gzip members, as NSE's are: one for each range of
// symbols. It takes them one by one, so that a message can say which one is damaged.
type gunzip struct {
	file    string
	raw     *meter
	in      *bufio.Reader // over raw
	zip     *gzip.Reader
	members atomic.Int64
	err     error // sticks
}

// newGunzip reads the header of the first member, whose magic the caller has seen.
func newGunzip(file string, raw *meter, in *bufio.Reader) (*gunzip, error) {
	g := &gunzip{file: file, raw: raw, in: in}
	zip, err := gzip.NewReader(in)
	if err != nil {
		return nil, g.damage(err)
	}
	g.zip = zip
	g.begin()
	return g, nil
}

// begin is called behind the header of each member.
func (g *gunzip) begin() {
	g.zip.Multistream(false)
	g.members.Add(1)
}

func (g *gunzip) Read(p []byte) (int, error) {
	for g.err == nil {
		n, err := g.zip.Read(p)
		if err == io.EOF {
			g.err = g.next()
		} else if err != nil {
			g.err = g.damage(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, g.err
}

// next goes on to the next member; io.EOF if there is none.
func (g *gunzip) next() error {
	magic, err := g.in.Peek(2)
	switch {
	case len(magic) == 0:
		return err // io.EOF, or what the file says
	case len(magic) < 2 || !isGzip(magic):
		return &DamageError{
			File: g.file, Offset: g.offset(),
			Want: "the end or another gzip member behind member " + strconv.FormatInt(g.members.Load(), 10), Got: "other bytes",
		}
	}
	if err := g.zip.Reset(g.in); err != nil {
		return g.damage(err)
	}
	g.begin()
	return nil
}

// offset is the place in the compressed file.
func (g *gunzip) offset() int64 { return g.raw.bytes.Load() - int64(g.in.Buffered()) }

// damage says what broke; an error of the file itself stays what it is.
func (g *gunzip) damage(err error) error {
	d := &DamageError{File: g.file, Offset: g.offset(), Want: "a whole gzip member", Got: "bytes that are not gzip's (" + err.Error() + ")"}
	var system *fs.PathError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		d.Got = "the end of the file"
	case errors.Is(err, gzip.ErrChecksum):
		d.Got = "a member that does not agree with its checksum"
	case errors.As(err, &system):
		return err
	}
	return d
}

func isGzip(magic []byte) bool { return len(magic) >= 2 && magic[0] == 0x1f && magic[1] == 0x8b }
