package demo

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/textbook"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// protocol makes the machines of one protocol.
type protocol struct {
	id, name    string
	tickNs      int64
	coordinator func() (rounds.Proposer, error)
	participant func(id batch3pc.NodeID, app batch3pc.App) (rounds.Machine, error)
	standby     func() (rounds.Proposer, error) // nil: it has none
	// The fault strikes at this message, before it leaves, or at this record, before it is durable.
	strikes func(m *batch3pc.Message) bool
	record  batch3pc.RecordKind // 0: none
	meaning map[Verdict]string
}

// start is what a Start says about the batch.
func (p *protocol) start(keeps bool) string {
	switch {
	case p.standby == nil && keeps:
		return "COMMIT"
	case p.standby == nil:
		return "ABORT"
	case keeps:
		return "START: keep it"
	}
	return "START: drop it"
}

var voters = []batch3pc.NodeID{1, 2, 3}

var protocols = []protocol{
	textbookProtocol("2pc", "2PC", textbook.TwoPhase),
	textbookProtocol("3pc", "3PC of the textbooks", textbook.ThreePhase),
	{
		id: "e3pc", name: "E3PC (tezi)", tickNs: watchNs,
		coordinator: func() (rounds.Proposer, error) { return batch3pc.NewCoordinator(e3pcConfig(engineNode)) },
		participant: func(id batch3pc.NodeID, app batch3pc.App) (rounds.Machine, error) {
			return batch3pc.NewParticipant(batch3pc.ParticipantConfig{Self: id, Generation: 1, WindowMax: 16}, app)
		},
		standby: func() (rounds.Proposer, error) {
			s, err := batch3pc.NewStandby(batch3pc.StandbyConfig{Coordinator: e3pcConfig(backupNode), PatienceTicks: watchTicks})
			if err != nil {
				return nil, err
			}
			return rounds.Standby(s), nil
		},
		strikes: atSecond(batch3pc.KindPreCommit),
		meaning: map[Verdict]string{
			Decides: "a backup asks the participants, and a majority of them settles it. Nobody decides alone.",
		},
	},
}

func e3pcConfig(self batch3pc.NodeID) batch3pc.CoordinatorConfig {
	return batch3pc.CoordinatorConfig{
		Self: self, Boot: 1, Participants: voters, Members: voters, Generation: 1, WindowMax: 4, RetainMax: 16, NoInputGate: true,
	}
}

func textbookProtocol(id, name string, p textbook.Protocol) protocol {
	cfg := textbook.Config{
		Protocol: p, Self: engineNode, Boot: 1, Participants: voters, Generation: 1, WindowMax: 4, RetainMax: 16, TimeoutTicks: timeoutTicks,
	}
	out := protocol{
		id: id, name: name, tickNs: tickNs,
		coordinator: func() (rounds.Proposer, error) { return textbook.NewCoordinator(cfg) },
		participant: func(id batch3pc.NodeID, app batch3pc.App) (rounds.Machine, error) {
			cfg := cfg
			cfg.Self = id
			return textbook.NewParticipant(cfg, app)
		},
	}
	if p == textbook.TwoPhase {
		out.record = batch3pc.RecordCommit
		out.strikes = atSecond(batch3pc.KindCommit)
		out.meaning = map[Verdict]string{
			Blocks: "whoever voted yes waits for the coordinator, and what it reserved stays reserved.",
		}
		return out
	}
	out.strikes = atSecond(batch3pc.KindPreCommit)
	out.meaning = map[Verdict]string{
		Splits: "each decides alone when its timer fires: risk has trades that settlement threw away.",
	}
	return out
}

// atSecond strikes at the engine's second message of a kind: the first one, to risk, has left.
func atSecond(kind batch3pc.Kind) func(m *batch3pc.Message) bool {
	return func(m *batch3pc.Message) bool {
		return m.From == engineNode && m.Kind == kind && m.To == 2 && (kind != batch3pc.KindCommit || m.Commit > 0)
	}
}
