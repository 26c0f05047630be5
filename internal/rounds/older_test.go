package rounds_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// TestUnreadableLogHelpsNobody: damage in a part of the log that only others need does not end the participant that
// is asked for it. It says so, once, and that it cannot send what the log has by now.
func TestUnreadableLogHelpsNobody(t *testing.T) {
	const batches, damaged, asked = 20, 6, 3
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Generation: 1, WindowMax: 1, RetainMax: 1, Older: true}, &agree{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	disk, err := rounds.OpenDisk(dir, ringbuf.NewBell(ringbuf.WaitPark), rounds.Replay(machine))
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close() //nolint:errcheck // its log is damaged
	ours, theirs := memPair()
	var said []error
	p := rounds.NewParticipant(rounds.ParticipantConfig{Unreadable: func(err error) { said = append(said, err) }}, machine, disk, []rounds.Peer{{Node: engine, Link: theirs}})
	defer p.Close()
	ballot := batch3pc.Ballot{Epoch: 1, Node: engine, Boot: 1}
	tell := func(m batch3pc.Message) []batch3pc.Kind {
		m.From, m.To, m.Ballot = engine, 1, ballot
		ours.tell(m)
		for {
			if _, err := p.Round(1); err != nil {
				t.Fatal(err)
			}
			if !p.Ready() {
				return ours.heard(t)
			}
		}
	}
	tell(batch3pc.Message{Kind: batch3pc.KindStateReq})
	tell(batch3pc.Message{Kind: batch3pc.KindStart})
	var at, from batch3pc.Position
	for seq := batch3pc.Seq(1); seq <= batches; seq++ {
		b := batch3pc.Batch{Seq: seq, Parent: at.Seq, ParentChain: at.Chain, Generation: 1, Count: 1, Payload: fmt.Appendf(nil, "batch <%d>", seq)}
		b.Seal()
		if at = b.Position(); seq == asked {
			from = at
		}
		if seq == batches/2 {
			if err := disk.Settle(); err != nil { // so that what comes then proves that this much was whole
				t.Fatal(err)
			}
		}
		tell(batch3pc.Message{Kind: batch3pc.KindBatch, Seq: seq, Batch: &b})
		tell(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: seq, Chain: at.Chain})
		tell(batch3pc.Message{Kind: batch3pc.KindCommit, Commit: seq, CommitChain: at.Chain})
	}
	spoil(t, filepath.Join(dir, "00000000000000000001.journal"), fmt.Sprintf("batch <%d>", damaged))
	fetch := batch3pc.Message{Kind: batch3pc.KindFetch, Seq: from.Seq, Chain: from.Chain, Commit: at.Seq, CommitChain: at.Chain}
	if got := tell(fetch); len(got) != damaged-asked-1 || len(said) != 1 {
		t.Errorf("answers %v, and said %v; want the batches before the damage, and that once", got, said)
	}
	if got := tell(fetch); !slices.Equal(got, []batch3pc.Kind{batch3pc.KindApplied}) || len(said) != 1 {
		t.Errorf("asked again: answers %v, and said %v; want that it cannot serve", got, said)
	}
}

// spoil changes a byte of a file where text is.
func spoil(t *testing.T, path, text string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte(text))
	if at < 0 {
		t.Fatalf("no %q in %s", text, path)
	}
	b[at] ^= 1
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
