package journal

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// BenchmarkReserve is why segments are filled with zeros: it writes and syncs, again and
// again, into segments of 64 MiB that were made in different ways. docs/formats/journal.md has its
// figures.
func BenchmarkReserve(b *testing.B) {
	ways := []struct {
		name    string
		prepare func(f disk.File) error
	}{
		{"growing", func(disk.File) error { return nil }},
		{"fallocate", func(f disk.File) error { return f.Reserve(segmentSizeDefault) }},
		{"zeros", writeZeros},
	}
	for _, kib := range []int{64, 1024} {
		for _, writers := range []int{1, 3} {
			for _, way := range ways {
				b.Run(fmt.Sprintf("write=%dKiB/writers=%d/segment=%s", kib, writers, way.name), func(b *testing.B) {
					benchmarkReserve(b, writers, kib<<10, way.prepare)
				})
			}
		}
	}
}

func benchmarkReserve(b *testing.B, writers, size int, prepare func(disk.File) error) {
	spent := make([][]time.Duration, writers)
	start := time.Now()
	var all sync.WaitGroup
	for i := range writers {
		dir := b.TempDir()
		all.Go(func() { spent[i] = writeAndSync(b, dir, size, prepare) })
	}
	all.Wait()
	elapsed := time.Since(start)
	sorted := slices.Concat(spent...)
	slices.Sort(sorted)
	b.ReportMetric(float64(sorted[len(sorted)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(sorted[len(sorted)*99/100].Microseconds()), "p99-us")
	b.ReportMetric(float64(len(sorted)*size)/1e6/elapsed.Seconds(), "MB/s")
	b.ReportMetric(0, "ns/op")
}

func writeZeros(f disk.File) error {
	if err := f.Reserve(segmentSizeDefault); err != nil {
		return err
	}
	for at := int64(0); at < segmentSizeDefault; at += fillPiece {
		if err := f.Fill(at, at+fillPiece); err != nil {
			return err
		}
	}
	return f.Sync()
}

// writeAndSync writes b.N times 64 KiB in writes of size and returns how long each write with its
// sync took. The next segment is made beside the writing; waiting for it counts.
func writeAndSync(b *testing.B, dir string, size int, prepare func(disk.File) error) []time.Duration {
	create := func(i int) disk.File {
		f, err := disk.Real.Create(filepath.Join(dir, fmt.Sprint(i)))
		if err == nil {
			err = prepare(f)
		}
		if err != nil {
			b.Error(err)
		}
		return f
	}
	block := make([]byte, size)
	block[0] = 1
	n := max(1, b.N*64<<10/size)
	spare := make(chan disk.File, 1)
	current, at := create(0), int64(0)
	spent := make([]time.Duration, 0, n)
	for i := range n {
		start := time.Now()
		if at == segmentSizeDefault/4 {
			go func() { spare <- create(i) }()
		}
		if at == segmentSizeDefault {
			current.Close()
			_ = disk.Real.Remove(current.Name())
			current, at = <-spare, 0
		}
		if _, err := current.WriteAt(block, at); err != nil {
			b.Error(err)
		}
		if err := current.Sync(); err != nil {
			b.Error(err)
		}
		at += int64(len(block))
		spent = append(spent, time.Since(start))
	}
	if at > segmentSizeDefault/4 {
		(<-spare).Close()
	}
	current.Close()
	return spent
}
