package capture

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tezi-exchange/tezi/codec"
	tzc "github.com/tezi-exchange/tezi/codec/capture"
	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// CreateOptions say how to write.
type CreateOptions struct {
	// Options with which the file will be read again: what they derive need not be written, and a
	// CSV with no symbol column says the instrument of Symbol. Zero values mean the defaults.
	Options
	// Columns are the optional columns of a command CSV.
	Columns commandcsv.Columns
	// Recorded says that the flow comes from an NSE order file, so that every trigger of a stop-loss
	// order and every cancel of the exchange is in it, and an NSE file takes it as it is.
	Recorded bool
}

// sink is what the writers of all formats have in common.
type sink interface {
	write(c *codec.Command) error
	close() error // flushes; the file stays open
	release()     // frees what the sink holds; the last call
}

// Writer writes a capture file. The file appears under its name when Close succeeds; until then a
// temporary file beside it grows.
type Writer struct {
	path   string // as it was asked for
	place  string // where the file appears
	file   *os.File
	buffer *bufio.Writer
	zip    *zipper // nil: not compressed
	sink   sink
	losses losses
	err    error // sticks
	closed bool
}

// Create starts a file of format f, which FormatOf gives for a path; "-" is standard output.
func Create(path string, f Format, o CreateOptions) (*Writer, error) {
	if o.Options = o.withDefaults(); o.validate() != nil {
		return nil, o.validate()
	}
	w := &Writer{path: path, file: os.Stdout}
	if path != "-" {
		var err error
		if w.place, err = placeOf(path); err != nil {
			return nil, err
		}
		dir, name := filepath.Split(w.place)
		file, err := temporary(cmp.Or(dir, "."), name)
		if inner := new(fs.PathError); errors.As(err, &inner) {
			return nil, &fs.PathError{Op: "create", Path: path, Err: inner.Err} // the name in between says nothing
		}
		if err != nil {
			return nil, err
		}
		w.file = file
	}
	w.buffer = bufio.NewWriterSize(w.file, 1<<18)
	var out io.Writer = w.buffer
	if f.Gzip {
		w.zip = newZipper(out)
		out = w.zip
	}
	var err error
	switch f.Kind {
	case KindNSE:
		w.sink, err = newNSESink(out, f.Layout, o, &w.losses, w.zip)
	case KindCSV:
		w.sink = newCSVSink(out, o, &w.losses)
	case KindTZC:
		w.sink, err = newTZCSink(out, o.Options)
	default:
		err = errors.New("no format to write is given")
	}
	if err != nil {
		w.Abort()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return w, nil
}

// placeOf is the name that a file is given in the end: that of the file behind a link, so that the link stays. What is there and no file
// would be found out, or lost, only after all the work.
func placeOf(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return path, nil // it is new, or creating it says why it cannot be
	case info.IsDir():
		return "", &fs.PathError{Op: "create", Path: path, Err: syscall.EISDIR}
	case !info.Mode().IsRegular():
		return "", &fs.PathError{Op: "create", Path: path, Err: errNoFile}
	}
	return filepath.EvalSymlinks(path)
}

var errNoFile = errors.New("is a pipe or a device, want a file: it appears when it is complete")

// Write appends one command. The KindDefine command of an instrument comes before its first use;
// instruments are numbered densely from 1. The command is not retained. The error is for good: it
// says what the format cannot carry, or what the operating system says. What can be carried only in
// part is counted in Notes. No format carries what only an engine may make (codec.Kind.Made): a reader would refuse it.
func (w *Writer) Write(c *codec.Command) error {
	if w.err != nil {
		return w.err
	}
	err := error(nil)
	if c.Kind.Made() {
		err = fmt.Errorf("a capture cannot carry a command of kind %d: an engine makes it itself", c.Kind)
	} else {
		err = w.sink.write(c)
	}
	if err != nil {
		w.err = fmt.Errorf("%s: %w", w.path, err)
	}
	return w.err
}

// Notes tells what was not written as it was said.
func (w *Writer) Notes() []Note { return w.losses.notes() }

// Close completes the file, syncs it to the disk and gives it its name, which is durable too then. After an error, of Write or of
// Close itself, the temporary file is removed, nothing appears, and that error comes again.
func (w *Writer) Close() error {
	if w.closed {
		return w.err
	}
	if w.err == nil {
		w.err = w.complete()
	}
	if w.err != nil {
		w.Abort()
		return w.err
	}
	w.closed = true
	w.sink.release()
	return nil
}

// complete writes everything down to the disk and renames the file.
func (w *Writer) complete() error {
	if err := w.sink.close(); err != nil {
		return err
	}
	if w.zip != nil {
		if err := w.zip.Close(); err != nil {
			return err
		}
	}
	if err := w.buffer.Flush(); err != nil || w.path == "-" {
		return err
	}
	if err := w.file.Chmod(0o644); err != nil { // a temporary file is private
		return err
	}
	if err := errors.Join(w.file.Sync(), w.file.Close()); err != nil {
		return err
	}
	if err := os.Rename(w.file.Name(), w.place); err != nil {
		return err
	}
	err := syncDir(filepath.Dir(w.place))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) {
		return nil // a directory that we may write and not open, or a file system that syncs none
	}
	return err
}

// syncDir makes the names in a directory durable; a variable for tests.
var syncDir = disk.Real.SyncDir

// Abort gives the file up: nothing appears under its name. It does nothing after Close.
func (w *Writer) Abort() {
	if w.closed {
		return
	}
	w.closed = true
	if w.sink != nil {
		w.sink.release()
	}
	if w.path != "-" {
		_ = w.file.Close() // it is thrown away, or closed already
	}
	w.discard()
	if w.err == nil {
		w.err = fmt.Errorf("%s: given up", w.path)
	}
}

// discard removes the temporary file, if there is one still. Any goroutine may call it: what is written from then on is lost,
// and Close fails.
func (w *Writer) discard() {
	if w.path != "-" {
		_ = os.Remove(w.file.Name())
	}
}

// tzcSink writes tezi's own format, which carries everything.
type tzcSink struct{ out *tzc.Writer }

func newTZCSink(w io.Writer, o Options) (*tzcSink, error) {
	out, err := tzc.NewWriter(w, tzc.Options{Members: o.Members, Clients: o.Clients})
	return &tzcSink{out}, err
}

func (s *tzcSink) write(c *codec.Command) error { return s.out.Write(c) }
func (s *tzcSink) close() error                 { return s.out.Close() }
func (s *tzcSink) release()                     {}
