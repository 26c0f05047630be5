package workload

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// hashes of whole flows. I1: they change when the flow does, and never else.
func TestRefereeGoldenHashes(t *testing.T) {
	for _, test := range []struct {
		flow Referee
		want string
	}{
		{Referee{Scenario: Static, Seed: 23, Orders: 20_000}, "64d486f60b69cb6b"},
		{Referee{Scenario: Normal, Seed: 23, Orders: 20_000}, "c86969754c2dc09c"},
		{Referee{Scenario: Swing25, Seed: 23, Orders: 20_000}, "5f3c28bef8899dc4"},
		{Referee{Scenario: Swing40, Seed: 23, Orders: 20_000}, "e7439e012920f2cf"},
		{Referee{Scenario: FlashCrash, Seed: 23, Orders: 20_000}, "a69444cf550c72af"},
		{Referee{Scenario: Normal, Seed: 1<<64 - 1, Orders: 20_000, Overlap: true}, "4ace665dd4854389"},
		{Referee{Scenario: FlashCrash, Seed: 0, Orders: 2}, "adb1159eea485816"},
	} {
		h := xxhash.New()
		if err := binary.Write(h, binary.LittleEndian, test.flow.Messages()); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%016x", h.Sum64()); got != test.want {
			t.Errorf("%+v: hash %s, want %s", test.flow, got, test.want)
		}
	}
}

// refereeLife is what a flow says about one order.
type refereeLife struct {
	entries, modifies, cancels int
	ioc                        bool
	first, left                Message // entry; first cancel, if any
}

func livesOf(messages []Message) map[uint32]*refereeLife {
	lives := map[uint32]*refereeLife{}
	for _, m := range messages {
		l := lives[m.Order]
		if l == nil {
			l = &refereeLife{}
			lives[m.Order] = l
		}
		switch m.Kind {
		case codec.KindNew:
			l.entries++
			l.first, l.ioc = m, m.TIF == orderbook.IOC
		case codec.KindModify:
			l.modifies++
		case codec.KindCancel:
			l.cancels++
			if l.cancels == 1 {
				l.left = m
			}
		}
	}
	return lives
}

// near fails unless a share is what it should be, give or take four standard deviations of its count.
func near(t *testing.T, what string, part, whole int, percent float64) {
	t.Helper()
	want := float64(whole) * percent / 100
	deviation := want * (1 - percent/100)
	if d := float64(part) - want; d*d > 16*deviation {
		t.Errorf("%s: %d of %d, want %v %%", what, part, whole, percent)
	}
}

// The shares that the public benchmark states.
func TestRefereeShares(t *testing.T) {
	for _, scenario := range Scenarios() {
		for _, overlap := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/overlap=%v", scenario, overlap), func(t *testing.T) {
				const orders = 100_000
				messages := Referee{Scenario: scenario, Seed: 7, Orders: orders, Overlap: overlap}.Messages()
				var ioc, modified, cancelled, twice, buys int
				lives := livesOf(messages)
				for _, l := range lives {
					if l.entries != 1 || l.ioc && l.modifies+l.cancels > 0 {
						t.Fatalf("the life of an order: %+v", l)
					}
					ioc += one(l.ioc)
					modified += one(l.modifies > 0)
					cancelled += one(l.cancels > 0)
					twice += one(l.cancels > 1)
					buys += one(l.first.Side == orderbook.Buy)
				}
				if len(lives) != orders || buys != orders/2 {
					t.Errorf("%d orders, %d of them buys", len(lives), buys)
				}
				rest := orders - ioc
				near(t, "IOC", ioc, orders, 15)
				near(t, "modified", modified, rest, 20)
				near(t, "cancelled", cancelled, rest, 95)
				near(t, "cancelled twice", twice, cancelled, 2)
				sorted := slices.IsSortedFunc(messages, func(a, b Message) int { return int(a.AtUs - b.AtUs) })
				if !sorted {
					t.Error("time goes back")
				}
			})
		}
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Half the orders at the touch live 0.431 ms, at level 8 three times as long.
func TestRefereeLives(t *testing.T) {
	for _, test := range []struct {
		level  uint16
		median int64
	}{{0, 431}, {8, 3 * 431}, {799, 12_190}} {
		r := random(5)
		lives := make([]int64, 100_001)
		below := 0
		for i := range lives {
			lives[i] = r.lifeUs(test.level)
			below += one(lives[i] < 2*test.median)
		}
		slices.Sort(lives)
		if got := lives[len(lives)/2]; got*100 < test.median*98 || got*100 > test.median*102 {
			t.Errorf("level %d: median life %d µs, want %d", test.level, got, test.median)
		}
		near(t, "gone after two medians", below, len(lives), 75)
	}
}

// -log2 of a number of 64 bits, as a part of 2^64.
func TestHalvings(t *testing.T) {
	for u, want := range map[uint64]uint64{
		1 << 63: 1 << halvingBits, 1 << 62: 2 << halvingBits, 1: 64 << halvingBits, 0: 64 << halvingBits,
		3 << 62:          27_200, // 0.41504
		0xb504f334 << 32: 32_768, // √½
	} {
		if got := halvings(u); got > want+1 || got+1 < want {
			t.Errorf("%#x: %d, want %d", u, got, want)
		}
	}
}

// Nine orders in ten are in the hump around level 8, and the tail falls as a power.
func TestRefereeDepth(t *testing.T) {
	r := random(5)
	var at [levels]int
	const draws = 1_000_000
	for range draws {
		at[r.level()]++
	}
	total := float64(levelsUpTo[levels-1]) / (1 << levelBits)
	near(t, "level 8", at[8], draws, 100*(5+0.00713)/total) // 9^(-9/4)
	near(t, "level 0", at[0], draws, 100/total)
	near(t, "level 19", at[19], draws, 100*0.001182/total) // 20^(-9/4)
	if total < 13.9 || total > 14.1 {
		t.Errorf("the weights come to %v, want 5·√(2π) + ζ(9/4) = 14.0", total)
	}
}

// The distance of the mid price from its start is the scenario's, on average over seeds.
func TestRefereeSwing(t *testing.T) {
	for _, scenario := range Scenarios() {
		const walks, orders = 200, 2_500
		sum := 0.0
		for seed := range walks {
			r := random(mix(uint64(seed)))
			placed := Referee{Scenario: scenario, Orders: orders}.place(&r)
			last := placed[orders-1]
			moved := float64(int(last.price)-1-int(last.level)-refereeMid) / refereeMid
			sum += moved * moved / walks
		}
		swing := float64(scenarios[scenario].swing) / 100
		if sum < 0.6*swing*swing || sum > 1.8*swing*swing {
			t.Errorf("%v: mean square of the way %v, want %v", scenario, sum, swing*swing)
		}
	}
}

// What books and trades the flow leads to is published for the public benchmark: docs/METHODOLOGY.md there,
// "The standing book".
func TestRefereeBooks(t *testing.T) {
	if testing.Short() {
		t.Skip("millions of messages")
	}
	for _, test := range []struct {
		scenario         Scenario
		standing, trades int // on average; in all
	}{
		{Static, 20_900, 800}, {Normal, 2_700, 62_000}, {Swing25, 1_300, 67_000}, {Swing40, 700, 69_000}, {FlashCrash, 240, 70_000},
	} {
		t.Run(test.scenario.String(), func(t *testing.T) {
			messages := Referee{Scenario: test.scenario, Seed: test.scenario.Seed(), Orders: 1_000_000}.Messages()
			standing, trades := trade(t, messages)
			t.Logf("%d standing, %d trades", standing, trades)
			if d := standing - test.standing; d*100 > 40*test.standing || d*100 < -40*test.standing {
				t.Errorf("%d orders standing on average, want %d give or take 40 %%", standing, test.standing)
			}
			if d := trades - test.trades; d*100 > 5*test.trades || d*100 < -5*test.trades {
				t.Errorf("%d trades, want %d give or take 5 %%", trades, test.trades)
			}
		})
	}
}

// trade sends messages to a book, and returns how many orders stood in it on average and how often they traded.
func trade(t *testing.T, messages []Message) (standing, trades int) {
	arena := orderbook.NewArena(len(messages))
	defer arena.Close()
	book := orderbook.NewBook(arena)
	fills := make([]orderbook.Fill, 0, 10_000)
	for i := range messages {
		m := &messages[i]
		var result orderbook.Result
		var got []orderbook.Fill
		switch m.Kind {
		case codec.KindNew:
			got, result = book.Add(&orderbook.Order{ID: m.ID, Side: m.Side, TIF: m.TIF, Price: m.Price, Qty: m.Qty}, fills)
		case codec.KindModify:
			got, result = book.Modify(m.ID, &orderbook.Terms{Price: m.Price, Qty: m.Qty}, fills)
		case codec.KindCancel:
			result = book.Cancel(m.ID)
		}
		if result.Reject != orderbook.Accepted && (m.Kind == codec.KindNew || result.Reject != orderbook.RejectUnknownOrder) {
			t.Fatalf("%+v: %v", m, result.Reject)
		}
		trades += len(got)
		standing += arena.Live()
	}
	return standing / len(messages), trades
}
