package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range and resolution of every latency histogram: 221 KB of counters a stage.
const (
	latencyMin     = 1                       // ns
	latencyMax     = int64(60 * time.Second) // ns
	latencyFigures = 3                       // significant decimal digits: a value is off by 0.1 % at most
)

// Recorder holds one latency histogram for each stage. Each stage has one writer: two stages may be
// recorded by two threads at the same time, one stage may not.
type Recorder struct {
	stages [StageCount]recording
}

type recording struct {
	histogram  *hdrhistogram.Histogram
	outOfRange int64
	last       int64     // sample, as it came
	_          [104]byte // keeps the writers of two stages off each other's cache lines
}

// NewRecorder reserves all memory that recording will use, about 1.3 MB.
func NewRecorder() *Recorder {
	r := new(Recorder)
	for i := range r.stages {
		r.stages[i] = newRecording()
	}
	return r
}

// Record adds one latency of a stage, in nanoseconds. A negative value (two clocks that disagree)
// counts as 0, one above 60 s as 60 s, and either is also counted as out of range, so that the
// percentiles stay percentiles of all samples.
func (r *Recorder) Record(s Stage, ns int64) { r.stages[s].add(ns, 1) }

// Last returns the latency of a stage that was recorded last, in nanoseconds. Its writer may ask.
func (r *Recorder) Last(s Stage) int64 { return r.stages[s].last }

// add records n equal samples.
func (r *recording) add(ns, n int64) {
	r.last = ns
	if uint64(ns) > uint64(latencyMax) {
		r.outOfRange += n
		ns = min(max(ns, 0), latencyMax)
	}
	if err := r.histogram.RecordValues(ns, n); err != nil {
		panic("bench: a latency within the range was refused: " + err.Error())
	}
}

func newRecording() recording {
	return recording{histogram: hdrhistogram.New(latencyMin, latencyMax, latencyFigures)}
}

func (r *recording) reset() {
	r.histogram.Reset()
	r.outOfRange = 0
}

// Merge adds everything that o has recorded, for stages that were recorded by several threads into
// a Recorder each. Neither may be written to meanwhile.
func (r *Recorder) Merge(o *Recorder) {
	for i := range r.stages {
		if dropped := r.stages[i].histogram.Merge(o.stages[i].histogram); dropped != 0 {
			panic("bench: histograms of one shape did not merge")
		}
		r.stages[i].outOfRange += o.stages[i].outOfRange
	}
}

// Reset forgets everything recorded, for the end of a warm-up. Writers must have stopped.
func (r *Recorder) Reset() {
	for i := range r.stages {
		r.stages[i].reset()
	}
}

// Snapshot copies what has been recorded. The caller sees to it that nobody records meanwhile: it
// is the only writer itself, or the writers have stopped.
func (r *Recorder) Snapshot() *Snapshot {
	s := new(Snapshot)
	for i := range r.stages {
		s.histograms[i] = r.stages[i].histogram.Clone()
		s.outOfRange[i] = r.stages[i].outOfRange
	}
	return s
}

// Snapshot is a frozen copy of a Recorder. It may be read by any number of goroutines.
type Snapshot struct {
	histograms [StageCount]*hdrhistogram.Histogram
	outOfRange [StageCount]int64
}

// Merge adds what o has. Nobody may read s meanwhile.
func (s *Snapshot) Merge(o *Snapshot) {
	for i := range s.histograms {
		if dropped := s.histograms[i].Merge(o.histograms[i]); dropped != 0 {
			panic("bench: histograms of one shape did not merge")
		}
		s.outOfRange[i] += o.outOfRange[i]
	}
}

// Latency returns the percentiles of a stage; all zero if nothing was recorded.
func (s *Snapshot) Latency(stage Stage) Latency {
	return latencyOf(s.histograms[stage], s.outOfRange[stage])
}

// AddTo adds the distribution of a stage to a benchmark's result.
func (s *Snapshot) AddTo(r *Result, stage Stage) {
	r.Time(stage.String(), s.histograms[stage], s.outOfRange[stage])
}

// Latencies returns the percentiles of all stages.
func (s *Snapshot) Latencies() Latencies {
	return Latencies{
		OrderToMatch:  s.Latency(OrderToMatch),
		BatchDecision: s.Latency(BatchDecision),
		CanCommit:     s.Latency(CanCommit),
		PreCommit:     s.Latency(PreCommit),
		DoCommit:      s.Latency(DoCommit),
		OrderToCommit: s.Latency(OrderToCommit),
	}
}
