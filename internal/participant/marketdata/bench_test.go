package marketdata

import (
	"testing"

	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
)

// BenchmarkMarketData includes the tape.
func BenchmarkMarketData(b *testing.B) {
	ledgertest.Benchmark(b, func() *MarketData { return create(b, b.TempDir()) })
}

// TestNoAllocation guards the path of a trade in an instrument that has traded before.
func TestNoAllocation(t *testing.T) {
	ledgertest.CheckAllocations(t, func() *MarketData { return create(t, t.TempDir()) })
}
