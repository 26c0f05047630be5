package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Report is the outcome of a run. Its JSON keys are part of the project's interface (I4).
type Report struct {
	Verified         bool              `json:"verified"` // everything that was checked agreed
	Source           string            `json:"source"`   // "workload" or the file's name
	Format           string            `json:"format"`   // "workload", "nse", "commandcsv", ...
	Commands         int64             `json:"commands"`
	OrdersAccepted   int64             `json:"orders_accepted"`
	Trades           int64             `json:"trades"`
	FillsExpected    int64             `json:"fills_expected"` // fills that the source promises; 0 if it promises none
	FillsMatched     int64             `json:"fills_matched"`  // of those, fills that came out equal
	BatchesCommitted int64             `json:"batches_committed"`
	BatchesAborted   int64             `json:"batches_aborted"`
	CommandsBefore   int64             `json:"commands_before,omitempty"` // of Commands: matched before the run was taken up (--resume)
	TradesBefore     int64             `json:"trades_before,omitempty"`   // of Trades, likewise
	ElapsedS         float64           `json:"elapsed_s"`
	CommandsPerS     float64           `json:"commands_per_s"`
	TradesPerS       float64           `json:"trades_per_s"`
	Rate             float64           `json:"rate"`               // commands/s asked for; 0 = as fast as possible, or Realtime
	Realtime         bool              `json:"realtime,omitempty"` // paced by the source's time stamps
	Durable          bool              `json:"durable"`
	Profile          string            `json:"profile"`   // "pinned" or "shared"
	Transport        string            `json:"transport"` // "tcp" or "rings"
	CoresUsed        int               `json:"cores_used"`
	Memory           string            `json:"memory,omitempty"`  // what the engine's process asked for and what it got
	Refused          []string          `json:"refused,omitempty"` // what was asked for and not had, why, and what was used instead
	Rejects          map[string]uint64 `json:"rejects"`           // by reason, reasons that occurred only
	Market           map[string]uint64 `json:"market"`            // what the rules did beside matching, as far as it occurred
	Exclusions       []Exclusion       `json:"exclusions,omitempty"`
	Late             []Late            `json:"late,omitempty"`
	Stalls           int64             `json:"stalls,omitempty"` // how often no batch was committed for a second
	Links            map[string]uint64 `json:"links"`            // errors of the engine's links, as far as they occurred
	LatencyUs        Latencies         `json:"latency_us"`
	Engine           Engine            `json:"engine"`
	Participants     Participants      `json:"participants"`
	Machine          Machine           `json:"machine"`

	snapshot *Snapshot // for WriteHGRM; nil in a report read from JSON
}

// Engine is the coordinator's end of the run.
type Engine struct {
	Chain Hash `json:"chain"` // of the last committed batch
}

// Participants holds what each participant says it has applied.
type Participants struct {
	Risk       Participant `json:"risk"`
	Settlement Participant `json:"settlement"`
	Marketdata Participant `json:"marketdata"`
}

// Participant is what one participant says it has applied.
type Participant struct {
	AppliedBatches uint64 `json:"applied_batches"`
	AppliedTrades  uint64 `json:"applied_trades"`
	Chain          Hash   `json:"chain"` // of the last applied batch
}

// Machine is where the run took place.
type Machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"` // that this process may use
	Kernel     string `json:"kernel"`
	Go         string `json:"go"`
	Gomaxprocs int    `json:"gomaxprocs"`
}

// MachineOf takes from a host's description what a report tells.
func MachineOf(m host.Machine) Machine {
	return Machine{CPU: m.CPU, Cores: len(m.Cores), Kernel: m.Kernel, Go: m.Go, Gomaxprocs: m.Gomaxprocs}
}

// Hash is a 64-bit hash, written as 16 hexadecimal digits.
type Hash uint64

// String returns the 16 digits.
func (h Hash) String() string { return fmt.Sprintf("%016x", uint64(h)) }

// MarshalText writes the 16 digits.
func (h Hash) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%016x", uint64(h)), nil }

// UnmarshalText reads exactly 16 hexadecimal digits.
func (h *Hash) UnmarshalText(b []byte) error {
	v, err := strconv.ParseUint(string(b), 16, 64)
	if err != nil || len(b) != 16 {
		return fmt.Errorf("bench: chain %q, want 16 hexadecimal digits", b)
	}
	*h = Hash(v)
	return nil
}

// SetElapsed sets the run's duration and the rates that follow from it and from Commands and
// Trades, which must be set before. What was done before the run was taken up took none of this time.
func (r *Report) SetElapsed(d time.Duration) {
	r.ElapsedS = d.Seconds()
	if d <= 0 {
		r.CommandsPerS, r.TradesPerS = 0, 0
		return
	}
	r.CommandsPerS = math.Round(float64(r.Commands-r.CommandsBefore) / r.ElapsedS)
	r.TradesPerS = math.Round(float64(r.Trades-r.TradesBefore) / r.ElapsedS)
}

// SetLatencies takes the percentiles from s and keeps s for WriteHGRM.
func (r *Report) SetLatencies(s *Snapshot) {
	r.LatencyUs = s.Latencies()
	r.snapshot = s
}

// SetRejects takes the counts by reason; reasons that never occurred stay out of the report.
func (r *Report) SetRejects(counts *[orderbook.RejectReasonCount]uint64) {
	r.Rejects = make(map[string]uint64)
	for reason, n := range counts {
		if n > 0 && orderbook.RejectReason(reason) != orderbook.Accepted {
			r.Rejects[orderbook.RejectReason(reason).String()] = n
		}
	}
}

// SetMarket takes what the core counted beside trades and rejects: the trades of auctions, the stop-loss
// orders that were triggered, and what left the market unasked, by reason.
func (r *Report) SetMarket(c *engine.Counts) {
	r.Market = make(map[string]uint64)
	set := func(name string, n uint64) {
		if n > 0 {
			r.Market[name] = n
		}
	}
	set("auction_trades", c.AuctionTrades)
	set("triggered", c.Triggered)
	set("market_to_limit", c.Turned)
	for why, n := range c.Removed {
		set("removed_"+engine.Removal(why).String(), n)
	}
}

// WriteJSON writes the report as one indented JSON object and a newline.
func (r *Report) WriteJSON(w io.Writer) error {
	out := *r
	if out.Rejects == nil {
		out.Rejects = map[string]uint64{} // an object, never null
	}
	if out.Market == nil {
		out.Market = map[string]uint64{}
	}
	if out.Links == nil {
		out.Links = map[string]uint64{}
	}
	b, err := json.MarshalIndent(&out, "", "  ")
	if err != nil {
		return fmt.Errorf("bench: report as JSON: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// ErrNoHistograms is returned by WriteHGRM for a report without histograms.
var ErrNoHistograms = errors.New("bench: the report has no histograms (it was read from JSON, or SetLatencies was not called)")

// WriteHGRM writes DIR/STAGE.hgrm for each stage, creating dir if need be: the percentile
// distribution in microseconds, in the text format that HdrHistogram's plotters read. A stage
// without samples gets a file too, whose one row the plotters leave out.
func (r *Report) WriteHGRM(dir string) error {
	if r.snapshot == nil {
		return ErrNoHistograms
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("bench: directory for histograms: %w", err)
	}
	for stage := range StageCount {
		var b bytes.Buffer
		err := writeHGRM(&b, r.snapshot.histograms[stage])
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, stage.String()+".hgrm"), b.Bytes(), 0o644)
		}
		if err != nil {
			return fmt.Errorf("bench: histogram of %s: %w", stage, err)
		}
	}
	return nil
}
