package verify

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
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

// TestDefinitionsInAState: a state that market data takes over ends with, or is nothing but, batches that hold definitions
// alone. No gap of the tape speaks of them, since gaps count trades. One that market data has in its own log is missed.
func TestDefinitionsInAState(t *testing.T) {
	trade := func(no uint64) []codec.Trade { return []codec.Trade{{No: no, Price: 1, Qty: 1}} }
	payloads := []codec.Payload{{FirstTrade: 1, Trades: trade(1)}, {FirstTrade: 2}, {FirstTrade: 2}, {FirstTrade: 2, Trades: trade(2)}}
	var stream []*batch3pc.Batch
	last := batch3pc.Position{}
	for i := range payloads {
		b := &batch3pc.Batch{
			Seq: last.Seq + 1, Parent: last.Seq, ParentChain: last.Chain, Generation: 1,
			Count: uint32(len(payloads[i].Trades)), Payload: codec.AppendPayload(nil, &payloads[i]),
		}
		b.Seal()
		stream, last = append(stream, b), b.Position()
	}
	for name, tc := range map[string]struct {
		own   []int // batches in its log before the state
		state int   // the last batch in it; 0: there is none
		then  []int // behind it
		tape  []int // batches; 0: a gap up to trade 1
		bad   bool
	}{
		"behind a gap":            {nil, 3, []int{4}, []int{0, 4}, false},
		"behind what it has":      {[]int{1}, 3, []int{4}, []int{1, 4}, false},
		"nothing follows":         {[]int{1}, 3, nil, []int{1}, false},
		"its own, not published":  {[]int{1, 2}, 3, []int{4}, []int{1, 4}, true},
		"no state":                {[]int{1, 2, 3, 4}, 0, nil, []int{1, 4}, true},
		"behind the state":        {[]int{1}, 2, []int{3, 4}, []int{1, 4}, true},
		"its own, and published":  {[]int{1, 2}, 3, []int{4}, []int{1, 2, 4}, false},
		"a trade is passed over":  {nil, 3, []int{4}, []int{4}, true},
		"last, and not published": {[]int{1, 2, 3}, 0, nil, []int{1, 2}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var log []batch3pc.Record
			put := func(list []int) {
				for _, n := range list {
					b := stream[n-1]
					log = append(log, batch3pc.Record{Kind: batch3pc.RecordBatch, Batch: b}, batch3pc.Record{Kind: batch3pc.RecordCommit, Seq: b.Seq, Chain: b.Chain})
				}
			}
			if put(tc.own); tc.state > 0 {
				at := stream[tc.state-1]
				log = append(log, batch3pc.Record{Kind: batch3pc.RecordSnapshot, Seq: at.Seq, Chain: at.Chain, Total: 1, Chunk: []byte{1}, Digest: xxhash.Sum64([]byte{1})})
			}
			put(tc.then)
			dir := t.TempDir()
			tapeOf(t, dir, tc.tape, stream)
			md := &role{stream: streamOf(t, log), result: RoleResult{Role: "marketdata", Finished: true, Checkpoints: 1}}
			defer md.stream.close()
			v := &verifier{tape: openTape(dir), roles: []*role{md}}
			defer v.tape.stop()
			end := len(stream)
			if len(tc.then) == 0 {
				end = max(tc.state, len(tc.own))
			}
			if err := v.pass(stream[:end]); (err != nil) != tc.bad {
				t.Errorf("%v, want an error: %v", err, tc.bad)
			}
		})
	}
}

// pass checks V7 for the committed batches of a run, in step with the log of market data.
func (v *verifier) pass(stream []*batch3pc.Batch) error {
	md := v.roles[0].stream
	for _, b := range stream {
		head, err := md.peek()
		if err != nil {
			return err
		}
		if head != nil && head.Seq == b.Seq {
			md.take()
		}
		p, err := codec.DecodePayload(b.Payload, nil)
		if err == nil {
			err = v.published(b, &p)
		}
		if err != nil {
			return err
		}
	}
	return v.unpublished()
}

// tapeOf makes a tape of some batches; 0 is a gap that ends with trade 1.
func tapeOf(t *testing.T, dir string, list []int, stream []*batch3pc.Batch) {
	t.Helper()
	j, err := journal.Open(filepath.Join(dir, marketdata.TapeDir), journal.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list {
		head := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, 1), 1)
		kind, rest := uint8(marketdata.RecordTapeGap), []byte(nil)
		if n > 0 {
			b := stream[n-1]
			head = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(b.Seq)), uint64(b.Chain))
			kind, rest = marketdata.RecordTape, b.Payload
		}
		if _, err := j.Append(kind, head, rest); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(j.Flush(), j.Close()); err != nil {
		t.Fatal(err)
	}
}
