package rounds_test

import (
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// writer writes the log of a participant as the machine would.
type writer struct {
	t       *testing.T
	disk    *rounds.Disk
	log     []*batch3pc.Batch // the stream as it is here
	applied int               // of log
	seq     batch3pc.Seq
}

func (w *writer) record(r batch3pc.Record) {
	w.t.Helper()
	if err := w.disk.Append(uint8(r.Kind), codec.AppendRecord(nil, &r), nil); err != nil {
		w.t.Fatal(err)
	}
}

func (w *writer) at(n int) batch3pc.Position {
	if n == 0 {
		return batch3pc.Position{}
	}
	return w.log[n-1].Position()
}

// write does something that a participant does.
func (w *writer) write(r *rand.Rand) {
	switch n := len(w.log); r.IntN(8) {
	default: // it votes, or is filled up
		parent := w.at(n)
		w.seq++
		b := &batch3pc.Batch{Seq: w.seq, Parent: parent.Seq, ParentChain: parent.Chain, Generation: 1, Count: 1, Payload: make([]byte, r.IntN(200))}
		b.Seal()
		kind := batch3pc.RecordBatch
		if r.IntN(2) == 0 {
			kind = batch3pc.RecordFill
		}
		w.record(batch3pc.Record{Kind: kind, Ballot: batch3pc.Ballot{Epoch: 1, Node: 16}, Batch: b})
		w.log = append(w.log, b)
	case 0, 1, 2: // it applies
		w.applied += r.IntN(n - w.applied + 1)
		at := w.at(w.applied)
		w.record(batch3pc.Record{Kind: batch3pc.RecordCommit, Seq: at.Seq, Chain: at.Chain})
	case 3: // it is started in another ballot
		w.log = w.log[:w.applied+r.IntN(n-w.applied+1)]
		at := w.at(len(w.log))
		w.record(batch3pc.Record{Kind: batch3pc.RecordStart, Ballot: batch3pc.Ballot{Epoch: 2, Node: 16}, Seq: at.Seq, Chain: at.Chain})
	case 4: // a checkpoint, in pieces
		if at := w.at(w.applied); at.Seq > 0 {
			for i := range uint64(3) {
				w.record(batch3pc.Record{Kind: batch3pc.RecordSnapshot, Seq: at.Seq, Chain: at.Chain, Offset: 300 * i, Total: 900, Chunk: make([]byte, 300)})
			}
			for _, b := range w.log[w.applied:] {
				w.record(batch3pc.Record{Kind: batch3pc.RecordFill, Batch: b})
			}
		}
	}
}

// TestDecidedNear: what was decided behind any position is found from a place near it, whatever the log was
// written through, and as it is found from the beginning.
func TestDecidedNear(t *testing.T) {
	const records = 300
	for seed := range uint64(8) {
		trailed, stepsMax := seed%2 > 0, 64 // with the places that it passed, and without: after a restart
		if trailed {
			stepsMax = 320 // milestones are so many batches apart
		}
		files := rounds.Files{SegmentSize: 1 << 10, RecordMax: 640}
		disk, err := files.OpenDisk(t.TempDir(), ringbuf.NewBell(ringbuf.WaitPark), func(uint8, []byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		w := &writer{t: t, disk: disk}
		r := rand.New(rand.NewPCG(seed, 0))
		for range records {
			w.write(r)
			if trailed {
				disk.Passed(w.at(len(w.log)).Seq)
			}
		}
		if err := disk.Flush(); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < w.applied; i += 1 + r.IntN(5) {
			d, err := disk.OpenDecided(w.at(i).Seq)
			if err != nil {
				t.Fatal(err)
			}
			next, steps := i, 0
			for ; next < min(i+10, w.applied); steps++ {
				b, err := d.Step()
				if err != nil {
					t.Fatalf("seed %d: behind batch %d: %v, and batch %d is missing", seed, w.at(i).Seq, err, w.at(next+1).Seq)
				}
				if b == nil || b.Parent < w.at(i).Seq {
					continue
				}
				if b.Position() != w.at(next+1) {
					t.Fatalf("seed %d: behind batch %d comes batch %d of parent %d, want batch %d", seed, w.at(next).Seq, b.Seq, b.Parent, w.at(next+1).Seq)
				}
				if next == i && steps > stepsMax {
					t.Errorf("seed %d: batch %d is found after %d records, of %d in the log", seed, b.Seq, steps, disk.LSN())
				}
				next++
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := disk.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
