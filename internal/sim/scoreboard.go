package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tezi-exchange/tezi/internal/mutant"
)

// ErrNoBugs says that this binary cannot be broken.
var ErrNoBugs = errors.New("sim: this binary holds no seeded bugs: build it with -tags mutants, as make mutants does")

// Score is what the portfolio made of one seeded bug.
type Score struct {
	Bug       mutant.Bug
	Proof     string             // why it breaks nothing, or ""
	By        string             // who killed it first, "" if nobody did
	Invariant string             // that it broke
	Schedules [Schedulers]uint64 // that each scheduler took to kill it; 0: it did not, within Limits
	Events    int                // of the shortest schedule found
	Seconds   float64            // that it took who killed it
}

// Limits of a scoreboard.
type Limits struct {
	Each  uint64 // schedules of each scheduler, for the columns
	Whole uint64 // schedules of the portfolio, for those that live then
	Slow  uint64 // how many times fewer schedules of whole nodes are played, for bugs that only these have
	Jobs  int
}

// DefaultLimits keeps each bug below a minute on two cores.
var DefaultLimits = Limits{Each: 50_000, Whole: 1_000_000, Slow: 10}

// of are the limits for one bug, and the level where it lives.
func (l Limits) of(bug mutant.Bug) (Limits, Level) {
	if !bug.Whole() {
		return l, Core
	}
	l.Each, l.Whole = l.Each/l.Slow, l.Whole/l.Slow
	return l, Driver
}

// Judge runs the portfolio against one bug, which lives in the whole process meanwhile.
func Judge(ctx context.Context, id mutant.ID, limits Limits) (*Score, error) {
	mutant.Select(id)
	defer mutant.Select(mutant.None)
	score := &Score{Bug: id.Bug(), Proof: equivalent[id]}
	limits, level := limits.of(score.Bug)
	began := time.Now() // of whoever tries
	kill := func(by, invariant string, events int) {
		if score.By == "" || events < score.Events {
			score.Events = events
		}
		if score.By == "" {
			score.By, score.Invariant, score.Seconds = by, invariant, time.Since(began).Seconds()
		}
	}
	for s := range Schedulers {
		began = time.Now()
		report := Run(ctx, Set{Count: limits.Each, Only: &s, Jobs: limits.Jobs, Level: level})
		if f := report.Failure; f != nil {
			score.Schedules[s] = report.Schedules
			kill(s.String(), f.Invariant, len(f.Script))
		}
	}
	began = time.Now()
	if score.By == "" {
		_, v, by, err := NewRunner().playMuseum()
		if err != nil {
			return nil, err
		}
		if v != nil {
			kill("museum", v.Invariant, len(by.Actions))
		}
	}
	began = time.Now()
	if score.By == "" && score.Proof == "" {
		report := Run(ctx, Set{From: limits.Each, Count: limits.Whole, Jobs: limits.Jobs, Level: level})
		if f := report.Failure; f != nil {
			for s := range Schedulers {
				if s.String() == f.Scheduler {
					score.Schedules[s] = limits.Each + report.Schedules
				}
			}
			kill(f.Scheduler, f.Invariant, len(f.Script))
		}
	}
	return score, ctx.Err()
}

// Scoreboard judges every bug and writes the page. The error is a *FailedError if a bug lives that
// is not proven harmless, or if one is killed that was proven to be.
func Scoreboard(ctx context.Context, page, progress io.Writer, limits Limits) error {
	if !mutant.Enabled {
		return ErrNoBugs
	}
	var scores []*Score
	var failed []string
	for _, id := range mutant.All() {
		score, err := Judge(ctx, id, limits)
		if err != nil {
			return err
		}
		scores = append(scores, score)
		verdict := "lives"
		switch {
		case score.By != "" && score.Proof != "":
			verdict = "KILLED ALTHOUGH PROVEN HARMLESS"
			failed = append(failed, score.Bug.Name)
		case score.By != "":
			verdict = "killed by " + score.By
		case score.Proof != "":
			verdict = "proven harmless"
		default:
			failed = append(failed, score.Bug.Name)
		}
		fmt.Fprintf(progress, "%-20s %s %s %v %.1f s\n", score.Bug.Name, verdict, score.Invariant, score.Schedules, score.Seconds)
	}
	if err := writeScores(page, scores, limits); err != nil {
		return err
	}
	if len(failed) > 0 {
		return &FailedError{"not as it should be: " + strings.Join(failed, ", ")}
	}
	return nil
}

// writeScores writes docs/MUTANTS.md.
func writeScores(w io.Writer, scores []*Score, limits Limits) error {
	var b strings.Builder
	killed, proven := 0, 0
	var worst float64
	var counts []uint64
	for _, s := range scores {
		switch {
		case s.By != "":
			killed++
			worst = max(worst, s.Seconds)
			counts = append(counts, fewest(s))
		case s.Proof != "":
			proven++
		}
	}
	slices.Sort(counts)
	fmt.Fprintf(&b, "# Seeded bugs\n\nWritten by `make mutants`; do not edit. %d bugs are seeded into [batch3pc](../batch3pc), its [driver](../internal/rounds), [codec](../codec) and the\n"+
		"[journal](../internal/journal) behind the build tag `mutants` ([internal/mutant](../internal/mutant)). The simulator ([SIMULATION.md](SIMULATION.md)) kills %d of them, the slowest in %.1f s, half of them within\n"+
		"%d schedules; %d break nothing, with the proofs below; %d live.\n\n", len(scores), killed, worst, counts[len(counts)/2], proven, len(scores)-killed-proven)
	fmt.Fprintf(&b, "The columns of the schedulers say how many schedules each of them took to find the bug, \"–\" that %d were not enough, or %d of whole nodes for\n"+
		"bugs in driver and journal. Then: who killed it first, the invariant that broke, the seconds that this took, and the events of the shortest schedule\n"+
		"that breaks it.\n\n", limits.Each, limits.Each/limits.Slow)
	b.WriteString("| bug | in | rule | what it does | walk | timed | swarm | by | broke | s | events |\n| --- | --- | --- | --- | ---: | ---: | ---: | --- | --- | ---: | ---: |\n")
	for _, s := range scores {
		if s.Proof != "" {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |", s.Bug.Name, s.Bug.Where, s.Bug.Rule, s.Bug.Text)
		for _, n := range s.Schedules {
			if n == 0 {
				b.WriteString(" – |")
			} else {
				fmt.Fprintf(&b, " %d |", n)
			}
		}
		if s.By == "" {
			b.WriteString(" **lives** | | | |\n")
			continue
		}
		fmt.Fprintf(&b, " %s | %s | %.1f | %d |\n", s.By, s.Invariant, s.Seconds, s.Events)
	}
	b.WriteString("\n## Bugs that break nothing\n")
	for _, s := range scores {
		if s.Proof != "" {
			fmt.Fprintf(&b, "\n**%s** (%s, %s: %s). %s\n", s.Bug.Name, s.Bug.Where, s.Bug.Rule, s.Bug.Text, s.Proof)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// fewest is how many schedules the quickest scheduler took.
func fewest(s *Score) uint64 {
	least := ^uint64(0)
	for _, n := range s.Schedules {
		if n > 0 {
			least = min(least, n)
		}
	}
	if least == ^uint64(0) {
		return 1 // the museum
	}
	return least
}
