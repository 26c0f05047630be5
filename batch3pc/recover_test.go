package batch3pc_test

import (
	"errors"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// A log that does not fit is refused with the record that does not.
func TestRecoverRefusesWhatDoesNotFit(t *testing.T) {
	log := chain(origin, 1, 6, "x")
	other := chain(origin, 3, 2, "y")
	torn := cloneBatch(log[1])
	torn.Payload[0] ^= 1
	record := func(kind batch3pc.RecordKind, ballot batch3pc.Ballot, at batch3pc.Position) batch3pc.Record {
		return batch3pc.Record{Kind: kind, Ballot: ballot, Seq: at.Seq, Chain: at.Chain}
	}
	start := record(batch3pc.RecordStart, ballot2, origin)
	voted := func(b *batch3pc.Batch) batch3pc.Record {
		return batch3pc.Record{Kind: batch3pc.RecordBatch, Ballot: ballot2, Batch: b}
	}
	first := voted(log[0])
	for _, test := range []struct {
		name    string
		good    []batch3pc.Record
		bad     batch3pc.Record
		wantSeq batch3pc.Seq
	}{
		{"epoch", nil, record(batch3pc.RecordEpoch, ballot1, origin), 0},
		{"promise goes back", []batch3pc.Record{start}, record(batch3pc.RecordPromise, ballot1, origin), 0},
		{"start below the promise", []batch3pc.Record{start}, record(batch3pc.RecordStart, ballot1, origin), 0},
		{"start on an unknown base", nil, record(batch3pc.RecordStart, ballot1, log[2].Position()), 3},
		{"batch missing", nil, batch3pc.Record{Kind: batch3pc.RecordBatch}, 0},
		{"batch damaged", []batch3pc.Record{start, first}, voted(torn), 2},
		{"batch behind a gap", []batch3pc.Record{start, first}, voted(log[2]), 3},
		{"fill behind a gap", []batch3pc.Record{start, first}, batch3pc.Record{Kind: batch3pc.RecordFill, Batch: other[1]}, 4},
		{"too many", []batch3pc.Record{start, first, voted(log[1]), voted(log[2]), voted(log[3])}, voted(log[4]), 5},
		{"vetoed now", []batch3pc.Record{start, first, voted(log[1]), voted(log[2])}, voted(chain(log[2].Position(), 9, 1, "x")[0]), 9},
		{"pre-commit in another ballot", []batch3pc.Record{start, first}, record(batch3pc.RecordPreCommit, ballot3, log[0].Position()), 1},
		{"pre-commit of the unknown", []batch3pc.Record{start}, record(batch3pc.RecordPreCommit, ballot2, log[0].Position()), 1},
		{"pre-commit twice", []batch3pc.Record{start, first, record(batch3pc.RecordPreCommit, ballot2, log[0].Position())},
			record(batch3pc.RecordPreCommit, ballot2, log[0].Position()), 1},
		{"commit of the unknown", []batch3pc.Record{start}, record(batch3pc.RecordCommit, ballot2, log[0].Position()), 1},
		{"commit twice", []batch3pc.Record{start, first, record(batch3pc.RecordCommit, ballot2, log[0].Position())},
			record(batch3pc.RecordCommit, ballot2, log[0].Position()), 1},
		{"start below the applied", []batch3pc.Record{start, first, record(batch3pc.RecordCommit, ballot2, log[0].Position())},
			record(batch3pc.RecordStart, ballot3, origin), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSingle(t)
			s.app.vetoed = func(_ batch3pc.NodeID, b *batch3pc.Batch) bool { return b.Seq == 9 }
			for i := range test.good {
				if err := s.machine.Recover(&test.good[i]); err != nil {
					t.Fatalf("record %d: %v", i, err)
				}
			}
			err := s.machine.Recover(&test.bad)
			var refused *batch3pc.RecoverError
			if !errors.As(err, &refused) || refused.Kind != test.bad.Kind || refused.Seq != test.wantSeq {
				t.Fatalf("error %v, want a RecoverError for %v of %d", err, test.bad.Kind, test.wantSeq)
			}
		})
	}
}

func TestCoordinatorRecoverRefusesForeignRecords(t *testing.T) {
	l := newLeader(t, nil)
	var refused *batch3pc.RecoverError
	if err := l.machine.Recover(&batch3pc.Record{Kind: batch3pc.RecordStart}); !errors.As(err, &refused) {
		t.Fatalf("error %v, want a RecoverError", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, change := range map[string]func(*batch3pc.CoordinatorConfig){
		"self 0":                   func(c *batch3pc.CoordinatorConfig) { c.Self = 0 },
		"self is a participant":    func(c *batch3pc.CoordinatorConfig) { c.Self = 2 },
		"no participants":          func(c *batch3pc.CoordinatorConfig) { c.Participants, c.Members = nil, nil },
		"too many participants":    func(c *batch3pc.CoordinatorConfig) { c.Participants = make([]batch3pc.NodeID, 17) },
		"participant 0":            func(c *batch3pc.CoordinatorConfig) { c.Participants = []batch3pc.NodeID{0, 1, 2} },
		"participant twice":        func(c *batch3pc.CoordinatorConfig) { c.Participants = []batch3pc.NodeID{1, 2, 3, 2} },
		"member is no participant": func(c *batch3pc.CoordinatorConfig) { c.Members = []batch3pc.NodeID{1, 2, 4} },
		"member twice":             func(c *batch3pc.CoordinatorConfig) { c.Members = []batch3pc.NodeID{1, 1, 2} },
		"a quorum without member":  func(c *batch3pc.CoordinatorConfig) { c.Members = []batch3pc.NodeID{1} },
		"no window":                func(c *batch3pc.CoordinatorConfig) { c.WindowMax = 0 },
		"retention below window":   func(c *batch3pc.CoordinatorConfig) { c.RetainMax = c.WindowMax - 1 },
	} {
		cfg := leaderConfig()
		change(&cfg)
		if _, err := batch3pc.NewCoordinator(cfg); !errors.Is(err, batch3pc.ErrConfig) {
			t.Errorf("coordinator, %s: error %v, want ErrConfig", name, err)
		}
	}
	app := &ledger{}
	for name, cfg := range map[string]batch3pc.ParticipantConfig{
		"self 0":             {WindowMax: 1},
		"no window":          {Self: 1},
		"negative retention": {Self: 1, WindowMax: 1, RetainMax: -1},
	} {
		if _, err := batch3pc.NewParticipant(cfg, app); !errors.Is(err, batch3pc.ErrConfig) {
			t.Errorf("participant, %s: error %v, want ErrConfig", name, err)
		}
	}
	if _, err := batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: 1, WindowMax: 1}, nil); !errors.Is(err, batch3pc.ErrConfig) {
		t.Errorf("participant without App: error %v, want ErrConfig", err)
	}
}
