package marketdata

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
)

// FuzzTape takes any record as one of the tape: it is refused, or says the same when it is encoded again.
func FuzzTape(f *testing.F) {
	p := codec.Payload{FirstTrade: 1, LastCommand: 1, Trades: []codec.Trade{{Qty: 1, Price: 1}}}
	head := make([]byte, tapeHeadSize)
	f.Add(uint8(RecordTape), codec.AppendPayload(bytes.Clone(head), &p))
	f.Add(uint8(RecordTapeGap), head)
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		var d, d2 TapeDecoder
		e, err := d.Decode(journal.Record{LSN: 1, Kind: kind, Body: body})
		if err != nil || e.Gap {
			return
		}
		again, err := d2.Decode(journal.Record{LSN: 1, Kind: kind, Body: codec.AppendPayload(bytes.Clone(body[:tapeHeadSize]), &e.Payload)})
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Errorf("encoded and decoded again, %+v is %+v: %v", e, again, err)
		}
	})
}
