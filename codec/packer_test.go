package codec

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// However many steps are taken while trades come, and when, the payload is the one that is packed in one piece.
func TestPackerWritesTheSame(t *testing.T) {
	p := NewPacker(1000)
	rapid.Check(t, func(t *rapid.T) {
		trades := drawTrades(t)
		p.Reset()
		for n := 0; n < len(trades); {
			n = min(n+rapid.IntRange(1, 300).Draw(t, "more"), len(trades))
			for range rapid.IntRange(0, 2*compactColumns).Draw(t, "steps") {
				p.Step(trades[:n])
			}
		}
		what := &Payload{FirstCommand: 3, LastCommand: 9, FirstTrade: 5, Instruments: []Instrument{sampleInstrument}, Trades: trades}
		if got, want := p.AppendPayload([]byte("x"), what), AppendPayload([]byte("x"), what); !bytes.Equal(got, want) {
			t.Errorf("%d trades are %d bytes, want these %d", len(trades), len(got), len(want))
		}
	})
}

// Steps end when all whole blocks are packed, leave little for the end, and allocate nothing.
func TestPackerSteps(t *testing.T) {
	trades, p := market(1000), NewPacker(1000)
	dst := make([]byte, 0, PayloadRoom(0, len(trades)))
	steps := 0
	allocs := testing.AllocsPerRun(3, func() {
		p.Reset()
		for steps = 0; p.Step(trades); {
			steps++
		}
		dst = p.AppendPayload(dst[:0], &Payload{Trades: trades})
	})
	if blocks := 1000 / CompactBlockMax; steps != blocks*(1+compactColumns) || p.done != blocks*CompactBlockMax {
		t.Errorf("%d steps have packed %d trades", steps, p.done)
	}
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
