package settlement

import (
	"testing"

	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
)

func TestSnapshot(t *testing.T) {
	ledgertest.CheckSnapshot(t, func() *Settlement { return create(t) }, 0x84852d3bd20ce855)
}

func FuzzSnapshot(f *testing.F) {
	ledgertest.FuzzSnapshot(f, func() *Settlement { return create(f) })
}
