package verify

import (
	"errors"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
)

// TestStreamBehindAState: a participant that was away goes on in its log from the state of another one. What follows is no break of
// the chain, and the batches between are those of the others; but what does not follow the state is.
func TestStreamBehindAState(t *testing.T) {
	seal := func(parent batch3pc.Position, seq batch3pc.Seq) *batch3pc.Batch {
		b := &batch3pc.Batch{Seq: seq, Parent: parent.Seq, ParentChain: parent.Chain, Generation: 1}
		b.Seal()
		return b
	}
	first, state := seal(batch3pc.Position{}, 1), batch3pc.Position{Seq: 5, Chain: 55}
	for name, then := range map[string]*batch3pc.Batch{"sound": seal(state, 6), "a hole": seal(batch3pc.Position{Seq: 6, Chain: 66}, 7)} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j, err := journal.Open(dir, journal.Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []batch3pc.Record{
				{Kind: batch3pc.RecordBatch, Batch: first}, {Kind: batch3pc.RecordCommit, Seq: 1, Chain: first.Chain},
				{Kind: batch3pc.RecordSnapshot, Seq: state.Seq, Chain: state.Chain, Total: 1, Chunk: []byte{1}, Digest: xxhash.Sum64([]byte{1})},
				{Kind: batch3pc.RecordBatch, Batch: then}, {Kind: batch3pc.RecordCommit, Seq: then.Seq, Chain: then.Chain},
			} {
				if _, err := j.Append(uint8(r.Kind), codec.AppendRecord(nil, &r)); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(j.Flush(), j.Close()); err != nil {
				t.Fatal(err)
			}
			s, err := openStream(dir, "marketdata")
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			if b, err := s.peek(); err != nil || b.Seq != 1 {
				t.Fatal(b, err)
			}
			s.take()
			b, err := s.peek()
			var v *Violation
			if sound := name == "sound"; sound && (err != nil || b.Seq != 6 || s.begun) || !sound && !errors.As(err, &v) {
				t.Errorf("batch %v, joined %v, %v", b, s.begun, err)
			}
		})
	}
}
