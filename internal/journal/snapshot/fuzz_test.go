package snapshot

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"os"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/internal/journal"
)

// reseal gives a header that was changed a checksum that fits.
func reseal(b []byte) { binary.LittleEndian.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli)) }

// FuzzDecode reads anything, with and without checksums that fit: a *FileError, or the bytes that are
// there and that encode to the same file.
func FuzzDecode(f *testing.F) {
	for _, lsn := range []uint64{5, 300} {
		f.Add(append(appendHeader(nil, id, at(lsn), [][]byte{state(lsn)}), state(lsn)...), lsn, false)
		f.Add(append(appendHeader(nil, id, at(lsn), [][]byte{state(lsn)}), state(lsn)...), lsn, true)
	}
	f.Fuzz(func(t *testing.T, b []byte, lsn uint64, sealed bool) {
		if sealed && len(b) >= headerSize {
			b = bytes.Clone(b)
			binary.LittleEndian.PutUint64(b[48:], xxhash.Sum64(b[headerSize:]))
			reseal(b)
		}
		snap, err := decode("f", lsn, id, b)
		if err != nil {
			if refused := new(FileError); !errors.As(err, &refused) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if again := append(appendHeader(nil, id, snap.At, [][]byte{snap.Body}), snap.Body...); !bytes.Equal(again, b) {
			t.Fatalf("decodes to what encodes to something else")
		}
	})
}

// TestGolden compares a file with the bytes that format version 1 has for it.
func TestGolden(t *testing.T) {
	want, err := os.ReadFile("testdata/snapshot.golden")
	must(t, err)
	at := journal.Position{LSN: 0x0102030405060708, Chain: 0x090a0b0c}
	body := []byte("the state")
	got := append(appendHeader(nil, Identity{Cluster: 0x11121314, Node: 0x15161718, Kind: Participant}, at, [][]byte{body}), body...)
	if text := hex.Dump(got); text != string(want) {
		t.Errorf("got:\n%swant:\n%s", text, want)
	}
}
