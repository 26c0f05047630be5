package journal

import (
	"fmt"
	"io"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// readAhead is how much of a file is read at a time.
const readAhead = 1 << 20

// window holds a part of a file in memory. Its buffer starts at a multiple of 8 in the file, so
// what is 8-byte aligned in the file is aligned in memory too.
type window struct {
	ahead  int64 // how much to read at a time; 0 is readAhead
	buffer []byte
	start  int64 // offset in the file
	length int64
}

// forget drops the contents, which a writer may have changed.
func (w *window) forget() { w.length = 0 }

// has reports whether n bytes at offset are in memory.
func (w *window) has(offset, n int64) bool { return offset >= w.start && offset+n <= w.start+w.length }

// holds reports whether the header of a record at offset is in memory.
func (w *window) holds(offset int64) bool {
	return w.has(offset, headerSize) && !isZero(w.buffer[offset-w.start:][:headerSize])
}

// bytes returns n bytes at offset of f, which is size long. They are valid until the next call.
func (w *window) bytes(f disk.File, offset, n, size int64) ([]byte, error) {
	if !w.has(offset, n) {
		ahead := w.ahead
		if ahead == 0 {
			ahead = readAhead
		}
		want := min(max(n, ahead), size-offset)
		if want > int64(cap(w.buffer)) {
			w.buffer = make([]byte, want)
		}
		w.buffer = w.buffer[:want]
		w.length = 0
		got, err := f.ReadAt(w.buffer, offset)
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("journal: %w", err)
		}
		if int64(got) < n { // the next writer cuts what was torn
			return nil, fmt.Errorf("journal: %s shrank while it was read: %w", f.Name(), io.ErrUnexpectedEOF)
		}
		w.start, w.length = offset, int64(got)
	}
	at := offset - w.start
	return w.buffer[at : at+n], nil
}
