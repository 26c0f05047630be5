package risk

import (
	"testing"

	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
)

func TestSnapshot(t *testing.T) {
	ledgertest.CheckSnapshot(t, func() *Risk { return create(t, limits) }, 0x3d80cd9cfad85852)
}

func TestSnapshotRefused(t *testing.T) {
	const row, next = 8, 8 + positionSize
	ledgertest.CheckRefused(t, func() *Risk { return create(t, limits) }, map[string]func([]byte) []byte{
		"more rows than there are":        ledgertest.Set(1<<60, 0),
		"an instrument that is undecided": ledgertest.Set(2, row+8),
		"an instrument that cannot be":    ledgertest.Set(1<<32+1, row+8),
		"a member that cannot be":         ledgertest.Set(1<<48, row),
		"less than nothing bought":        ledgertest.Set(1<<63, row+16),
		"more bought than sold":           ledgertest.Set(1, row+32),
		"a value that no trades can have": ledgertest.Set(1<<62, row+32, row+40),
		"more shares than value bought":   ledgertest.Set(1<<62, row+16),
		"more shares than value sold":     ledgertest.Set(1<<62, row+24),
		"more shares bought than sold":    ledgertest.Set(9, row+16),
		"more trades than were applied":   ledgertest.Set(1000, row+48),
		"a position without trades":       ledgertest.Set(0, row+48),
		"a position twice":                func(own []byte) []byte { copy(own[next:next+16], own[row:]); return own },
		"something behind the last row":   func(own []byte) []byte { return append(own, 0) },
	})
}

func FuzzSnapshot(f *testing.F) {
	ledgertest.FuzzSnapshot(f, func() *Risk { return create(f, limits) })
}
