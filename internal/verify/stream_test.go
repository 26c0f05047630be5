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
			s := streamOf(t, []batch3pc.Record{
				{Kind: batch3pc.RecordBatch, Batch: first}, {Kind: batch3pc.RecordCommit, Seq: 1, Chain: first.Chain},
				{Kind: batch3pc.RecordSnapshot, Seq: state.Seq, Chain: state.Chain, Total: 1, Chunk: []byte{1}, Digest: xxhash.Sum64([]byte{1})},
				{Kind: batch3pc.RecordBatch, Batch: then}, {Kind: batch3pc.RecordCommit, Seq: then.Seq, Chain: then.Chain},
			})
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

// TestEndThatOthersCut: a log ends with batches whose commit record it has lost, and the others have cut them. They are
// what follows, once, as the state and the next batch of the others prove.
func TestEndThatOthersCut(t *testing.T) {
	var stream []*batch3pc.Batch
	last := batch3pc.Position{}
	for seq := range batch3pc.Seq(8) {
		b := &batch3pc.Batch{Seq: seq + 1, Parent: last.Seq, ParentChain: last.Chain, Generation: 1}
		b.Seal()
		stream, last = append(stream, b), b.Position()
	}
	votes := func(from, to, committed int) (log []batch3pc.Record) {
		for _, b := range stream[from-1 : to] {
			log = append(log, batch3pc.Record{Kind: batch3pc.RecordBatch, Batch: b})
		}
		if b := stream[committed-1]; committed >= from {
			log = append(log, batch3pc.Record{Kind: batch3pc.RecordCommit, Seq: b.Seq, Chain: b.Chain})
		}
		return log
	}
	state := func(at int) []batch3pc.Record {
		b := stream[at-1]
		return []batch3pc.Record{{Kind: batch3pc.RecordSnapshot, Seq: b.Seq, Chain: b.Chain, Total: 1, Chunk: []byte{1}, Digest: xxhash.Sum64([]byte{1})}}
	}
	for name, tc := range map[string]struct {
		logs [3][]batch3pc.Record
		want batch3pc.Seq
	}{
		"what follows proves it":  {[3][]batch3pc.Record{append(state(6), votes(7, 8, 8)...), append(state(6), votes(7, 8, 7)...), votes(1, 6, 3)}, 8},
		"a state proves it":       {[3][]batch3pc.Record{state(6), state(6), votes(1, 7, 3)}, 6},
		"two have it, in part":    {[3][]batch3pc.Record{votes(1, 6, 5), append(state(6), votes(7, 8, 8)...), votes(1, 6, 3)}, 8},
		"nothing proves the rest": {[3][]batch3pc.Record{votes(1, 6, 4), votes(1, 6, 5), votes(1, 6, 3)}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			v := &verifier{tape: openTape(t.TempDir())}
			defer v.tape.stop()
			for i, log := range tc.logs {
				s := streamOf(t, log)
				defer s.close()
				s.begun = log[0].Kind != batch3pc.RecordSnapshot
				v.roles = append(v.roles, &role{stream: s, result: RoleResult{Role: string('a' + rune(i))}})
			}
			for seq := batch3pc.Seq(1); ; seq++ {
				b, err := v.step()
				if err != nil {
					t.Fatal(err)
				}
				if b == nil {
					if seq != tc.want+1 {
						t.Errorf("it ends behind batch %d, want %d", seq-1, tc.want)
					}
					return
				}
				if b.Position() != stream[seq-1].Position() {
					t.Fatalf("batch %d, want %d", b.Seq, seq)
				}
				v.last = *b
			}
		})
	}
}

// streamOf reads a log with these records.
func streamOf(t *testing.T, log []batch3pc.Record) *stream {
	t.Helper()
	dir := t.TempDir()
	j, err := journal.Open(dir, journal.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range log {
		if _, err := j.Append(uint8(log[i].Kind), codec.AppendRecord(nil, &log[i])); err != nil {
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
	return s
}
