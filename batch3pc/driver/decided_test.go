package driver_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/journal"
)

// TestDecidedPassesOverATornCheckpoint: a checkpoint repeats what is in doubt as Fills, and a power cut may take the
// last of them. What the log held before it holds still. A Fill of something else drops what it takes the place of.
func TestDecidedPassesOverATornCheckpoint(t *testing.T) {
	var chain []*batch3pc.Batch
	follow := func(parent batch3pc.Position, seq batch3pc.Seq) *batch3pc.Batch {
		b := &batch3pc.Batch{Seq: seq, Parent: parent.Seq, ParentChain: parent.Chain, Generation: 1, Count: 1, Payload: []byte{byte(seq)}}
		b.Seal()
		return b
	}
	last := batch3pc.Position{}
	for seq := batch3pc.Seq(1); seq <= 4; seq++ {
		chain = append(chain, follow(last, seq))
		last = chain[seq-1].Position()
	}
	other := follow(chain[1].Position(), 5)
	commit := func(at batch3pc.Position) batch3pc.Record {
		return batch3pc.Record{Kind: batch3pc.RecordCommit, Seq: at.Seq, Chain: at.Chain}
	}
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
			dir := t.TempDir()
			j, err := journal.Open(dir, journal.Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			records := []batch3pc.Record{commit(chain[0].Position())}
			for _, b := range chain {
				records = append(records, batch3pc.Record{Kind: batch3pc.RecordBatch, Batch: b})
			}
			records[0], records[1] = records[1], records[0] // the first batch is committed when the rest comes
			for _, r := range append(records, tc.behind...) {
				if _, err := j.Append(uint8(r.Kind), codec.AppendRecord(nil, &r)); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(j.Flush(), j.Close()); err != nil {
				t.Fatal(err)
			}
			d, err := driver.NewDecided(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			var got []batch3pc.Seq
			for b, err := d.Next(); err == nil; b, err = d.Next() {
				got = append(got, b.Seq)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("batches %d are committed, want %d", got, tc.want)
			}
		})
	}
}
