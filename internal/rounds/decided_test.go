package rounds_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// TestDecidedPassesOverATornCheckpoint: a checkpoint repeats what is in doubt as Fills, and a power cut may take the
// last of them. What the log held before it holds still. A Fill of something else drops what it takes the place of.
func TestDecidedPassesOverATornCheckpoint(t *testing.T) {
	chain := fourBatches()
	last, other := chain[3].Position(), follow(chain[1].Position(), 5)
	for name, tc := range map[string]struct {
		behind []batch3pc.Record
		want   []batch3pc.Seq
	}{
		"none": {[]batch3pc.Record{commit(last)}, []batch3pc.Seq{1, 2, 3, 4}},
		"torn behind its first fill": {
			[]batch3pc.Record{{Kind: batch3pc.RecordFill, Batch: chain[1]}, commit(last)}, []batch3pc.Seq{1, 2, 3, 4},
		},
		"something else": {
			[]batch3pc.Record{{Kind: batch3pc.RecordFill, Batch: other}, commit(other.Position())}, []batch3pc.Seq{1, 2, 5},
		},
	} {
		t.Run(name, func(t *testing.T) {
			records := []batch3pc.Record{commit(chain[0].Position())}
			for _, b := range chain {
				records = append(records, batch3pc.Record{Kind: batch3pc.RecordBatch, Batch: b})
			}
			records[0], records[1] = records[1], records[0] // the first batch is committed when the rest comes
			if got := decided(t, append(records, tc.behind...)); !slices.Equal(got, tc.want) {
				t.Errorf("batches %d are committed, want %d", got, tc.want)
			}
		})
	}
}

// TestDecidedOfACutLog: a log may begin with a batch in the middle of what was in doubt when the checkpoint behind it was
// made. The checkpoint repeats all of it, the parent of that batch too.
func TestDecidedOfACutLog(t *testing.T) {
	chain := fourBatches()
	fill := func(i int) batch3pc.Record { return batch3pc.Record{Kind: batch3pc.RecordFill, Batch: chain[i]} }
	got := decided(t, []batch3pc.Record{
		{Kind: batch3pc.RecordBatch, Batch: chain[3]}, commit(chain[0].Position()), fill(1), fill(2), fill(3), commit(chain[3].Position()),
	})
	if want := []batch3pc.Seq{2, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("batches %d are committed, want %d", got, want)
	}
}

// TestDecidedOfACheckpointBehindAHole: what was in doubt before the hole may have been dropped in it, and the checkpoint
// says what is left of it.
func TestDecidedOfACheckpointBehindAHole(t *testing.T) {
	chain := fourBatches()
	other := follow(chain[1].Position(), 5)
	records := []batch3pc.Record{
		{Kind: batch3pc.RecordBatch, Batch: chain[0]}, {Kind: batch3pc.RecordBatch, Batch: chain[1]}, {Kind: batch3pc.RecordBatch, Batch: chain[2]},
		commit(chain[0].Position()),
		{Kind: batch3pc.RecordKind(codec.RecordHole)}, // a start that has dropped the third
		{Kind: batch3pc.RecordSnapshot, Seq: 1, Chain: chain[0].Chain, Total: 1, Chunk: []byte{0}},
		{Kind: batch3pc.RecordFill, Batch: chain[1]},
		{Kind: batch3pc.RecordBatch, Batch: other},
		commit(other.Position()),
	}
	if got, want := decided(t, records), []batch3pc.Seq{1, 2, 5}; !slices.Equal(got, want) {
		t.Errorf("batches %d are committed, want %d", got, want)
	}
}

// follow is a batch behind another one, and fourBatches are the first ones of a stream.
func follow(parent batch3pc.Position, seq batch3pc.Seq) *batch3pc.Batch {
	b := &batch3pc.Batch{Seq: seq, Parent: parent.Seq, ParentChain: parent.Chain, Generation: 1, Count: 1, Payload: []byte{byte(seq)}}
	b.Seal()
	return b
}

func fourBatches() (chain []*batch3pc.Batch) {
	last := batch3pc.Position{}
	for seq := batch3pc.Seq(1); seq <= 4; seq++ {
		chain = append(chain, follow(last, seq))
		last = chain[seq-1].Position()
	}
	return chain
}

func commit(at batch3pc.Position) batch3pc.Record {
	return batch3pc.Record{Kind: batch3pc.RecordCommit, Seq: at.Seq, Chain: at.Chain}
}

// decided are the batches that a log of these records gives out.
func decided(t *testing.T, records []batch3pc.Record) (got []batch3pc.Seq) {
	t.Helper()
	dir := t.TempDir()
	j, err := journal.Open(dir, journal.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		var body []byte
		if uint8(r.Kind) != codec.RecordHole {
			body = codec.AppendRecord(nil, &r)
		}
		if _, err := j.Append(uint8(r.Kind), body); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(j.Flush(), j.Close()); err != nil {
		t.Fatal(err)
	}
	d, err := rounds.NewDecided(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for b, err := d.Next(); err == nil; b, err = d.Next() {
		got = append(got, b.Seq)
	}
	return got
}
