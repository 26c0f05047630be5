package engine

import (
	"bytes"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// TestBatchGrowsWhileInputWaits: an open batch comes of age later while there is input, and not never.
func TestBatchGrowsWhileInputWaits(t *testing.T) {
	e := newTestBox(t, nil).engine
	defer e.core.Close()
	defer e.log.ring.Close()
	age := e.sealAgeNs()
	for _, c := range []struct {
		afterNs int64
		waiting bool
		old     bool
	}{
		{age - 1, false, false}, {age, false, true}, {age, true, false}, {busyAges*age - 1, true, false}, {busyAges * age, true, true},
	} {
		e.openNs, e.nowNs = 1_000, 1_000+c.afterNs
		if c.waiting && e.input.Len() == 0 {
			e.input.TryPush(Entry{})
		}
		if got := e.old(); got != c.old {
			t.Errorf("after %d ns, input waiting %v: old %v, want %v", c.afterNs, c.waiting, got, c.old)
		}
	}
}

// TestSealedWithoutTrades: however long nobody trades, what is behind the last sealed batch does not grow for ever: an engine
// that stands by has it to match when it is to lead.
func TestSealedWithoutTrades(t *testing.T) {
	const n = 5 * quietMax
	cmds := []codec.Command{define(1)}
	for len(cmds) < n {
		cmds = append(cmds, codec.Command{
			Order: orderbook.OrderID(len(cmds)), Instrument: 1, Kind: codec.KindNew, Side: orderbook.Buy, Price: 1000, Qty: 1, Member: 1, Client: 1,
		})
	}
	b := newTestBox(t, nil)
	res, err := b.run(t, cmds)
	if err != nil {
		t.Fatal(err)
	}
	if res.Counts.OrdersAccepted < n-1 || res.CommittedTrades != 0 {
		t.Fatalf("%+v", res)
	}
	sealed := uint64(0)
	if err := b.log.Replay(func(kind uint8, body []byte) error {
		if kind != RecordSealed {
			return nil
		}
		s, err := DecodeSealed(body)
		if s.Trades != 0 || s.LastCommand < sealed+quietMax {
			t.Errorf("a batch of %d trades behind command %d, the last one was sealed behind %d", s.Trades, s.LastCommand, sealed)
		}
		sealed = s.LastCommand
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if sealed < n/2 {
		t.Errorf("of %d commands those behind %d are in no batch", n, sealed)
	}
}

// TestPackedOnTheWay: what is packed while a batch is open changes none of its bytes, nor those of the one behind it.
func TestPackedOnTheWay(t *testing.T) {
	cmds, sealed, steps := randomFlow(9, 30_000), 0, 0
	core, err := NewCore(Limits{OrdersMax: 1 << 15, InstrumentsMax: 8, BatchTarget: 100, ClientsMax: 1 << 10, PositionsMax: 1 << 12}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	open := NewBuilder(0, 1)
	for i := range cmds {
		cmds[i].Seq = uint64(i + 1)
		core.Apply(&cmds[i], open)
		if i%8 == 0 && open.Pack() {
			steps++
		}
		if !open.Full(600) {
			continue
		}
		sealed++
		p := open.Payload()
		if got, want := open.AppendPayload(nil), codec.AppendPayload(nil, &p); !bytes.Equal(got, want) {
			t.Fatalf("batch %d: %d trades are %d bytes, want these %d", sealed, len(p.Trades), len(got), len(want))
		}
		open.Reset(core.LastCommand(), core.NextTrade())
	}
	if sealed < 5 || steps < 5*sealed {
		t.Errorf("%d batches, %d steps: too few to say anything", sealed, steps)
	}
}
