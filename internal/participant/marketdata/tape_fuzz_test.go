package marketdata

import (
	"bytes"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
)

// FuzzTape takes any record as one of the tape: it is refused, or says no more than its bytes hold.
func FuzzTape(f *testing.F) {
	p := codec.Payload{FirstTrade: 1, LastCommand: 1, Trades: []codec.Trade{{Qty: 1, Price: 1}}}
	head := make([]byte, tapeHeadSize)
	f.Add(uint8(RecordTape), codec.AppendPayload(bytes.Clone(head), &p))
	f.Add(uint8(RecordTapeCompact), codec.AppendCompactPayload(bytes.Clone(head), &p))
	f.Add(uint8(RecordTapeGap), head)
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		var d TapeDecoder
		e, err := d.Decode(journal.Record{LSN: 1, Kind: kind, Body: body})
		if err == nil && !e.Gap && kind == RecordTape && !bytes.Equal(codec.AppendPayload(bytes.Clone(body[:tapeHeadSize]), &e.Payload), body) {
			t.Error("encoding the payload gives other bytes")
		}
	})
}
