package settlement

import (
	"testing"

	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
)

func BenchmarkSettlement(b *testing.B) {
	ledgertest.Benchmark(b, func() *Settlement { return create(b) })
}

// TestNoAllocation guards the path of a trade between parties that have traded before.
func TestNoAllocation(t *testing.T) {
	ledgertest.CheckAllocations(t, func() *Settlement { return create(t) })
}
