package journal

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// BenchmarkTakeOver is what a follower at the end of a log takes to go on with it, in a segment that was filled past the
// page cache: between the death of one engine and the ballot of the next. Processor time and reads do not depend on what
// else the machine does.
func BenchmarkTakeOver(b *testing.B) {
	dir := b.TempDir()
	j := open(b, dir, Options{})
	segment := segmentPath(dir, 1)
	filled, err := disk.Real.OpenWrite(segment)
	must(b, err)
	const from = 1 << 20 // behind all that is written here
	for at := int64(from); at < segmentSizeDefault; at += fillPiece {
		must(b, filled.Fill(at, at+fillPiece))
	}
	must(b, errors.Join(filled.Sync(), filled.Close()))
	record := func() {
		_, err := j.Append(1, make([]byte, 64))
		must(b, errors.Join(err, j.Flush(), j.Sync()))
	}
	record()
	var cpuNs, blocks int64
	for b.Loop() {
		b.StopTimer()
		f, err := Follow(disk.Real, dir, Position{})
		must(b, err)
		drain(b, f, func(Record) error { return nil })
		record()
		must(b, j.Close())
		forget(b, segment)
		before := usageOf(b)
		b.StartTimer()
		j, err = f.Open(Options{}, nil)
		b.StopTimer()
		must(b, err)
		after := usageOf(b)
		cpuNs += after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
		blocks += after.Inblock - before.Inblock
		b.StartTimer()
	}
	b.ReportMetric(float64(cpuNs)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(blocks*512)/float64(b.N), "read-B/op")
	must(b, j.Close())
}

func usageOf(b *testing.B) (u syscall.Rusage) {
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return u
}

// forget lets a file out of the page cache, where the filler does not leave it either.
func forget(b *testing.B, path string) {
	b.Helper()
	f, err := os.Open(path)
	must(b, err)
	defer f.Close()
	const dontNeed = 4
	if _, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0); errno != 0 {
		b.Fatal(errno)
	}
}
