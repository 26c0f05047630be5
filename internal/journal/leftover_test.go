package journal

import (
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

// TestNameThatStays: the disk is full, and not even the name of the segment that was begun can be taken away, as on file systems
// that write anew what they change. A smaller record that fits into the present segment would have the number that the name has,
// and with another segment behind it the log would be called damaged.
func TestNameThatStays(t *testing.T) {
	d := simdisk.New(1)
	j := open(t, "log", on(d))
	fill(t, j, 3)
	must(t, errors.Join(j.Flush(), j.Sync()))
	d.SetCapacity(small.SegmentSize)
	refuse(d, simdisk.OpRemove, syscall.ENOSPC)
	var err error
	for err == nil {
		_, err = j.Append(1, make([]byte, small.RecordMax))
	}
	_, again := j.Append(1, nil)
	if Full(err) || !errors.Is(err, syscall.ENOSPC) || !errors.Is(again, ErrFailed) {
		t.Errorf("%v, then %v, want the end of this journal", err, again)
	}
	d.SetCapacity(0)
	d.SetFault(nil)
	_, _ = j.Append(1, make([]byte, small.RecordMax))
	must(t, j.Close())
	j, err = Open("log", on(d), nil)
	must(t, err)
	must(t, j.Close())
}

// TestNoRoomForTheName: a spare is there, and the directory has no room for its longer name. That is a full disk as any other:
// the owner waits, and the log goes on.
func TestNoRoomForTheName(t *testing.T) {
	p := &process{disk: simdisk.New(1), bodies: bodies{}}
	var err error
	p.journal, err = Open("log", p.options(), nil)
	must(t, errors.Join(err, p.do(opRoll), p.do(opSync), p.do(opSpare)))
	refuse(p.disk, simdisk.OpRename, syscall.ENOSPC)
	if err := p.do(opRoll); !Full(err) {
		t.Errorf("%v, want that the disk is full", err)
	}
	p.disk.SetFault(nil)
	must(t, errors.Join(p.do(opRoll), p.journal.Close()))
}

// handles is a file system that counts the files which are open, and has a file whose size cannot be told.
type handles struct {
	disk.FS
	open    int
	unknown error
}

type counted struct {
	disk.File
	in *handles
}

func (h *handles) Open(path string) (disk.File, error) {
	f, err := h.FS.Open(path)
	if err != nil {
		return nil, err
	}
	h.open++
	return &counted{f, h}, nil
}

func (c *counted) Close() error {
	c.in.open--
	return c.File.Close()
}

func (c *counted) Size() (int64, error) {
	if c.in.unknown != nil {
		return 0, c.in.unknown
	}
	return c.File.Size()
}

// TestUnmeasuredIsClosed: a reader that cannot learn the size of a segment keeps no file open, and measures again.
func TestUnmeasuredIsClosed(t *testing.T) {
	d := simdisk.New(1)
	j := open(t, "log", on(d))
	place := j.Place()
	fill(t, j, 2)
	must(t, errors.Join(j.Flush(), j.Sync()))
	files := &handles{FS: d, unknown: syscall.EIO}
	if _, err := NewReaderAt(files, "log", place); !errors.Is(err, syscall.EIO) || files.open != 0 {
		t.Errorf("at a place: %d files are open behind %v", files.open, err)
	}
	r, err := NewReaderOn(files, "log", Position{})
	must(t, err)
	if _, err := r.Next(); !errors.Is(err, syscall.EIO) || files.open != 0 {
		t.Errorf("from the beginning: %d files are open behind %v", files.open, err)
	}
	files.unknown = nil
	if record, err := r.Next(); err != nil || record.LSN != 1 {
		t.Errorf("when it can be told: record %d, %v", record.LSN, err)
	}
	must(t, errors.Join(r.Close(), j.Close()))
}

// TestTruncatedSinceListed: between a reader's look at the names of the segments and its opening of one the writer truncates. It
// is told that the log begins later; it was told that a file was not there.
func TestTruncatedSinceListed(t *testing.T) {
	for _, c := range []struct {
		read  int    // records before the truncation
		after uint64 // the position
	}{{0, 0}, {0, 2}, {9, 0}} {
		d := simdisk.New(1)
		j := open(t, "log", on(d))
		at := positions(t, j, 40)
		must(t, errors.Join(j.Flush(), j.Sync()))
		putSnapshot(t, d, 35)
		r, err := NewReaderOn(d, "log", at[c.after])
		must(t, err)
		for range c.read {
			_, err := r.Next()
			must(t, err)
		}
		last := r.Position().LSN
		must(t, j.TruncateBefore(35))
		var record Record
		for err == nil && record.LSN < 40 {
			record, err = r.Next()
		}
		if at := new(PositionError); !errors.Is(err, ErrBeforeLog) || !errors.As(err, &at) || at.At.LSN < max(c.after, last) {
			t.Errorf("after %d, %d read, the last %d: record %d, %v, want %v", c.after, c.read, last, record.LSN, err, ErrBeforeLog)
		}
		must(t, errors.Join(r.Close(), j.Close()))
	}
}

// between is a file system that calls cut when a file was cut, before it is reserved again.
type between struct {
	disk.FS
	cut func()
}

type betweenFile struct {
	disk.File
	fs *between
}

func (b *between) OpenWrite(path string) (disk.File, error) {
	f, err := b.FS.OpenWrite(path)
	return &betweenFile{f, b}, err
}

func (f *betweenFile) Truncate(size int64) error {
	err := f.File.Truncate(size)
	if strings.HasSuffix(f.Name(), SegmentSuffix) {
		f.fs.cut()
	}
	return err
}

// TestReadBesideCut: the next writer cuts a torn end while others read and follow, and before it reserves the segment again. They
// find the end of the log there; they failed, because the file had become shorter.
func TestReadBesideCut(t *testing.T) {
	d := simdisk.New(1)
	j := open(t, "log", on(d))
	n := fill(t, j, 3)
	must(t, errors.Join(j.Flush(), j.Sync()))
	d.Kill()
	last := "log/" + captureOn(t, d, "log").last()
	b, err := readFile(d, last)
	must(t, err)
	must(t, d.Damage(last, int64(used(b)), func(b []byte, at int) { copy(b[at:], "torn, and longer than the header of a record") }))
	r, err := NewReaderOn(d, "log", Position{})
	must(t, err)
	_, err = r.Next()
	must(t, err)
	r.window.forget() // as if it had read ahead no further
	f, err := Follow(d, "log", Position{})
	must(t, err)
	for range n {
		_, err := f.Next()
		must(t, err)
	}
	cuts := 0
	o := on(d)
	o.FS = &between{FS: d, cut: func() {
		cuts++
		for lsn := uint64(2); lsn <= n; lsn++ {
			if record, err := r.Next(); err != nil || record.LSN != lsn {
				t.Fatalf("a reader beside the cut: record %d, %v, want %d", record.LSN, err, lsn)
			}
		}
		for _, next := range []func() (Record, error){r.Next, f.Next, f.Next} {
			if _, err := next(); !errors.Is(err, io.EOF) {
				t.Errorf("beside the cut: %v, want the end", err)
			}
		}
	}}
	j = open(t, "log", o)
	if cuts != 1 {
		t.Fatalf("%d cuts", cuts)
	}
	fill(t, j, 1)
	must(t, j.Flush())
	for _, next := range []func() (Record, error){r.Next, f.Next} {
		if record, err := next(); err != nil || record.LSN != n+1 {
			t.Errorf("behind the cut: record %d, %v, want %d", record.LSN, err, n+1)
		}
	}
	must(t, errors.Join(r.Close(), f.Close(), j.Close()))
}
