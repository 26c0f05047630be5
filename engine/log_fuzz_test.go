package engine

import (
	"bytes"
	"errors"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// FuzzReplica takes two records of any kind and content as a command log: each is taken or refused, and what is
// taken as a decision or a seal is what was in it.
func FuzzReplica(f *testing.F) {
	limits := Limits{OrdersMax: 64, InstrumentsMax: 4, BatchTarget: 8, ClientsMax: 8, PositionsMax: 8}
	command := codec.Command{Seq: 1, Kind: codec.KindNew, Instrument: 1, Qty: 1, Price: 1}
	f.Add(uint8(RecordCommands), codec.CommandBytes([]codec.Command{command}), uint8(RecordSealed), appendSealed(nil, Sealed{Seq: 1, Chain: 2, LastCommand: 1}))
	f.Add(uint8(RecordSealed), append(appendSealed(nil, Sealed{Seq: 1})[:sealedSize-1], 1), uint8(RecordEnd), []byte{}) // not zero where zeros belong
	f.Add(uint8(RecordVeto), append(appendVeto(nil, &Veto{Orders: []VetoOrder{{}}})[:24+15], 1), uint8(RecordEnd), []byte{})
	f.Add(uint8(RecordDecided), appendDecided(nil, Decided{Seq: 1, Chain: 2}), uint8(RecordEnd), []byte{})
	f.Add(uint8(RecordVeto), appendVeto(nil, &Veto{From: 1, To: 1, Orders: []VetoOrder{{}}}), uint8(batch3pc.RecordEpoch), make([]byte, 32))
	f.Fuzz(func(t *testing.T, kind uint8, body []byte, kind2 uint8, body2 []byte) {
		r, err := NewReplica(limits)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if r.Take(kind, bytes.Clone(body)) == nil {
			_ = r.Take(kind2, body2)
		}
		if s, err := DecodeSealed(body); err == nil && !bytes.Equal(appendSealed(nil, s), body) {
			t.Errorf("encoding %+v gives other bytes", s)
		}
		if v, err := DecodeVeto(body); err == nil && !bytes.Equal(appendVeto(nil, &v), body) {
			t.Errorf("encoding %+v gives other bytes", v)
		}
		if d, err := DecodeDecided(body); err == nil && !bytes.Equal(appendDecided(nil, d), body) {
			t.Error("encoding the decision gives other bytes")
		}
	})
}

// FuzzRestoreCore edits the state of a core: it is refused, or is a state, whose core gives it back; without a right
// checksum, or without an edit, nothing else is taken. An input is a few edits and not the state, which the fuzzer would
// try to shorten for ever.
func FuzzRestoreCore(f *testing.F) {
	d, day := newAnyDesk(f, anyLimits), newAnyDay(3)
	for range 40 {
		d.do(day.command())
	}
	whole := d.core.AppendState(nil)
	addEdits(f)
	f.Fuzz(func(t *testing.T, edits []byte, cut uint16, sealed bool) {
		data := edited(whole, edits, cut, sealed)
		c, err := RestoreCore(anyLimits, nil, data)
		if err != nil {
			refusedSnapshot(t, err, whole, data)
			return
		}
		defer c.Close()
		again, err := RestoreCore(anyLimits, nil, c.AppendState(nil))
		if err != nil {
			t.Fatalf("the state of the restored core is refused: %v", err)
		}
		again.Close()
		if !sealed && !bytes.Equal(data, whole) {
			t.Error("a state that was changed is taken")
		}
	})
}

// FuzzRestoreReplica is the same for the snapshot of a command log.
func FuzzRestoreReplica(f *testing.F) {
	limits := Limits{OrdersMax: 64, InstrumentsMax: 4, BatchTarget: 8, ClientsMax: 8, PositionsMax: 8}
	r, err := NewReplica(limits)
	if err != nil {
		f.Fatal(err)
	}
	defined := define(1)
	defined.Seq = 1
	if err := r.Take(RecordCommands, codec.CommandBytes([]codec.Command{defined})); err != nil {
		f.Fatal(err)
	}
	whole := r.AppendSnapshot(nil)
	r.Close()
	addEdits(f)
	f.Fuzz(func(t *testing.T, edits []byte, cut uint16, sealed bool) {
		data := edited(whole, edits, cut, sealed)
		r, err := RestoreReplica(limits, data)
		if err != nil {
			refusedSnapshot(t, err, whole, data)
			return
		}
		defer r.Close()
		again, err := RestoreReplica(limits, r.AppendSnapshot(nil))
		if err != nil {
			t.Fatalf("the snapshot of the restored replica is refused: %v", err)
		}
		again.Close()
		if !sealed && !bytes.Equal(data, whole) {
			t.Error("a snapshot that was changed is taken")
		}
	})
}

func addEdits(f *testing.F) {
	f.Add([]byte{}, uint16(0), false)
	f.Add([]byte{0, 0, 9, 1}, uint16(0), true)
	f.Add([]byte{0, 1, 0, 0xff, 0, 1, 8, 0xff}, uint16(0), true)
	f.Add([]byte{}, uint16(8), true)
}

// edited returns what is left of whole behind a cut at its end, with edits of four bytes each: a place and the byte that
// comes there, sealed with a checksum that fits.
func edited(whole, edits []byte, cut uint16, sealed bool) []byte {
	data := bytes.Clone(whole[:len(whole)-int(cut)%len(whole)])
	for ; len(edits) >= 4; edits = edits[4:] {
		data[(int(edits[0])<<16|int(edits[1])<<8|int(edits[2]))%len(data)] = edits[3]
	}
	if sealed && len(data) >= 8 {
		resum(data)
	}
	return data
}

func refusedSnapshot(t *testing.T, err error, whole, data []byte) {
	t.Helper()
	if !errors.Is(err, ErrSnapshot) {
		t.Errorf("%v, want ErrSnapshot", err)
	}
	if bytes.Equal(data, whole) {
		t.Errorf("what nobody has changed is refused: %v", err)
	}
}
