package engine

import (
	"bytes"
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
		if s, err := DecodeSealed(body); err == nil {
			if again, err := DecodeSealed(appendSealed(nil, s)); err != nil || again != s {
				t.Errorf("%+v came back as %+v, %v", s, again, err)
			}
		}
		if d, err := DecodeDecided(body); err == nil && !bytes.Equal(appendDecided(nil, d), body) {
			t.Error("encoding the decision gives other bytes")
		}
	})
}

// FuzzRestoreCore: bytes that have changed are refused.
func FuzzRestoreCore(f *testing.F) {
	limits := Limits{OrdersMax: 64, InstrumentsMax: 4, BatchTarget: 8, ClientsMax: 8, PositionsMax: 8}
	core, err := NewCore(limits, nil)
	if err != nil {
		f.Fatal(err)
	}
	state := core.AppendState(nil)
	f.Add(state)
	f.Add(state[:len(state)-1])
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := RestoreCore(limits, nil, data)
		if err == nil && !bytes.Equal(c.AppendState(nil), data) {
			t.Error("the restored core has another state")
		}
		if err == nil {
			c.Close()
		}
	})
}
