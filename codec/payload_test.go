package codec

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// TestPayloadRoundTrip: C1, from aligned and misaligned bytes, in the room that is promised, over the trades of another
// payload.
func TestPayloadRoundTrip(t *testing.T) {
	for _, p := range []Payload{
		{LastCommand: 5},
		{FirstCommand: 1, LastCommand: 9, FirstTrade: 4, Instruments: []Instrument{sampleInstrument}, Trades: []Trade{sampleTrade, sampleTrade}},
		{Instruments: []Instrument{sampleInstrument, sampleInstrument}},
		{FirstCommand: 3, LastCommand: 900, FirstTrade: 1_000_000, Instruments: []Instrument{sampleInstrument, {}}, Trades: market(700)},
	} {
		into := market(701)
		for shift := range 8 {
			room := make([]byte, shift, shift+PayloadRoom(len(p.Instruments), len(p.Trades)))
			b := AppendPayload(room, &p)[shift:]
			if unsafe.SliceData(b) != unsafe.SliceData(room[:cap(room)][shift:]) {
				t.Errorf("%d trades do not fit into the room for them", len(p.Trades))
			}
			got, err := DecodePayload(b, into)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Trades) > 0 && &got.Trades[0] != &into[0] {
				t.Errorf("shift %d: the trades are not where there is room for them", shift)
			}
			if len(got.Instruments) == 0 { // an empty slice or none
				got.Instruments = p.Instruments
			}
			if len(got.Trades) == 0 {
				got.Trades = p.Trades
			}
			if !reflect.DeepEqual(got, p) {
				t.Errorf("shift %d: another payload comes out", shift)
			}
		}
	}
}

// TestPayloadRefused: each fault of form is an error.
func TestPayloadRefused(t *testing.T) {
	good := AppendPayload(nil, &Payload{FirstTrade: 1, Instruments: []Instrument{sampleInstrument, {}}, Trades: market(700)})
	for name, damage := range map[string]func(b []byte) []byte{
		"short":             func(b []byte) []byte { return b[:31] },
		"cut instruments":   func(b []byte) []byte { return b[:100] },
		"cut trades":        func(b []byte) []byte { return b[:len(b)-1] },
		"other number":      func(b []byte) []byte { b[28]++; return b },
		"many instruments":  func(b []byte) []byte { b[25] = 255; return b },
		"many trades":       func(b []byte) []byte { b[30] = 255; return b },
		"trades are missed": func(b []byte) []byte { return b[:32+2*CommandSize] },
		"other version":     func(b []byte) []byte { b[payloadVersionAt]++; return b },
		"wide version":      func(b []byte) []byte { b[payloadVersionAt+1]++; return b },
	} {
		p, err := DecodePayload(damage(bytes.Clone(good)), nil)
		if !errors.Is(err, ErrPayload) && !errors.Is(err, ErrCompact) || p.Trades != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPayloadOfVersion1: a payload as it was before the trades were compact is refused by name.
func TestPayloadOfVersion1(t *testing.T) {
	old := make([]byte, 32, 96)
	old[0], old[8], old[16], old[28] = 1, 2, 3, 1
	_, err := DecodePayload(append(old, TradeBytes([]Trade{sampleTrade})...), nil)
	if !errors.Is(err, ErrPayloadVersion) || !errors.Is(err, ErrPayload) || !strings.HasSuffix(err.Error(), ": 1, want 2") {
		t.Errorf("%v", err)
	}
}

// TestPayloadSizeMax: no payload is larger, whatever is in its fields.
func TestPayloadSizeMax(t *testing.T) {
	p := Payload{Instruments: make([]Instrument, InstrumentsPerBatchMax), Trades: make([]Trade, TradesPerBatchMax)}
	raw := TradeBytes(p.Trades)
	for i := range raw {
		if i/TradeSize%2 == 0 && i%TradeSize < tradeFieldsSize { // every value of a column is all ones or 0
			raw[i] = 0xff
		}
	}
	for i := range p.Trades { // steps of all sizes
		p.Trades[i].No, p.Trades[i].TimeNs, p.Trades[i].Command = uint64(i&3/2)<<63, int64(i&3/2)<<62, uint32(i&3/2)<<31
	}
	if n := len(AppendPayload(nil, &p)); n > PayloadSizeMax || n < PayloadSizeMax*9/10 {
		t.Errorf("%d bytes, PayloadSizeMax is %d", n, PayloadSizeMax)
	}
}

// FuzzPayload: C2, and what can be decoded can be encoded and decoded again.
func FuzzPayload(f *testing.F) {
	f.Add(AppendPayload(nil, &Payload{1, 2, 3, []Instrument{sampleInstrument}, []Trade{sampleTrade}}))
	f.Add([]byte(strings.Repeat("\xff", 64)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodePayload(b, nil)
		if err != nil {
			return
		}
		if again, err := DecodePayload(AppendPayload(nil, &p), nil); err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("decoded %+v, and again %+v: %v", p, again, err)
		}
	})
}
