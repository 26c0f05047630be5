package ledgertest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// Role is what Run needs of a role.
type Role interface {
	batch3pc.App
	Save(dir string) error
	Digest() uint64
	AppliedTrades() uint64
}

// Run drives roles that create makes through random schedules. projected renders what a role has
// reserved; naive checks the applied state against the trades that were applied.
func Run[R Role](t *testing.T, create func() R, projected func(R) string, naive func(t *rapid.T, r R, applied []codec.Trade)) {
	rapid.Check(t, func(t *rapid.T) {
		role, stream := create(), &Stream{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			step(t, role, stream, projected)
		}
		for stream.Undecided() > 0 && rapid.Bool().Draw(t, "finish") {
			role.Apply(stream.Apply())
		}
		naive(t, role, Trades(stream.Applied()))

		twin, straight := create(), &Stream{}
		for _, b := range stream.Applied() {
			twin.Vote(b, true)
			twin.Apply(b)
			straight.Voted(b)
		}
		if role.Digest() != twin.Digest() || role.AppliedTrades() != twin.AppliedTrades() {
			t.Fatalf("%d trades and digest %x, but %d and %x if only what was decided came", role.AppliedTrades(), role.Digest(), twin.AppliedTrades(), twin.Digest())
		}
		for stream.Undecided() > 0 {
			role.Drop(stream.Drop())
		}
		if got, want := projected(role), projected(twin); got != want {
			t.Fatalf("reserved when nothing is undecided:\n%s\nwant\n%s", got, want)
		}
		sameFiles(t, role, twin)
	})
}

// step does one thing that the protocol may do.
func step[R Role](t *rapid.T, role R, stream *Stream, projected func(R) string) {
	digest, reserved := role.Digest(), projected(role)
	action := rapid.SampledFrom([]string{"vote", "vote", "vote", "decided", "damaged", "drop", "apply", "undo"}).Draw(t, "action")
	switch action {
	case "vote", "decided", "damaged", "undo":
		instruments, known := drawInstruments(t, stream)
		var trades []codec.Trade
		for range rapid.IntRange(0, 6).Draw(t, "trades") {
			if len(known) > 0 {
				trades = append(trades, drawTrade(t, known))
			}
		}
		b := stream.Next(instruments, trades...)
		if action == "damaged" {
			damage(t, b)
		}
		vote := role.Vote(b, action == "decided")
		switch {
		case action == "damaged" && (vote.Yes || vote.Reason != batch3pc.ReasonHash):
			t.Fatalf("a batch that contradicts itself got %+v", vote)
		case action == "undo" && vote.Yes:
			role.Drop(b)
		case vote.Yes:
			stream.Voted(b)
			return
		}
		if got := projected(role); got != reserved {
			t.Fatalf("after %s reserved\n%s\nbefore\n%s", action, got, reserved)
		}
	case "drop":
		if stream.Undecided() > 0 {
			role.Drop(stream.Drop())
		}
	case "apply":
		if stream.Undecided() > 0 {
			role.Apply(stream.Apply())
			return
		}
	}
	if role.Digest() != digest {
		t.Fatalf("%s changed the applied state", action)
	}
}

// damage makes b contradict itself or its history, and seals it again.
func damage(t *rapid.T, b *batch3pc.Batch) {
	p := Payload(b)
	encoded := func(change func()) func() {
		return func() { change(); b.Payload = codec.AppendPayload(nil, &p) }
	}
	faults := []func(){
		func() { b.Count++ },
		func() { b.Payload = b.Payload[:len(b.Payload)-1] },
		func() { b.Payload[16]++ }, // first trade
	}
	if n := len(p.Instruments); n > 0 {
		i := &p.Instruments[n-1]
		faults = append(faults,
			encoded(func() { i.Instrument = 0 }),
			encoded(func() { i.Instrument = 1 << 30 }),
			encoded(func() { i.PriceScale = 200 }))
	}
	if n := len(p.Trades); n > 0 {
		tr := &p.Trades[rapid.IntRange(0, n-1).Draw(t, "which")]
		faults = append(faults,
			encoded(func() { tr.No++ }),
			encoded(func() { tr.Instrument = 77 }),
			encoded(func() { tr.Price = 0 }),
			encoded(func() { tr.Price = -5 }),
			encoded(func() { tr.Qty = 0 }),
			encoded(func() { tr.TakerSide = 0 }))
	}
	rapid.SampledFrom(faults).Draw(t, "fault")()
	b.Seal()
}

// sameFiles checks that equal states are saved as equal files.
func sameFiles(t *rapid.T, a, b Role) {
	first, err := os.MkdirTemp("", "tezi-save-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(first)
	second := filepath.Join(first, "twin")
	if err := os.Mkdir(second, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := a.Save(first); err != nil {
		t.Fatal(err)
	}
	if err := b.Save(second); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(second)
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d files saved, %v", len(entries), err)
	}
	for _, e := range entries {
		one, err := os.ReadFile(filepath.Join(first, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		two, err := os.ReadFile(filepath.Join(second, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one, two) {
			t.Fatalf("%s differs:\n%s\nand\n%s", e.Name(), one, two)
		}
	}
}
