package journal

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// The sizes are those of the commit path: a batch of 1000 trades, and the records around it.
const batchSize = 64_000

// bufferAlone is a file system that takes no writes.
type bufferAlone struct{ disk.FS }

func (d bufferAlone) Create(path string) (disk.File, error) {
	f, err := d.FS.Create(path)
	return unwritten{f}, err
}

type unwritten struct{ disk.File }

func (unwritten) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{32, batchSize} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			j := open(b, b.TempDir(), Options{FS: bufferAlone{disk.Real}})
			body := make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := j.Append(1, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAppendFlush is the path without durability: encoding and the copy to the page cache.
func BenchmarkAppendFlush(b *testing.B) {
	j := open(b, b.TempDir(), Options{})
	body := make([]byte, batchSize)
	b.SetBytes(batchSize)
	for b.Loop() {
		_, err := j.Append(1, body)
		if err := errors.Join(err, j.Flush()); err != nil {
			b.Fatal(err)
		}
	}
	must(b, j.Close())
}

// BenchmarkAppendFlushSync is one durable batch at a time.
func BenchmarkAppendFlushSync(b *testing.B) {
	j := open(b, b.TempDir(), Options{})
	body := make([]byte, batchSize)
	b.SetBytes(batchSize)
	for b.Loop() {
		_, err := j.Append(1, body)
		if err := errors.Join(err, j.Flush(), j.Sync()); err != nil {
			b.Fatal(err)
		}
	}
	must(b, j.Close())
}

// BenchmarkGroupCommit has a syncer beside the owner and at most window batches that are not
// durable. It reports how many batches share a sync.
func BenchmarkGroupCommit(b *testing.B) {
	for _, window := range []uint64{1, 4, 16} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) {
			j := open(b, b.TempDir(), Options{})
			body := make([]byte, batchSize)
			var failed atomic.Pointer[error]
			wake, synced, done := make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
			go func() {
				defer close(done)
				for range wake {
					if err := j.Sync(); err != nil {
						failed.Store(&err)
					}
					notify(synced)
				}
			}()
			b.SetBytes(batchSize)
			for b.Loop() {
				_, err := j.Append(1, body)
				if err := errors.Join(err, j.Flush()); err != nil {
					b.Fatal(err)
				}
				notify(wake)
				for j.LSN()-j.Synced() >= window && failed.Load() == nil {
					<-synced
					if j.LSN()-j.Synced() >= window {
						notify(wake)
					}
				}
			}
			b.ReportMetric(float64(j.LSN())/float64(max(1, j.Syncs())), "batches/sync")
			close(wake)
			<-done
			if err := failed.Load(); err != nil {
				b.Fatal(*err)
			}
			must(b, j.Close())
		})
	}
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// BenchmarkRead is recovery: reading and checking a log from the page cache.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	j := open(b, dir, Options{})
	body := make([]byte, batchSize)
	const records = 500
	for range records {
		if _, err := j.Append(1, body); err != nil {
			b.Fatal(err)
		}
	}
	must(b, j.Close())
	b.SetBytes(records * batchSize)
	for b.Loop() {
		if n, err := countDense(b, disk.Real, dir); n != records || err != nil {
			b.Fatal(n, err)
		}
	}
}
