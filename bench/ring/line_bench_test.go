package ring

import (
	"sync/atomic"
	"testing"
	"time"
)

// anchorLines is the block of the anchor: more than a first-level cache holds, less than a second-level one.
const anchorLines = 1024

// BenchmarkLine is the machine's part of every ring: two cores take turns with a block of cache lines, which one
// fills and the other one reads. write is what it costs to get a line back that the other core has read, and to fill
// it; read is what it costs to get one that the other core has filled. A ring whose two sides work at
// the same time passes a line in no less than the greater of the two, unless the caches between the cores
// help it: blocks above the second-level cache show that.
func BenchmarkLine(b *testing.B) {
	for _, c := range []struct {
		name  string
		lines int
	}{{"lines=64", 64}, {"lines=1024", anchorLines}, {"lines=4096", 4096}, {"lines=65536", 65536}} {
		b.Run(c.name, func(b *testing.B) {
			t := newTeam(2)
			write, read := lineTurns(t, c.lines, max(b.N/c.lines, 4))
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(write, "write-ns")
			b.ReportMetric(read, "read-ns")
			b.ReportMetric(t.pinned(), "pinned")
		})
	}
}

// lineTurns lets the cores take so many turns and returns ns a line: the median turn's of the writer, and of the
// reader.
func lineTurns(t team, lines, turns int) (write, read float64) {
	block := make([]large, lines)
	turn := new(apart)
	var writes, reads []float64
	await := func(v uint64) {
		for turn.Load() != v {
		}
	}
	took := func(from time.Time) float64 { return float64(time.Since(from).Nanoseconds()) / float64(lines) }
	t.run(func() {
		for i := range uint64(turns) {
			await(2 * i)
			from := time.Now()
			for k := range block {
				set(&block[k], i+uint64(k))
			}
			writes = append(writes, took(from))
			turn.Store(2*i + 1)
		}
	}, func() {
		for i := range uint64(turns) {
			await(2*i + 1)
			from := time.Now()
			for k := range block {
				if check(&block[k], i+uint64(k)) != 0 {
					wrong(i)
				}
			}
			reads = append(reads, took(from))
			turn.Store(2*i + 2)
		}
	})
	return median(writes), median(reads)
}

// lineFloor is the least that an item of a line can cost in a ring, by this anchor, in the same run.
func lineFloor(t team) float64 {
	if t.cores == nil {
		return 0 // two spinners without cores of their own measure the kernel's tick
	}
	write, read := lineTurns(t, anchorLines, 100)
	return max(write, read)
}

// apart keeps a word on cache lines of its own.
type apart struct {
	_ [128]byte
	atomic.Uint64
	_ [128]byte
}
