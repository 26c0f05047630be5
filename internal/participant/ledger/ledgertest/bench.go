package ledgertest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// The market of Benchmark: batches as the engine seals them, among as many members and shares as
// NSE has, with every pair of parties equally likely, which is worse than any real day.
const (
	benchTrades      = 1000 // in a batch
	benchBatches     = 200  // in a pass
	benchMembers     = 1000
	benchInstruments = 2000
)

// benchDay returns the trades of one pass, batch by batch.
func benchDay(clients uint32) [][]codec.Trade {
	r := rand.New(rand.NewPCG(1, 2))
	party := func() Party {
		member, client := codec.Owner(orderbook.OrderID(r.Uint64()), benchMembers, clients/benchMembers)
		return Party{member, client}
	}
	day := make([][]codec.Trade, benchBatches)
	for i := range day {
		for range benchTrades {
			day[i] = append(day[i], Buys(party(), party(), 1+r.Uint32N(benchInstruments), 1+orderbook.Qty(r.Uint32N(500)), 10_000+orderbook.Price(r.Uint32N(500))))
		}
	}
	return day
}

// pass makes the batches of one day, behind those that s has.
func (s *Stream) pass(day [][]codec.Trade, instruments []codec.Instrument) []*batch3pc.Batch {
	first := len(s.batches)
	for _, trades := range day {
		s.Voted(s.Next(instruments, trades...))
		instruments = nil
	}
	s.applied = len(s.batches)
	return s.batches[first:]
}

// Benchmark measures Vote, Drop and Apply of a role per trade. The first day is not measured; the
// days after it repeat its trades, so all positions exist, as they do for most trades of a day.
func Benchmark[R Role](b *testing.B, create func() R) {
	var instruments []codec.Instrument
	for i := range uint32(benchInstruments) {
		instruments = append(instruments, Instrument(i+1, fmt.Sprintf("SYM%d", i), 2))
	}
	for _, clients := range []uint32{10_000, 100_000} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			role, stream, day := create(), &Stream{}, benchDay(clients)
			for _, batch := range stream.pass(day, instruments) {
				role.Vote(batch, false)
				role.Apply(batch)
			}
			var spent [3]time.Duration
			for b.Loop() {
				batches := stream.pass(day, nil)
				newestFirst := slices.Clone(batches)
				slices.Reverse(newestFirst)
				vote := func(x *batch3pc.Batch) {
					if !role.Vote(x, false).Yes {
						b.Fatal("refused")
					}
				}
				spent[0] += timeAll(batches, vote)
				spent[1] += timeAll(newestFirst, role.Drop)
				timeAll(batches, vote)
				spent[2] += timeAll(batches, role.Apply)
			}
			for i, name := range []string{"vote-ns/trade", "drop-ns/trade", "apply-ns/trade"} {
				b.ReportMetric(float64(spent[i].Nanoseconds())/float64(b.N*benchBatches*benchTrades), name)
			}
			b.ReportMetric(0, "ns/op") // a pass means nothing
		})
	}
}

func timeAll(batches []*batch3pc.Batch, f func(*batch3pc.Batch)) time.Duration {
	start := time.Now()
	for _, b := range batches {
		f(b)
	}
	return time.Since(start)
}

// CheckAllocations fails if Vote, Drop or Apply allocate for trades between parties that have
// traded before.
func CheckAllocations[R Role](t *testing.T, create func() R) {
	role, stream := create(), &Stream{}
	day := benchDay(2 * benchMembers)[:5]
	var instruments []codec.Instrument
	for i := range uint32(benchInstruments) {
		instruments = append(instruments, Instrument(i+1, fmt.Sprintf("SYM%d", i), 2))
	}
	for _, batch := range stream.pass(day, instruments) {
		role.Vote(batch, false)
		role.Apply(batch)
	}
	const runs = 20
	var batches []*batch3pc.Batch
	for range runs + 1 { // AllocsPerRun calls once more than it counts
		batches = append(batches, stream.pass(day, nil)...)
	}
	if n := testing.AllocsPerRun(runs, func() {
		for _, batch := range batches[:len(day)] {
			role.Vote(batch, false)
			role.Drop(batch)
			role.Vote(batch, false)
			role.Apply(batch)
		}
		batches = batches[len(day):]
	}); n != 0 {
		t.Fatalf("%v allocations for %d batches", n, len(day))
	}
}
