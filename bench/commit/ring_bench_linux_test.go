package commit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"github.com/tezi-exchange/tezi/bench/clock"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// twoRings maps a file with a ring each way.
func twoRings(path string, ring func([]byte) (*ringbuf.Frames, error)) (there, back *ringbuf.Frames, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	size := ringbuf.FramesBytes(ringBytes)
	if err := unix.Fallocate(int(f.Fd()), 0, 0, int64(2*size)); err != nil {
		return nil, nil, err
	}
	memory, err := unix.Mmap(int(f.Fd()), 0, 2*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, nil, err
	}
	if there, err = ring(memory[:size:size]); err != nil {
		return nil, nil, err
	}
	back, err = ring(memory[size:])
	return there, back, err
}

func init() { others["bounce"] = bounce }

// bounce sends every record back that comes, until it is killed.
func bounce(path string) error {
	there, back, err := twoRings(path, ringbuf.OpenFrames)
	if err != nil {
		return err
	}
	fmt.Println(listening)
	for {
		record := await(there)
		if record == nil {
			return errors.Join(there.Err(), errors.New("the ring is closed"))
		}
		n := len(record)
		copy(back.Claim(n), record)
		there.Release()
		back.Publish(n)
	}
}

// await spins for a record; nil: there will be none.
func await(r *ringbuf.Frames) []byte {
	for {
		if record := r.Peek(); record != nil || r.Closed() {
			return record
		}
	}
}

// BenchmarkSharedRing is a record of 64 bytes to another process and back, over nothing but the ring in memory that both
// have mapped: what BenchmarkLink has without frames, their checksums and a session. Both ends spin. The anchor is the
// median of a bare word to and fro.
//
//	go test -run '^$' -bench SharedRing -benchtime 200000x ./bench/commit
func BenchmarkSharedRing(b *testing.B) {
	path := filepath.Join("/dev/shm", fmt.Sprintf("tezi-bench-%d", os.Getpid()))
	there, back, err := twoRings(path, ringbuf.FramesOn)
	defer os.Remove(path)
	if err != nil {
		b.Fatal(err)
	}
	_, stop := startOther(b, "bounce", path)
	defer stop()
	c, first, h := clock.New(), newHistogram(), newHistogram()
	record := make([]byte, linkAnswer)
	binary.LittleEndian.PutUint32(record, uint32(len(record))) // as a frame says its length
	trip := func(to *hdrhistogram.Histogram) {
		from := clock.Ticks()
		copy(there.Claim(len(record)), record)
		there.Publish(len(record))
		if got := await(back); len(got) != len(record) {
			b.Fatalf("a record of %d bytes came back, want %d", len(got), len(record))
		}
		back.Release()
		if err := to.RecordValue(c.Ns(clock.Since(from))); err != nil {
			b.Fatal(err)
		}
	}
	end := time.Now().Add(aroundMax)
	for around := ringBytes / linkAnswer; around > 0 && time.Now().Before(end); around-- { // the first way around, as there
		trip(first)
	}
	for b.Loop() {
		trip(h)
	}
	reportTrips(b, h)
	stop()
	reportWord(b, c, h)
}
