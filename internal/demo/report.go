package demo

import "slices"

// Report is what Run has seen. Times are nanoseconds of simulated time since the batch was proposed.
type Report struct {
	Scenario string  `json:"scenario"`
	About    string  `json:"about"` // what happens, in a sentence or two
	Seed     uint64  `json:"seed"`
	Runs     []Trial `json:"protocols"`
}

// Trial is one protocol in the scenario.
type Trial struct {
	Protocol string  `json:"protocol"` // "2pc", "3pc" or "e3pc"
	Name     string  `json:"name"`
	Verdict  Verdict `json:"verdict"`
	Meaning  string  `json:"meaning"`
	FaultNs  int64   `json:"fault_ns"`
	Fates    []Fate  `json:"participants"`
	Events   []Event `json:"events"`
}

// Verdict is what a protocol made of the fault.
type Verdict string

// The verdicts.
const (
	Blocks  Verdict = "BLOCKS"  // no quorum of participants knew the outcome before the fault was mended
	Splits  Verdict = "SPLITS"  // some have committed what others have aborted
	Decides Verdict = "DECIDES" // a quorum decided while the fault lasted, and all agree
)

// Outcomes of a Fate.
const (
	committed = "committed"
	aborted   = "aborted"
	doubt     = "in doubt"
)

// Fate is the outcome at one participant.
type Fate struct {
	Name      string `json:"name"`
	Outcome   string `json:"outcome"`     // "committed", "aborted" or "in doubt"
	InDoubtNs int64  `json:"in_doubt_ns"` // from its yes to the outcome, or to the end
	DecidedNs int64  `json:"decided_ns"`
}

// Event is a step of a node.
type Event struct {
	AtNs int64  `json:"at_ns"`
	Node string `json:"node"` // "" is the network
	Text string `json:"text"`
}

// story collects what happens in a trial.
type story struct {
	w       *world
	beginNs int64 // when the batch was proposed; 0: not yet
	seen    map[Event]bool
	events  []Event
	votedNs []int64
	fates   []Fate
}

func newStory(w *world) *story {
	s := &story{w: w, seen: map[Event]bool{}, votedNs: make([]int64, len(lanes))}
	for _, name := range lanes {
		s.fates = append(s.fates, Fate{Name: name, Outcome: doubt})
	}
	return s
}

// tell notes a step, the first time that it happens.
func (s *story) tell(node, text string) {
	e := Event{Node: node, Text: text}
	if s.beginNs == 0 || s.seen[e] {
		return
	}
	s.seen[e] = true
	e.AtNs = s.w.nowNs - s.beginNs
	s.events = append(s.events, e)
}

// decided notes an outcome. A participant that has one keeps it: the machines see to that.
func (s *story) decided(i int, outcome, text string) {
	now := s.w.nowNs - s.beginNs
	s.fates[i].Outcome, s.fates[i].InDoubtNs, s.fates[i].DecidedNs = outcome, now-s.votedNs[i], now
	s.tell(lanes[i], text)
}

// end is the end of the time that was looked at, for those who still wait.
func (s *story) end() {
	for i := range s.fates {
		if f := &s.fates[i]; f.Outcome == doubt {
			f.InDoubtNs = s.w.nowNs - s.beginNs - s.votedNs[i]
		}
	}
}

// everybody reports whether all participants have an outcome.
func (s *story) everybody() bool {
	return !slices.ContainsFunc(s.fates, func(f Fate) bool { return f.Outcome == doubt })
}

// verdict judges the fates; mendedNs is when the fault was over.
func (s *story) verdict(mendedNs int64) Verdict {
	count := map[string]int{}
	inTime := 0
	for _, f := range s.fates {
		count[f.Outcome]++
		if f.Outcome != doubt && f.DecidedNs < mendedNs {
			inTime++
		}
	}
	switch {
	case count[committed] > 0 && count[aborted] > 0:
		return Splits
	case inTime <= len(s.fates)/2:
		return Blocks
	}
	return Decides
}
