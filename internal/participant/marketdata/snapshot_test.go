package marketdata

import (
	"testing"

	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
)

func TestSnapshot(t *testing.T) {
	ledgertest.CheckSnapshot(t, func() *MarketData { return create(t, "") }, 0xdfe415510e17a9bf)
}

func TestSnapshotRefused(t *testing.T) {
	const row, next, days = 16, 16 + barSize, 16 + 2*barSize // the first day has two bars
	ledgertest.CheckRefused(t, func() *MarketData { return create(t, "") }, map[string]func([]byte) []byte{
		"more bars than there are":        ledgertest.Set(1<<60, 8),
		"a day that cannot be":            ledgertest.Set(1<<40, 0),
		"a day without bars":              func(own []byte) []byte { return append(own, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
		"a day twice":                     func(own []byte) []byte { return append(own, own[days:]...) },
		"the later day first":             func(own []byte) []byte { return append(own[days:], own[:days]...) },
		"an instrument that is undecided": ledgertest.Set(2, next),
		"an instrument that cannot be":    ledgertest.Set(1<<32+3, next),
		"a bar twice":                     ledgertest.Set(1, next),
		"an open beyond the high":         ledgertest.Set(1<<30, row+8),
		"a price of more than 32 bits":    ledgertest.Set(1<<32+80_000, row+8),
		"a low that is nothing":           ledgertest.Set(0, row+24),
		"a last below the low":            ledgertest.Set(1, row+32),
		"no volume":                       ledgertest.Set(0, row+40),
		"a value that no trades can have": ledgertest.Set(1<<62, row+48),
		"more shares than value":          ledgertest.Set(1<<61, row+40),
		"a value below the low":           ledgertest.Set(1, row+48),
		"a value above the high":          ledgertest.Set(1<<50, row+48),
		"more trades than shares":         ledgertest.Set(1<<50, row+56),
		"more trades than were applied":   ledgertest.Set(4, row+56),
		"no trades":                       ledgertest.Set(0, row+56),
		"something behind the last bar":   func(own []byte) []byte { return append(own, 0) },
	})
}

func FuzzSnapshot(f *testing.F) {
	ledgertest.FuzzSnapshot(f, func() *MarketData { return create(f, "") })
}
