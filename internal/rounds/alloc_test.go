package rounds_test

import (
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// TestRoundAllocatesNothing: D4, over a real journal and real rings.
func TestRoundAllocatesNothing(t *testing.T) {
	bell, far := ringbuf.NewBell(ringbuf.WaitPark), ringbuf.NewBell(ringbuf.WaitPark)
	ours, theirs := transport.Pair(1<<20, 1<<20, far, bell)
	machine, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, Generation: 1, WindowMax: 8}, quiet{})
	if err != nil {
		t.Fatal(err)
	}
	disk, err := rounds.OpenDisk(t.TempDir(), bell, rounds.Replay(machine))
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close() //nolint:errcheck // the test is over
	p := rounds.NewParticipant(rounds.ParticipantConfig{Async: true}, machine, disk, []rounds.Peer{{Node: engine, Link: theirs}})
	b := batch3pc.Batch{Generation: 1, Count: 1, Payload: make([]byte, 1000)}
	round := func(m batch3pc.Message) {
		m.From, m.To, m.Ballot = engine, 1, first
		if buf := ours.Claim(codec.MessageSize(&m)); buf != nil {
			codec.AppendMessage(buf[:0], codec.Header{}, &m)
			ours.Publish(codec.MessageSize(&m))
		}
		if _, err := p.Round(1); err != nil {
			t.Fatal(err)
		}
		for {
			if ev, _ := ours.Next(); ev == rounds.EventNone {
				return
			}
			ours.Release()
		}
	}
	ours.Next() // up
	round(batch3pc.Message{Kind: batch3pc.KindStateReq})
	round(batch3pc.Message{Kind: batch3pc.KindStart})
	commit := func() {
		b.Parent, b.ParentChain, b.Seq = b.Seq, b.Chain, b.Seq+1
		b.Seal()
		round(batch3pc.Message{Kind: batch3pc.KindBatch, Seq: b.Seq, Batch: &b})
		round(batch3pc.Message{Kind: batch3pc.KindPreCommit, Seq: b.Seq, Chain: b.Chain})
		round(batch3pc.Message{Kind: batch3pc.KindCommit, Commit: b.Seq, CommitChain: b.Chain})
	}
	for range 100 {
		commit()
	}
	if n := testing.AllocsPerRun(200, commit); n != 0 {
		t.Errorf("%v allocations for a batch, want 0", n)
	}
	if st := machine.Status(); st.Applied != b.Seq || disk.LSN() < uint64(3*b.Seq) {
		t.Errorf("applied %d of %d batches: nothing was measured", st.Applied, b.Seq)
	}
}

// TestCoordinatorRoundAllocatesNothing: D4 for the other side: from Propose to the outcome, with three
// participants whose part the test plays.
func TestCoordinatorRoundAllocatesNothing(t *testing.T) {
	nodes := []batch3pc.NodeID{1, 2, 3}
	machine, err := batch3pc.NewCoordinator(batch3pc.CoordinatorConfig{
		Self: engine, Boot: 1, Participants: nodes, Members: nodes, Generation: 1, WindowMax: 4, RetainMax: 8, NoInputGate: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	bell := ringbuf.NewBell(ringbuf.WaitPark)
	var peers []rounds.Peer
	var sites []*rounds.Participant
	for _, id := range nodes {
		ours, theirs := transport.Pair(1<<20, 1<<20, bell, bell)
		peers = append(peers, rounds.Peer{Node: id, Link: ours})
		m, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: id, Generation: 1, WindowMax: 8}, quiet{})
		if err != nil {
			t.Fatal(err)
		}
		sites = append(sites, rounds.NewParticipant(rounds.ParticipantConfig{Async: true}, m, &noLog{}, []rounds.Peer{{Node: engine, Link: theirs}}))
	}
	told := 0
	c := rounds.NewCoordinator(rounds.CoordinatorConfig{TickNs: 1 << 60, RetainMax: 8, Outcome: func(o *rounds.Outcome) {
		if o.Err == nil {
			told++
		}
	}}, machine, &noLog{}, peers)
	run := func() {
		for busy := true; busy; {
			_, err := c.Round(1)
			busy = c.Ready()
			for _, s := range sites {
				if _, serr := s.Round(1); serr != nil {
					err = serr
				}
				busy = busy || s.Ready()
			}
			if err != nil {
				t.Fatal(err)
			}
			busy = busy || c.Ready()
		}
	}
	if err := c.Open(); err != nil {
		t.Fatal(err)
	}
	run()
	payload := make([]byte, 1000)
	commit := func() {
		if _, err := c.Propose(10, payload); err != nil {
			t.Fatal(err)
		}
		run()
	}
	for range 100 {
		commit()
	}
	if n := testing.AllocsPerRun(200, commit); n != 0 {
		t.Errorf("%v allocations for a batch, want 0", n)
	}
	if told != 301 {
		t.Errorf("%d outcomes, want 301: nothing was measured", told)
	}
}

// noLog is a Log that forgets: it is durable at once.
type noLog struct{ lsn uint64 }

func (l *noLog) Append(uint8, []byte, []byte) error { l.lsn++; return nil }
func (l *noLog) Flush() error                       { return nil }
func (l *noLog) LSN() uint64                        { return l.lsn }
func (l *noLog) Want(uint64)                        {}
func (l *noLog) Synced() (uint64, error)            { return l.lsn, nil }

// quiet is an App that says yes.
type quiet struct{}

func (quiet) Vote(*batch3pc.Batch, bool) batch3pc.Vote { return batch3pc.Vote{Yes: true} }
func (quiet) Apply(*batch3pc.Batch)                    {}
func (quiet) Drop(*batch3pc.Batch)                     {}
