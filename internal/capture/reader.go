package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tezi-exchange/tezi/codec"
	tzc "github.com/tezi-exchange/tezi/codec/capture"
	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/codec/nse"
)

// source is what the readers of all formats have in common.
type source interface {
	Next(*codec.Command) error
}

// Reader reads a capture file of any format.
type Reader struct {
	file   string // name for messages
	close  func() error
	raw    *meter
	total  int64
	gunzip *gunzip // nil: not compressed
	format Format
	source source
}

// bufferSize suits all codecs: none needs a buffer of its own above it.
const bufferSize = 1 << 16

// Open opens a capture and tells its format from its content, whatever its name; "-" is standard
// input. The error is a *NotCaptureError for a file of another kind, a *DamageError for a capture
// that is truncated before its first record, ErrOptions for impossible options, or that of the
// operating system.
func Open(path string, o Options) (*Reader, error) {
	if o = o.withDefaults(); o.validate() != nil {
		return nil, o.validate()
	}
	r := &Reader{file: path, close: func() error { return nil }}
	file := os.Stdin
	if path == "-" {
		r.file = "stdin"
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		file, r.close = f, f.Close
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = &NotCaptureError{File: r.file, Want: anyCapture, Got: "a directory"}
	default:
		if info.Mode().IsRegular() {
			r.total = info.Size()
		}
		err = r.open(file, o)
	}
	if err != nil {
		_ = r.close() // the first error says more
		return nil, err
	}
	return r, nil
}

// open decompresses the file if its content says that it is compressed.
func (r *Reader) open(file io.Reader, o Options) error {
	r.raw = &meter{in: file}
	text := bufio.NewReaderSize(r.raw, bufferSize)
	magic, _ := text.Peek(2) // an error comes again below
	if isGzip(magic) {
		var err error
		if r.gunzip, err = newGunzip(r.file, r.raw, text); err != nil {
			return err
		}
		text = bufio.NewReaderSize(r.gunzip, bufferSize)
	}
	return r.openText(text, o)
}

// openText recognizes the decompressed text and starts its reader.
func (r *Reader) openText(text *bufio.Reader, o Options) error {
	head, cause := text.Peek(headSize)
	format, err := recognize(r.file, head, cause != nil)
	if err != nil && cause != nil && cause != io.EOF {
		return r.translate(cause) // what is there is too short to tell, because the file is damaged
	}
	if err != nil {
		return err
	}
	format.Gzip = r.gunzip != nil
	r.format = format
	switch r.format.Kind {
	case KindNSE:
		r.source = nse.NewReader(text, r.format.Layout, nse.Options{Members: o.Members, Clients: o.Clients})
		if o.Sessions != SessionsOff {
			r.source = newSessions(r.source, o.Sessions == SessionsAuto)
		}
	case KindCSV:
		r.source, err = commandcsv.NewReader(text, commandcsv.Options{Members: o.Members, Clients: o.Clients, Symbol: o.Symbol, PriceScale: o.PriceScale})
	case KindTZC:
		var in *tzc.Reader
		in, err = tzc.NewReader(text)
		r.source = tzcSource{r.file, in}
	}
	if err != nil {
		return r.translate(err)
	}
	return nil
}

// Next reads the next command into c; the KindDefine command of an instrument comes before its first use, and what
// Options.Sessions asks for comes between the records of an NSE file. It returns io.EOF at the end; a *RecordError for
// one unreadable record, behind which reading goes on; a *DamageError if the capture is truncated or corrupted, for
// good; or an error of the operating system. Next is for one goroutine.
func (r *Reader) Next(c *codec.Command) error {
	if err := r.source.Next(c); err != nil {
		return r.translate(err)
	}
	return nil
}

// tzcSource reads tezi's own format, which carries commands of any kind.
type tzcSource struct {
	file string
	in   *tzc.Reader
}

// Next refuses commands that only an engine may make. From a source they would halt a market for which there is no
// reason to, and they would not count as commands of the source, by which a log that is taken up finds its place in it.
func (s tzcSource) Next(c *codec.Command) error {
	err := s.in.Next(c)
	if err == nil && c.Kind.Made() {
		return &RecordError{File: s.file, Offset: s.in.Offset(), Field: "kind", Want: "the kind of a command that somebody sends", Got: fmt.Sprintf("%d, which an engine makes itself", c.Kind)}
	}
	return err
}

// asRecorded makes the reader give the records alone. To be called before the first Next.
func (r *Reader) asRecorded() {
	if s, ok := r.source.(*sessions); ok {
		r.source = s.in
	}
}

// Format returns what the content told.
func (r *Reader) Format() Format { return r.format }

// Progress returns how many bytes of the file, compressed or not, have been read, and how many it
// has; total is 0 for a pipe. Any goroutine may call it.
func (r *Reader) Progress() (bytesRead, bytesTotal int64) { return r.raw.bytes.Load(), r.total }

// Close closes the file.
func (r *Reader) Close() error { return r.close() }

// translate adds the file to the errors of the codecs.
func (r *Reader) translate(err error) error {
	if err == io.EOF {
		return io.EOF
	}
	var (
		nseRecord    *nse.RecordError
		nseTruncated *nse.TruncatedError
		csvRecord    *commandcsv.RecordError
		csvTruncated *commandcsv.TruncatedError
		csvHeader    *commandcsv.HeaderError
		tzcFormat    *tzc.FormatError
		tzcDamage    *tzc.DamageError
		damage       *DamageError
		record       *RecordError
	)
	switch {
	case errors.As(err, &record):
		return record
	case errors.As(err, &nseRecord):
		return &RecordError{r.file, nseRecord.Line, nseRecord.Offset, nseRecord.Field, nseRecord.Want, nseRecord.Got}
	case errors.As(err, &csvRecord):
		return &RecordError{r.file, csvRecord.Line, csvRecord.Offset, csvRecord.Field, csvRecord.Want, csvRecord.Got}
	case errors.As(err, &nseTruncated):
		return &DamageError{r.file, nseTruncated.Line, nseTruncated.Offset, fmt.Sprintf("a line of %d bytes with its LF", nseTruncated.Want), ended(nseTruncated.Got)}
	case errors.As(err, &csvTruncated):
		return &DamageError{r.file, csvTruncated.Line, csvTruncated.Offset, "a line end", ended(csvTruncated.Got)}
	case errors.As(err, &tzcDamage):
		return &DamageError{r.file, 0, tzcDamage.Offset, tzcDamage.Want, tzcDamage.Got}
	case errors.As(err, &csvHeader):
		return &NotCaptureError{r.file, 0, csvHeader.Want, csvHeader.Got}
	case errors.As(err, &tzcFormat):
		return &NotCaptureError{r.file, 0, tzcFormat.Want, tzcFormat.Got}
	case errors.As(err, &damage):
		return damage
	}
	return fmt.Errorf("%s: %w", r.file, err)
}

func ended(bytes int) string { return fmt.Sprintf("%d bytes and the end", bytes) }
