package settlement

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
)

func TestSnapshot(t *testing.T) {
	ledgertest.CheckSnapshot(t, func() *Settlement { return create(t) }, 0x84852d3bd20ce855)
}

func TestSnapshotRefused(t *testing.T) {
	const row, next, days = 16, 16 + obligationSize, 16 + 3*obligationSize // the first day has three rows
	ledgertest.CheckRefused(t, func() *Settlement { return create(t) }, map[string]func([]byte) []byte{
		"more rows than there are":        ledgertest.Set(1<<60, 8),
		"a day that cannot be":            ledgertest.Set(1<<40, 0),
		"a day without rows":              func(own []byte) []byte { return append(own, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
		"a day twice":                     func(own []byte) []byte { return append(own, own[days:]...) },
		"the later day first":             func(own []byte) []byte { return append(own[days:], own[:days]...) },
		"an instrument that is undecided": ledgertest.Set(1<<32+2, row),
		"a member that cannot be":         ledgertest.Set(1<<48+1, row),
		"less than nothing bought":        ledgertest.Set(1<<63, row+8, row+16),
		"more bought than sold":           ledgertest.Set(1<<20, row+8),
		"a value that no trades can have": ledgertest.Set(1<<62, row+24, row+32),
		"more shares than value":          ledgertest.Set(1<<61, row+8, row+16),
		"sales that go around 64 bits":    aroundSales,
		"an obligation twice":             func(own []byte) []byte { copy(own[next+obligationSize:][:8], own[next:]); return own },
		"something behind the last row":   func(own []byte) []byte { return append(own, 0) },
	})
}

// aroundSales gives the first day sales of eight more members, of a value that is 0 in 64 bits.
func aroundSales(own []byte) []byte {
	const days = 16 + 3*obligationSize
	le := binary.LittleEndian
	more := bytes.Clone(own[:days])
	le.PutUint64(more[8:], 3+8)
	for member := range uint32(8) {
		more = le.AppendUint32(le.AppendUint32(more, 1), 100+member)
		for _, v := range [...]uint64{0, 0, 0, 1 << 61} {
			more = le.AppendUint64(more, v)
		}
	}
	return append(more, own[days:]...)
}

func FuzzSnapshot(f *testing.F) {
	ledgertest.FuzzSnapshot(f, func() *Settlement { return create(f) })
}
