package book

import (
	"fmt"
	"testing"

	"github.com/tezi-exchange/tezi/bench/workload"
)

// refereeOrders are the new orders of one round: about two million messages.
const refereeOrders = 1_000_000

// BenchmarkReferee measures the five scenarios of the public benchmark, with order numbers that come from
// outside and with the book's own. An op is one message.
func BenchmarkReferee(b *testing.B) {
	benchmarkReferee(b, func(s workload.Scenario) workload.Referee {
		return workload.Referee{Scenario: s, Seed: s.Seed(), Orders: refereeOrders}
	})
}

// BenchmarkOverlap is BenchmarkReferee with an order every microsecond, so that the order which a cancel names
// is one of some 1,500 and not the last.
func BenchmarkOverlap(b *testing.B) {
	benchmarkReferee(b, func(s workload.Scenario) workload.Referee {
		return workload.Referee{Scenario: s, Seed: s.Seed(), Orders: refereeOrders, Overlap: true}
	})
}

func benchmarkReferee(b *testing.B, flow func(workload.Scenario) workload.Referee) {
	for _, scenario := range workload.Scenarios() {
		var messages []workload.Message
		for _, numbers := range []string{"foreign", "own"} {
			var r *round
			b.Run(fmt.Sprintf("scenario=%v/numbers=%s", scenario, numbers), func(b *testing.B) {
				b.StopTimer()
				if messages == nil { // the function runs several times
					messages = flow(scenario).Messages()
				}
				if r == nil {
					r = refereeRound(messages, numbers == "own")
				}
				r.bench(b)
			})
		}
	}
}

func refereeRound(messages []workload.Message, own bool) *round {
	if own {
		messages = Number(refereeOrders, messages)
	}
	r := round{ordersMax: refereeOrders, books: 1, own: own, messages: make([]addressed, len(messages))}
	for i, m := range messages {
		r.messages[i].Message = m
	}
	return &r
}
