package batch3pc

import (
	"slices"
	"testing"
)

func TestVetoBits(t *testing.T) {
	veto := make([]byte, 2)
	SetVeto(veto, 0, VetoTaker)
	SetVeto(veto, 3, VetoMaker)
	SetVeto(veto, 5, VetoTaker)
	SetVeto(veto, 5, VetoMaker)
	want := []uint8{VetoTaker, 0, 0, VetoMaker, 0, VetoTaker | VetoMaker, 0, 0, 0}
	for i, bits := range want {
		if got := VetoBits(veto, i); got != bits {
			t.Errorf("item %d: %d, want %d", i, got, bits)
		}
	}
}

func TestTail(t *testing.T) {
	want := []Position{{1, 2}, {^Seq(0), ^Chain(0)}, {3, 0}}
	var tail []byte
	for _, p := range want {
		tail = AppendTail(tail, p)
	}
	tail = append(tail, 1, 2, 3) // bytes of an incomplete entry do not count
	var got []Position
	for i := range TailLen(tail) {
		got = append(got, TailAt(tail, i))
	}
	if !slices.Equal(got, want) {
		t.Fatalf("tail %v, want %v", got, want)
	}
}

func TestBallotOrder(t *testing.T) {
	ascending := []Ballot{{}, {Boot: 1}, {Node: 1}, {Node: 1, Boot: 7}, {Node: 2}, {Epoch: 1}, {Epoch: 1, Node: 9, Boot: 9}, {Epoch: 2}}
	for i, a := range ascending {
		for j, b := range ascending {
			if a.Less(b) != (i < j) {
				t.Errorf("%v.Less(%v) = %v", a, b, a.Less(b))
			}
		}
		if a.IsZero() != (i == 0) {
			t.Errorf("%v.IsZero() = %v", a, a.IsZero())
		}
	}
}

// Every field of a batch is under its chain.
func TestChainCoversTheBatch(t *testing.T) {
	sealed := Batch{Seq: 7, Parent: 5, ParentChain: 3, Generation: 1, Count: 2, Payload: []byte("payload")}
	sealed.Seal()
	if !sealed.Intact() {
		t.Fatal("a sealed batch is not intact")
	}
	for name, change := range map[string]func(*Batch){
		"seq":          func(b *Batch) { b.Seq++ },
		"parent":       func(b *Batch) { b.Parent++ },
		"parent chain": func(b *Batch) { b.ParentChain++ },
		"generation":   func(b *Batch) { b.Generation++ },
		"count":        func(b *Batch) { b.Count++ },
		"digest":       func(b *Batch) { b.Digest++ },
		"chain":        func(b *Batch) { b.Chain++ },
		"payload":      func(b *Batch) { b.Payload = []byte("Payload") },
	} {
		b := sealed
		if change(&b); b.Intact() {
			t.Errorf("%s changed, and the batch is still intact", name)
		}
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{KindBatch.String(), "Batch"}, {KindStale.String(), "Stale"}, {Kind(0).String(), "Kind(0)"}, {Kind(99).String(), "Kind(99)"},
		{ReasonVeto.String(), "Veto"}, {Reason(9).String(), "Reason(9)"},
		{RecordEpoch.String(), "Epoch"}, {RecordKind(0).String(), "RecordKind(0)"},
		{KindSnapshotReq.String(), "SnapshotReq"}, {RecordIdentity.String(), "Identity"}, {TroubleIncarnation.String(), "Incarnation"},
		{PhaseCanCommit.String(), "can-commit"}, {Phase(0).String(), "Phase(0)"}, {Phase(9).String(), "Phase(9)"},
		{StateFenced.String(), "Fenced"}, {State(6).String(), "State(6)"},
		{Ballot{Epoch: 4, Node: 10, Boot: 2}.String(), "4.10.2"}, {Ballot{}.String(), "none"},
		{(&RecoverError{Kind: RecordStart, Seq: 3, Reason: "why"}).Error(), "batch3pc: recover: record Start of batch 3: why"},
	} {
		if test.got != test.want {
			t.Errorf("name %q, want %q", test.got, test.want)
		}
	}
}
