package ledgertest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// Snapshotter is a role whose state can be handed on.
type Snapshotter interface {
	Role
	batch3pc.Snapshotter
}

// someState gives a role two days of trades of several parties in several instruments, and a batch that
// is undecided.
func someState(role Role) {
	a, b, c := Party{Member: 1, Client: 11}, Party{Member: 1, Client: 12}, Party{Member: 2, Client: 21}
	s := &Stream{}
	commit := func(instruments []codec.Instrument, trades ...codec.Trade) {
		n := s.Next(instruments, trades...)
		role.Vote(n, false)
		s.Voted(n)
	}
	commit([]codec.Instrument{Instrument(1, "SBIN", 2), Instrument(3, "ABB", 4), Instrument(4, "QUIET", 2)},
		Buys(a, b, 1, 10, 80_000), Sells(c, a, 3, 5, 11_111), Buys(a, a, 1, 2, 80_005))
	next := Buys(c, b, 1, 7, 79_000)
	next.TimeNs += int64(24 * time.Hour)
	commit(nil, next)
	commit([]codec.Instrument{Instrument(2, "NEW", 0)}, Sells(b, c, 2, 1, 500))
	role.Apply(s.Apply())
	role.Apply(s.Apply())
}

// FuzzSnapshot feeds Restore with anything, with a right checksum or without: it changes nothing and
// says why, or the state has exactly these bytes.
func FuzzSnapshot[R Snapshotter](f *testing.F, create func() R) {
	full := create()
	someState(full)
	f.Add(full.AppendSnapshot(nil), false)
	f.Add(create().AppendSnapshot(nil), true)
	f.Add([]byte("TZRISK\x00\x01"), true)
	role, before := create(), create().AppendSnapshot(nil)
	f.Fuzz(func(t *testing.T, src []byte, seal bool) {
		if n := len(src); seal && n >= 4 {
			src = binary.LittleEndian.AppendUint32(bytes.Clone(src[:n-4]), crc32.Checksum(src[:n-4], crc32.MakeTable(crc32.Castagnoli)))
		}
		err := role.Restore(src)
		want := src
		if err != nil {
			want = before
		}
		if got := role.AppendSnapshot(nil); !bytes.Equal(got, want) {
			t.Fatalf("Restore gave %v, and then the state is\n% x, want\n% x", err, got, want)
		}
		if err == nil {
			if err := role.Restore(before); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// CheckSnapshot damages a snapshot at every byte and cuts it at every length: it is refused, and changes
// nothing. golden is the hash of the bytes, which are a promise.
func CheckSnapshot[R Snapshotter](t *testing.T, create func() R, golden uint64) {
	from := create()
	someState(from)
	image := from.AppendSnapshot(nil)
	if got := hashOf(image); got != golden {
		t.Errorf("the snapshot has hash %#x, want %#x: version 1 is what is on disks", got, golden)
	}
	role := create()
	someState(role)
	for i := range image {
		damaged := bytes.Clone(image)
		damaged[i] ^= 1 << (i % 8)
		if err := role.Restore(damaged); !errors.Is(err, ledger.ErrImage) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if err := role.Restore(image[:i]); !errors.Is(err, ledger.ErrImage) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if !bytes.Equal(role.AppendSnapshot(nil), image) {
		t.Fatal("a refused snapshot has changed the state")
	}
	twin := create()
	if err := twin.Restore(image); err != nil {
		t.Fatal(err)
	}
	if twin.Digest() != from.Digest() || twin.AppliedTrades() != from.AppliedTrades() {
		t.Fatalf("digest %x of %d trades, want %x of %d", twin.Digest(), twin.AppliedTrades(), from.Digest(), from.AppliedTrades())
	}
}

// CheckRefused changes what is the role's own in a snapshot, under a right checksum, to what no trades give:
// it is refused, and changes nothing.
func CheckRefused[R Snapshotter](t *testing.T, create func() R, changes map[string]func(own []byte) []byte) {
	role := create()
	someState(role)
	image := role.AppendSnapshot(nil)
	le := binary.LittleEndian
	head := 24 + codec.CommandSize*int(le.Uint64(image[16:]))
	for name, change := range changes {
		own := bytes.Clone(image[head : len(image)-4])
		changed := change(bytes.Clone(own))
		if bytes.Equal(changed, own) {
			t.Errorf("%s: nothing was changed", name)
		}
		changed = append(bytes.Clone(image[:head]), changed...)
		changed = le.AppendUint32(changed, crc32.Checksum(changed, crc32.MakeTable(crc32.Castagnoli)))
		if err := role.Restore(changed); err == nil {
			t.Errorf("%s: it was taken", name)
		} else if !bytes.Equal(role.AppendSnapshot(nil), image) {
			t.Fatalf("%s: refused (%v), and the state has changed", name, err)
		}
		if err := role.Restore(image); err != nil {
			t.Fatal(err)
		}
	}
}

// Set returns a change of a snapshot that puts 64 bits at each of the offsets.
func Set(value uint64, offsets ...int) func(own []byte) []byte {
	return func(own []byte) []byte {
		for _, at := range offsets {
			binary.LittleEndian.PutUint64(own[at:], value)
		}
		return own
	}
}

func hashOf(b []byte) uint64 {
	h := ledger.NewHash()
	h.Bytes(b)
	return h.Sum()
}
