package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Peer is a participant as the engine sees it.
type Peer struct {
	Node batch3pc.NodeID
	Name string
	// ExcludeNs is for how long the stream waits for it: then it is left out of the members, until it is
	// back and has caught up. 0: for ever; trading halts.
	ExcludeNs int64
	// NewLog says that people know its log to be lost: the one that it has now is named by a generation when
	// it has caught up, once.
	NewLog bool
}

// Config of an engine. Zero values are not defaults: start from DefaultConfig.
type Config struct {
	Limits
	Self         batch3pc.NodeID
	Boot         uint32 // of this start, unlike that of any other start of the node, whatever has become of its disk
	Cluster      uint32 // id of the cluster: frames of another are refused
	Shard        uint16
	Participants []Peer // every one that is a member must vote yes; the quorum is over all of them
	WindowMax    int    // undecided batches in flight
	RetainMax    int    // batches kept for a participant that lags; >= WindowMax
	InputMax     int    // entries of the input ring
	BatchAgeNs   int64  // an open batch with trades is sealed at this age, times the batches in flight, if the window has room
	// Deadlines of the commit's phases: who misses one is named. Watermarks are sent again at ResendNs, and
	// a standby opens a ballot when a quorum has heard of no leader for ElectionNs.
	Deadlines batch3pc.Deadlines
	StallNs   int64 // without a commit for so long while batches wait: a notice
	HaltNs    int64 // without a commit for so long: trading halts, and goes on when commits do
	HaltEnds  bool  // instead, Run returns ErrHalted
	// HaltRejects says that somebody waits for an answer to each order: while trading is halted it is refused, with
	// orderbook.RejectHalted or RejectDiskFull. Otherwise the source waits, which loses nothing: a file has time.
	HaltRejects bool
	VetoesMax   int  // with so many vetoes without a commit in between, the instruments of the refused orders halt
	Durable     bool // wait for the disk before PRE-COMMIT; false only to measure
}

// coordinator is the configuration of the machine that leads the participants.
func (c *Config) coordinator() batch3pc.CoordinatorConfig {
	nodes := make([]batch3pc.NodeID, len(c.Participants))
	var excludable []batch3pc.NodeID
	for i, p := range c.Participants {
		nodes[i] = p.Node
		if p.ExcludeNs > 0 {
			excludable = append(excludable, p.Node)
		}
	}
	return batch3pc.CoordinatorConfig{
		Self: c.Self, Boot: c.Boot, Participants: nodes, Members: nodes, Generation: 1,
		WindowMax: c.WindowMax, RetainMax: c.RetainMax,
		Excludable: excludable, Identified: true, Deadlines: c.Deadlines,
	}
}

// BoxDeadlines are for processes that share the cores and the disk of one machine with whatever else runs
// there: who misses one is in trouble, and not only waiting for its turn.
func BoxDeadlines() batch3pc.Deadlines {
	ms := int64(time.Millisecond)
	return batch3pc.Deadlines{
		DecisionNs: 1000 * ms, CanCommitNs: 400 * ms, PreCommitNs: 600 * ms, DoCommitNs: 1000 * ms,
		ElectionNs: 2000 * ms, // ten signs of life
		ResendNs:   200 * ms,  // far above any decision latency: a resend is an exception
	}
}

// windowMax bounds Config.WindowMax.
const windowMax = 1024

// DefaultConfig returns the settings for one box.
func DefaultConfig() Config {
	return Config{
		Limits:     Limits{OrdersMax: 1 << 21, InstrumentsMax: 1 << 17, BatchTarget: 1000, PositionsMax: 1 << 24}.orDefault(),
		Self:       16,
		Boot:       1,
		WindowMax:  16,
		RetainMax:  64,
		InputMax:   1024,
		BatchAgeNs: 500_000, // half of the 2-core decision latency
		Deadlines:  BoxDeadlines(),
		StallNs:    1_000_000_000, // one second is an age here
		HaltNs:     60_000_000_000,
		HaltEnds:   true,
		VetoesMax:  3, // limits are checked before matching: a veto is a fault
		Durable:    true,
	}
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	if err := c.Limits.validate(); err != nil {
		return err
	}
	switch {
	case len(c.Participants) == 0:
		return errors.New("engine: no participants")
	case c.WindowMax < 1 || c.WindowMax > windowMax:
		return fmt.Errorf("engine: WindowMax %d, want 1 to %d", c.WindowMax, windowMax)
	case c.RetainMax < c.WindowMax || c.RetainMax > 4096:
		return fmt.Errorf("engine: RetainMax %d, want WindowMax (%d) to 4096", c.RetainMax, c.WindowMax)
	case c.InputMax < 1:
		return fmt.Errorf("engine: InputMax %d, want at least 1", c.InputMax)
	case c.BatchAgeNs < 0 || c.Deadlines.ResendNs < 1 || c.StallNs < 1 || c.HaltNs < c.StallNs || c.Deadlines.ElectionNs < 1:
		return errors.New("engine: want BatchAgeNs >= 0, ResendNs, ElectionNs and StallNs > 0, HaltNs >= StallNs")
	case c.VetoesMax < 1:
		return fmt.Errorf("engine: VetoesMax %d, want at least 1", c.VetoesMax)
	}
	left := 0
	for _, p := range c.Participants {
		if p.ExcludeNs < 0 {
			return fmt.Errorf("engine: %s may be missing for %v, want 0 for ever, or more", p.Name, time.Duration(p.ExcludeNs))
		}
		if p.ExcludeNs > 0 {
			left++
		}
	}
	if quorum := len(c.Participants)/2 + 1; left >= quorum {
		return fmt.Errorf("engine: %d of %d participants may be left out, want less than a quorum of %d", left, len(c.Participants), quorum)
	}
	return c.Deadlines.Validate()
}

// What ends a run before its input does.
var (
	// ErrHalted: commits stood still for HaltNs (design D6).
	ErrHalted = errors.New("trading halted: no commit for too long")
	// ErrForeign: the participants hold the log of another run, or obey another engine.
	ErrForeign = errors.New("the participants belong to another run")
	// ErrFenced: another engine has opened a higher ballot; this one decides nothing any more.
	ErrFenced = errors.New("another engine leads the participants")
	// ErrForgotten: the participants do not know of batches that the log calls decided.
	ErrForgotten = errors.New("the participants have lost what was decided")
	// ErrContradiction: a participant found a batch that contradicts itself: a bug, not a vote.
	ErrContradiction = errors.New("trading halted: a participant found a batch inconsistent")
)
