package orderbook_test

import (
	"flag"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

var soak = flag.Int("soak", 0, "commands that TestSoak plays beside the naive book; with 0 it is skipped")

// TestSoak plays many random commands on small books, each beside the naive book, in all profiles in turn
// and on all cores. It stops at the first difference.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("no -soak")
	}
	var rounds, done atomic.Int64
	t.Run("books", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprintf("worker=%d", worker), func(t *testing.T) {
				t.Parallel()
				commands := make([]byte, 0, soakRound*booktest.CommandSize)
				for done.Load() < int64(*soak) && !t.Failed() {
					done.Add(int64(soakOnce(t, int(rounds.Add(1)), commands)))
				}
			})
		}
	})
	differences := 0
	if t.Failed() {
		differences = 1
	}
	fmt.Printf("%d commands in %d rounds, differences: %d\n", done.Load(), rounds.Load(), differences)
}

// soakRound is how many commands of a flow one pair of books gets, soakWhole after how many the books are
// compared in full.
const (
	soakRound = 20_000
	soakWhole = 50
)

// soakOnce plays one round, of which the number is seed and profile, and returns how many commands the books
// were given: more than in the flow, for the stop-loss orders that enter.
func soakOnce(t *testing.T, round int, buffer []byte) int {
	profile := round
	choose := func(n int) int { // the digits of the number of the round
		digit := profile % n
		profile /= n
		return digit
	}
	flow := booktest.Flow{Prices: booktest.Prices(choose(int(booktest.PricesCount))), Room: []int{20, 3}[choose(2)]}
	ordersMax := []int{24, 12, 5, 40}[choose(4)]
	flow.IDs = uint32(ordersMax) * []uint32{1, 2, 4}[choose(3)]
	flow.Without = []booktest.Features{0, booktest.Auctions, booktest.Stops, booktest.Auctions | booktest.Stops,
		booktest.Disclosed, booktest.SelfTrade, booktest.Ranges}[choose(7)]
	newArena, numbered := orderbook.NewArena, choose(2) == 1
	if numbered {
		newArena = orderbook.NewNumberedArena
	}
	arena := newArena(ordersMax)
	defer arena.Close()
	if numbered {
		flow.NextID = arena.NextID
	}
	var book booktest.Book = orderbook.NewBook(arena)
	if choose(2) == 1 {
		book = passiveFirst{book.(*orderbook.Book), new(int)}
	}
	twin := booktest.NewTwin(roundTB{t, round}, book, booktest.NewNaive(ordersMax), soakWhole)
	random := booktest.Random(round)
	flow.Play(twin, random.AppendCommands(buffer[:0], soakRound))
	twin.Whole()
	return twin.Commands()
}

// roundTB adds the number of the round to a failure.
type roundTB struct {
	*testing.T
	round int
}

func (t roundTB) Fatalf(format string, args ...any) {
	t.T.Fatalf("round %d: %s", t.round, fmt.Sprintf(format, args...))
}
