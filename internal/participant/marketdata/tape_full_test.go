package marketdata

import (
	"errors"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
	"github.com/tezi-exchange/tezi/orderbook"
)

// TestTapeWaitsForRoom: a market data whose disk is full refuses for reasons of infrastructure, takes what is decided all
// the same, and when there is room the tape has all of it, in order, and votes are yes again.
func TestTapeWaitsForRoom(t *testing.T) {
	const segment = 8 << 10
	fs := simdisk.New(1)
	fs.SetCapacity(segment)
	options := journal.Options{FS: fs, SegmentSize: segment, RecordMax: 4096}
	var err error
	m, s := create(t, ""), &ledgertest.Stream{}
	if m.tape, err = openTape("", options); err != nil {
		t.Fatal(err)
	}
	var batches []*batch3pc.Batch
	put := func(price orderbook.Price, decided bool) bool {
		t.Helper()
		var instruments []codec.Instrument
		if len(batches) == 0 {
			instruments = []codec.Instrument{ledgertest.Instrument(1, "SBIN", 2)}
		}
		b := s.Next(instruments, trade(1, 1, price))
		yes := m.Vote(b, decided)
		if !yes.Yes {
			if yes.Reason != batch3pc.ReasonInfra {
				t.Fatalf("vote %+v, want yes, or a no for infrastructure", yes)
			}
			m.Vote(b, true) // it is decided without us
		}
		batches = append(batches, b)
		s.Voted(b)
		m.Apply(s.Apply())
		return yes.Yes
	}
	price := orderbook.Price(100)
	for put(price, false) {
		price++
	}
	put(price+1, true)
	if _, err := m.Keep(); !journal.Full(err) || !journal.Full(m.Err()) {
		t.Errorf("to keep: %v, in trouble: %v, want that there is no room now", err, m.Err())
	}
	if err := m.tape.save(); !journal.Full(err) {
		t.Errorf("to save: %v, want that there is no room", err)
	}
	fs.SetCapacity(0)
	if !put(price+2, false) {
		t.Error("refused although there is room")
	}
	if m.Err() != nil {
		t.Errorf("still in trouble: %v", m.Err())
	}
	if err := errors.Join(m.tape.save(), m.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := openTape("", options)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.published) != len(batches) {
		t.Fatalf("%d batches are on the tape, want %d", len(again.published), len(batches))
	}
	for i, b := range batches {
		if again.published[i].at != b.Position() {
			t.Errorf("batch %d on the tape is %d, want %d", i, again.published[i].at.Seq, b.Seq)
		}
	}
	if err := again.close(); err != nil {
		t.Fatal(err)
	}
}

// TestTapeOwesTooMuch: what waits for room is bounded. Beyond that the tape has failed, for good.
func TestTapeOwesTooMuch(t *testing.T) {
	const segment = 8 << 10
	fs := simdisk.New(1)
	fs.SetCapacity(segment)
	tape, err := openTape("", journal.Options{FS: fs, SegmentSize: segment, RecordMax: 4096})
	if err != nil {
		t.Fatal(err)
	}
	for i := uint64(0); tape.err == nil; i++ {
		if i > segment+owedMax {
			t.Fatal("it owes any number of records")
		}
		tape.put(RecordTapeGap, i, i, nil)
	}
	if err := tape.save(); len(tape.owed) != owedMax || journal.Full(err) {
		t.Errorf("%d records are owed, want %d; to save: %v", len(tape.owed), owedMax, err)
	}
	if err := tape.close(); err != nil {
		t.Fatal(err)
	}
}
