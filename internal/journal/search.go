package journal

import (
	"fmt"
	"hash/crc32"
	"io"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// checksum is the CRC that the whole padded record b should carry.
func checksum(b []byte) uint32 { return crc32.Checksum(b[4:], castagnoli) }

// zeroToEnd reports whether the open segment has only zeros from r.offset on.
func (r *Reader) zeroToEnd() (bool, error) {
	if r.zeroFrom == r.offset || r.live {
		return true, nil
	}
	for at := r.offset; at < r.size; {
		n := min(readAhead, r.size-at)
		b, err := r.window.bytes(r.file, at, n, r.size)
		if err != nil {
			return false, err
		}
		if !isZero(b) {
			return false, nil
		}
		at += n
	}
	r.zeroFrom = r.offset
	return true, nil
}

// withoutZeros is how much of b there is before the zeros at its end.
func withoutZeros(b []byte) (n int64) {
	for n = int64(len(b)); n > 0 && b[n-1] == 0; {
		n--
	}
	return n
}

// behind is what a search found after the place where reading stopped.
type behind struct {
	bytes   int64 // from that place to the last byte of the segment that is not zero
	records int   // whole records in it
	proof   bool  // that the place was durable once, or lies before a segment that is in use
}

// searchBehind looks for whole records after r.offset. It is the rare path, so it may read a whole
// segment into memory.
func (r *Reader) searchBehind() (behind, error) {
	b := make([]byte, r.size-r.offset)
	if _, err := r.file.ReadAt(b, r.offset); err != nil && err != io.EOF {
		return behind{}, fmt.Errorf("journal: %w", err)
	}
	found := behind{bytes: withoutZeros(b)}
	wholeRecords(b, r.lsn+1, func(h header) {
		if h.kind != kindMark {
			found.records++
		}
		found.proof = found.proof || h.synced > r.lsn
	})
	for _, first := range r.later() {
		used, err := segmentUsed(r.fs, r.dir, first)
		if err != nil {
			return behind{}, err
		}
		found.proof = found.proof || used
	}
	return found, nil
}

// wholeRecords calls found for each record in b, from LSN lsn on, that is whole in itself.
func wholeRecords(b []byte, lsn uint64, found func(header)) {
	for at := 0; at+headerSize <= len(b); {
		h, ok := wholeAt(b[at:])
		if !ok || h.lsn < lsn {
			at += 8
			continue
		}
		found(h)
		at += int(h.size())
	}
}

// segmentUsed reports whether the segment has a whole opening mark and a record behind it. One
// without is what a crash leaves between the making of a segment and its first write.
func segmentUsed(fs disk.FS, dir string, first uint64) (bool, error) {
	b, err := readFile(fs, segmentPath(dir, first))
	if err != nil {
		return false, err
	}
	used := false
	wholeRecords(b, first, func(header) { used = true })
	return used, nil
}

// readFile returns all of a file.
func readFile(fs disk.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return b, nil
}
