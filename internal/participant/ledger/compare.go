package ledger

import (
	"bytes"
	"cmp"

	"github.com/tezi-exchange/tezi/codec"
)

// CompareInstruments orders instruments as reports list them: by name, and by index at last.
func CompareInstruments(a, b *codec.Instrument) int {
	return cmp.Or(
		bytes.Compare(a.Symbol[:], b.Symbol[:]),
		bytes.Compare(a.Series[:], b.Series[:]),
		bytes.Compare(a.Class[:], b.Class[:]),
		cmp.Compare(a.Expiry, b.Expiry),
		cmp.Compare(a.Strike, b.Strike),
		bytes.Compare(a.Option[:], b.Option[:]),
		cmp.Compare(a.Instrument, b.Instrument),
	)
}
