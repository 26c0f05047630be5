package box

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// commands is a source in memory, so that a benchmark does not measure its generator.
type commands struct {
	all  []codec.Command
	next int
}

func (c *commands) Next(cmd *codec.Command) error {
	if c.next == len(c.all) {
		return io.EOF
	}
	*cmd = c.all[c.next]
	c.next++
	return nil
}

func loadDay(b *testing.B, cfg workload.Config) []codec.Command {
	b.Helper()
	day, err := workload.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer day.Close()
	var all []codec.Command
	for {
		var c codec.Command
		if err := day.Next(&c); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			b.Fatal(err)
		}
		all = append(all, c)
	}
}

// BenchmarkRun replays a day of 500,000 order messages through engine and participants inside this
// process, rings between them: the whole way of an order but for the network. One operation is one
// command.
func BenchmarkRun(b *testing.B) {
	all := loadDay(b, workload.Config{Seed: 1, Orders: 500_000})
	for _, durable := range []bool{false, true} {
		for _, rate := range []string{"max", "100k"} {
			b.Run(fmt.Sprintf("transport=rings/durable=%t/rate=%s", durable, rate), func(b *testing.B) {
				pace, err := ParsePace(rate)
				if err != nil {
					b.Fatal(err)
				}
				var last *bench.Report
				n := 0
				for b.Loop() {
					o := &Options{
						Dir: filepath.Join(b.TempDir(), "run"), InProcess: true, Engine: engine.DefaultConfig(), Roles: rundir.DefaultRoles(),
						Profile: host.Profile{Name: host.Shared}, Pace: pace, Log: slog.New(slog.DiscardHandler), SourceName: "bench",
					}
					o.Engine.Durable = durable
					if last, err = Execute(b.Context(), o, &commands{all: all}); err != nil {
						b.Fatal(err)
					}
					n += len(all)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/command")
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(last.CommandsPerS, "commands/s")
				b.ReportMetric(last.TradesPerS, "trades/s")
				b.ReportMetric(float64(last.LatencyUs.OrderToMatch.P99)/1e3, "match-p99-us")
				b.ReportMetric(float64(last.LatencyUs.OrderToCommit.P50)/1e3, "commit-p50-us")
				b.ReportMetric(float64(last.LatencyUs.OrderToCommit.P99)/1e3, "commit-p99-us")
			})
		}
	}
}
