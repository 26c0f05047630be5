package marketdata

import (
	"testing"

	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
)

func TestSnapshot(t *testing.T) {
	ledgertest.CheckSnapshot(t, func() *MarketData { return create(t, "") }, 0xdfe415510e17a9bf)
}

func FuzzSnapshot(f *testing.F) {
	ledgertest.FuzzSnapshot(f, func() *MarketData { return create(f, "") })
}
