package risk

import (
	"testing"

	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
)

// limits are never reached but always checked.
var limits = Config{ClientExposureMax: 1 << 50, MemberExposureMax: 1 << 50, TradeValueMax: 1 << 50}

func BenchmarkRisk(b *testing.B) {
	ledgertest.Benchmark(b, func() *Risk { return create(b, limits) })
}

// TestNoAllocation guards the path of a trade between parties that have traded before.
func TestNoAllocation(t *testing.T) {
	ledgertest.CheckAllocations(t, func() *Risk { return create(t, limits) })
}
