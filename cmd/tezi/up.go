package main

import (
	"errors"
	"io"
	"math"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/box"
)

func newUp() *cobra.Command {
	cmd, job := upJob()
	cmd.RunE = job.run
	groupFlags(cmd)
	return cmd
}

// upJob is the command that runs a synthetic flow, and the work behind it.
func upJob() (*cobra.Command, *job) {
	var (
		day      dayFlags
		orders   int64
		duration time.Duration
	)
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run engine and participants on this machine under a synthetic flow",
		Long: `Start the engine and the three participants on this machine and keep them under a
synthetic open-loop order flow until Ctrl-C, --duration or --orders ends it; then
commit the open batch, print the report and verify the logs. To feed a capture
instead, use "tezi replay".

The flow is live: while trading is halted, because no batch commits for
--halt-after or a disk is full, every order is refused, as halted or disk_full.`,
		Example: `  tezi up --rate 100k --duration 30s
  tezi up --rate 100k --backups 2
  tezi up --in-process --rate max --orders 5000000 -o json`,
		Args: wantArgs(),
	}
	j := &job{cmd: cmd}
	j.flags.flags(cmd)
	day.flags(cmd)
	cmd.Flags().Int64Var(&orders, "orders", 0, "end after this many order messages; 0 = no limit")
	cmd.Flags().DurationVar(&duration, "duration", 0, "end after this long; 0 = no limit")
	preset(cmd, "rate", "100k")
	preset(cmd, "halt-after", haltAfterLive)
	j.prepare = func(o *box.Options, _ []string) (box.Source, func(), error) {
		if orders < 0 || duration < 0 {
			return nil, nil, configError{errors.New("--orders and --duration: want 0 for no limit, or more")}
		}
		source := &flow{flags: &day, left: orders}
		if orders == 0 {
			source.left = math.MaxInt64
		}
		if err := source.begin(); err != nil {
			return nil, nil, err
		}
		if duration > 0 {
			o.End = j.begun().Add(duration)
		}
		o.SourceName, o.SourceFormat = "synthetic flow", "workload"
		return source, source.close, nil
	}
	return cmd, j
}

// haltAfterLive is after how long without a commit trading halts where every order is answered: later than market data is
// left out, so that its absence halts nobody.
const haltAfterLive = "15s"

// preset gives a flag that is defined another default.
func preset(cmd *cobra.Command, name, value string) {
	flag := cmd.Flags().Lookup(name)
	if err := flag.Value.Set(value); err != nil {
		panic(err)
	}
	flag.DefValue = flag.Value.String()
}

// flowDay is how many order messages one day of an endless flow has. One in 25 of them is for the pre-open
// auctions, before the first trade: at 100,000 a second that is less than a second.
const flowDay = 2_000_000

// flow strings synthetic days together. A day ends with all its orders, so that the next one may use
// their numbers again; instruments are defined by the first day alone.
type flow struct {
	mu    sync.Mutex // the memory of a day is given back while the run's reader may still be in Next: nobody waits for it for ever
	flags *dayFlags
	day   *workload.Day
	left  int64
	days  int
	first string // date of the first day
}

func (f *flow) begin() (err error) {
	f.flags.cfg.Orders = min(f.left, flowDay)
	f.day, err = f.flags.day()
	return err
}

// Next implements box.Source. After close there is no more.
func (f *flow) Next(c *codec.Command) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.day != nil {
		err := f.day.Next(c)
		switch {
		case err == nil && c.Kind == codec.KindDefine && f.days > 0:
			continue
		case err == nil:
			return nil
		case !errors.Is(err, io.EOF):
			return err
		}
		f.left -= f.flags.cfg.Orders
		if f.left <= 0 {
			return io.EOF
		}
		if err := f.nextDay(); err != nil {
			return err
		}
	}
	return io.EOF
}

// nextDay begins the following day with another seed.
func (f *flow) nextDay() error {
	f.endDay()
	f.days++
	f.flags.cfg.Seed++
	date, err := time.Parse(time.DateOnly, f.flags.date)
	if err != nil {
		return err
	}
	if f.first == "" {
		f.first = f.flags.date
	}
	if f.flags.date = date.AddDate(0, 0, 1).Format(time.DateOnly); f.flags.date > workload.DateLast.Format(time.DateOnly) {
		f.flags.date = f.first // a day behind the last date, the flow goes round
	}
	return f.begin()
}

func (f *flow) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endDay()
}

func (f *flow) endDay() {
	if f.day != nil {
		f.day.Close()
		f.day = nil
	}
}
