package orderbook_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// FuzzRestoreArena changes words of a sound snapshot, sets the checksum right and restores it. It is refused, or
// what is restored is sound and goes on.
//
// The first byte selects the snapshot, the second how many changes follow, of 8 bytes each (see change). The
// rest is played.
func FuzzRestoreArena(f *testing.F) {
	for profile := range byte(snapshotProfiles) {
		random := booktest.Random(profile)
		for changes := range byte(8) {
			f.Add(append([]byte{profile, changes}, random.Commands(40)...))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 2 {
			return
		}
		profile, changes, rest := data[0]%snapshotProfiles, data[1]%8, data[2:]
		snapshot := append([]byte(nil), soundSnapshot(profile)...)
		for ; changes > 0 && len(rest) >= 8; changes-- {
			change(snapshot, rest)
			rest = rest[8:]
		}
		sum := crc32.Checksum(snapshot[:len(snapshot)-4], crc32.MakeTable(crc32.Castagnoli))
		binary.LittleEndian.PutUint32(snapshot[len(snapshot)-4:], sum)
		arena, books, err := orderbook.RestoreArena(snapshot)
		if err != nil {
			if !errors.Is(err, orderbook.ErrSnapshot) {
				t.Fatalf("%v, want %v", err, orderbook.ErrSnapshot)
			}
			return
		}
		defer arena.Close()
		playRestored(t, arena, books, profile, rest)
	})
}

// change changes one word of a snapshot: bytes 0 to 2 say which, byte 3 how, the others by what.
func change(snapshot, how []byte) {
	le, words := binary.LittleEndian, uint32(len(snapshot)/4-1)
	word := func(at uint32) []byte { return snapshot[at%words*4:] }
	by, at := le.Uint32(how[4:]), word(le.Uint32(how)&(1<<24-1))
	switch how[3] % 6 {
	case 0:
		le.PutUint32(at, by)
	case 1:
		le.PutUint32(at, by&0xff)
	case 2:
		le.PutUint32(at, le.Uint32(at)+by&15-8)
	case 3:
		le.PutUint32(at, le.Uint32(word(by)))
	case 4:
		le.PutUint32(at, le.Uint32(at)^1<<(by&31))
	case 5: // a link from another one is changed with it
		other := word(by)
		was := le.Uint32(at)
		le.PutUint32(at, le.Uint32(other))
		le.PutUint32(other, was)
	}
}

// playRestored plays commands on every book in turn. All must stay sound.
func playRestored(t *testing.T, arena *orderbook.Arena, books []*orderbook.Book, profile byte, data []byte) {
	check := func(when string) {
		for _, b := range books {
			if err := b.Check(); err != nil {
				t.Fatalf("%s: %v", when, err)
			}
		}
	}
	check("restored")
	flow := booktest.Flow{Prices: booktest.Prices(profile % 3), IDs: 40, Room: 10}
	if profile&1 != 0 {
		flow.NextID = arena.NextID
	}
	if len(books) == 0 {
		return
	}
	for turn := 0; len(data) >= booktest.CommandSize; turn++ {
		flow.Play(books[turn%len(books)], data[:booktest.CommandSize])
		data = data[booktest.CommandSize:]
	}
	check("played")
	for _, b := range books {
		b.StateHash()
		b.CancelWhere(0, func(orderbook.Slot) bool { return true }, func(orderbook.RestingOrder) {})
	}
	check("emptied")
	if arena.Live() != 0 {
		t.Fatalf("%d orders live in empty books", arena.Live())
	}
}

const snapshotProfiles = 12

// soundSnapshot returns a snapshot of two books, the second of which collects in every other profile. Those of odd
// profiles give the order numbers.
func soundSnapshot(profile byte) []byte {
	arena := newArena(40, profile&1 != 0)
	defer arena.Close()
	flow := booktest.Flow{Prices: booktest.Prices(profile % 3), IDs: 40, Room: 10}
	if profile&1 != 0 {
		flow.NextID = arena.NextID
	}
	books := [2]*orderbook.Book{orderbook.NewBook(arena), orderbook.NewBook(arena)}
	random := booktest.Random(profile)
	for turn := range 200 {
		if turn == 150 && profile&2 != 0 {
			books[1].OpenAuction()
		}
		flow.Play(books[turn&1], random.Commands(1))
	}
	return arena.AppendState(nil)
}

// newArena returns an arena that gives the order numbers itself, or one that takes any.
func newArena(ordersMax int, own bool) *orderbook.Arena {
	if own {
		return orderbook.NewNumberedArena(ordersMax)
	}
	return orderbook.NewArena(ordersMax)
}
