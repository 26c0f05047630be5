package bench

import (
	"fmt"
	"math"
	"strconv"
)

// Micros is a duration held in nanoseconds and written in microseconds with three decimals, so that
// a report loses nothing: 1,234 ns is 1.234.
type Micros int64

// String returns the microseconds with exactly three decimals.
func (m Micros) String() string { return string(m.append(nil)) }

func (m Micros) append(dst []byte) []byte {
	if m < 0 {
		dst = append(dst, '-')
		m = -m
	}
	dst = strconv.AppendInt(dst, int64(m/1000), 10)
	frac := m % 1000
	return append(dst, '.', byte('0'+frac/100), byte('0'+frac/10%10), byte('0'+frac%10))
}

// MarshalJSON writes the microseconds as a JSON number.
func (m Micros) MarshalJSON() ([]byte, error) { return m.append(nil), nil }

// UnmarshalJSON reads a JSON number of microseconds.
func (m *Micros) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.Abs(v) > math.MaxInt64/1000/2 {
		return fmt.Errorf("bench: latency %q, want a number of microseconds", b)
	}
	*m = Micros(math.Round(v * 1000))
	return nil
}

// Latency is the distribution of one stage, as percentiles.
type Latency struct {
	P50        Micros `json:"p50"`
	P90        Micros `json:"p90"`
	P99        Micros `json:"p99"`
	P999       Micros `json:"p999"`
	Max        Micros `json:"max"`
	Count      int64  `json:"count"`
	OutOfRange int64  `json:"out_of_range,omitempty"` // samples below 0 or above 60 s, recorded at the limit (I1)
}

// percentile is one of the figures of a Latency.
type percentile struct {
	name  string // as it is called in tables and metrics
	value Micros
}

// percentilesShown is how many of them a table has.
const percentilesShown = 5

func (l *Latency) percentiles() []percentile {
	return []percentile{{"p50", l.P50}, {"p90", l.P90}, {"p99", l.P99}, {"p99.9", l.P999}, {"max", l.Max}}
}

// Latencies holds the stages under their JSON keys.
type Latencies struct {
	OrderToMatch  Latency `json:"order_to_match"`
	BatchDecision Latency `json:"batch_decision"`
	CanCommit     Latency `json:"can_commit"`
	PreCommit     Latency `json:"pre_commit"`
	DoCommit      Latency `json:"do_commit"`
	OrderToCommit Latency `json:"order_to_commit"`
}

// Of returns the latency of a stage.
func (l *Latencies) Of(s Stage) Latency {
	return [StageCount]Latency{
		l.OrderToMatch, l.BatchDecision, l.CanCommit, l.PreCommit, l.DoCommit, l.OrderToCommit,
	}[s]
}
