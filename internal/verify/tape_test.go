package verify

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/participant/marketdata"
)

// TestGapBehindGap: a market data that ended when it had said what is not on its tape, and took a later state over at its
// next start, has said so twice. What comes behind is the first batch all the same; so it is in a gap told twice.
func TestGapBehindGap(t *testing.T) {
	for name, gaps := range map[string][][2]uint64{"once": {{1, 6}}, "later": {{1, 3}, {4, 6}}, "twice": {{1, 6}, {1, 6}}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j, err := journal.Open(filepath.Join(dir, marketdata.TapeDir), journal.Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			put := func(kind uint8, first, second uint64, rest []byte) {
				t.Helper()
				head := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, first), second)
				if _, err := j.Append(kind, head, rest); err != nil {
					t.Fatal(err)
				}
			}
			for _, g := range gaps {
				put(marketdata.RecordTapeGap, g[0], g[1], nil)
			}
			put(marketdata.RecordTape, 3, 99, codec.AppendPayload(nil, &codec.Payload{FirstTrade: 7, Trades: []codec.Trade{{No: 7, Price: 1, Qty: 1}}}))
			if err := errors.Join(j.Flush(), j.Close()); err != nil {
				t.Fatal(err)
			}
			v := &verifier{tape: openTape(dir)}
			defer v.tape.stop()
			if err := v.begin(); err != nil || v.first != 7 || v.trades != 6 {
				t.Fatalf("first trade %d behind %d, %v, want 7 behind 6", v.first, v.trades, err)
			}
			if b, err := v.older(nil); err != nil || b == nil || b.Seq != 3 {
				t.Errorf("first batch %v, %v, want 3", b, err)
			}
		})
	}
}
