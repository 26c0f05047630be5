package orderbook_test

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// newBook returns a book in an arena of its own, which is closed after the test.
func newBook(t testing.TB, ordersMax int) *orderbook.Book {
	arena := orderbook.NewArena(ordersMax)
	t.Cleanup(arena.Close)
	return orderbook.NewBook(arena)
}

func TestConformance(t *testing.T) {
	booktest.Run(t, func() booktest.Book { return newBook(t, booktest.OrdersMin) })
}

// TestFullArenaAgainstNaive runs flows in which the arena is full most of the time.
func TestFullArenaAgainstNaive(t *testing.T) {
	for _, ordersMax := range []int{1, 2, 5, 30} {
		t.Run(fmt.Sprintf("orders=%d", ordersMax), func(t *testing.T) {
			book := newBook(t, ordersMax)
			twin := booktest.NewTwin(t, book, booktest.NewNaive(ordersMax), 1)
			for _, prices := range []booktest.Prices{booktest.PricesNarrow, booktest.PricesWide} {
				flow := booktest.Flow{Prices: prices, IDs: uint32(4 * ordersMax), Room: 10}
				random := booktest.Random(ordersMax)
				flow.Play(twin, random.Commands(5000))
			}
		})
	}
}

// TestBooksOfOneArena lets several books take turns, with the same order numbers in all of them. Each
// must be as if it were alone.
func TestBooksOfOneArena(t *testing.T) {
	const books = 7
	arena := orderbook.NewArena(100 * books)
	defer arena.Close()
	twins := make([]*booktest.Twin, books)
	randoms := make([]booktest.Random, books)
	for i := range twins {
		twins[i] = booktest.NewTwin(t, orderbook.NewBook(arena), booktest.NewNaive(100*books), 20)
		randoms[i] = booktest.Random(i)
	}
	for turn := range 2100 {
		i := turn % books
		flow := booktest.Flow{Prices: booktest.Prices(i % 3), IDs: 100, Room: 20}
		flow.Play(twins[i], randoms[i].Commands(1+turn%5))
	}
	for _, twin := range twins {
		twin.Whole()
	}
}

// stateAfter plays a flow and returns the state hash and a hash of everything the commands answered.
func stateAfter(b *orderbook.Book, seed uint64) (state, answers uint64) {
	random := booktest.Random(seed)
	recorder := &recorder{Book: b}
	flow := booktest.Flow{Prices: booktest.PricesNear, IDs: 3000, Room: 30}
	flow.Play(recorder, random.Commands(50_000))
	return b.StateHash(), orderbook.HashOrders(slices.Values(recorder.answers), 0)
}

// recorder notes results and fills, as orders, because these can be hashed. Slots are left out.
type recorder struct {
	*orderbook.Book
	answers []orderbook.RestingOrder
}

func (r *recorder) note(fills []orderbook.Fill, result orderbook.Result) {
	for _, f := range fills {
		r.answers = append(r.answers, orderbook.RestingOrder{ID: f.Maker, Price: f.Price, Qty: f.Qty})
	}
	r.answers = append(r.answers, orderbook.RestingOrder{
		ID: orderbook.OrderID(result.Reject), Price: orderbook.Price(result.Resting), Qty: result.Cancelled,
	})
}

func (r *recorder) Add(o *orderbook.Order, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	fills, result := r.Book.Add(o, fills)
	r.note(fills, result)
	return fills, result
}

func (r *recorder) Modify(id orderbook.OrderID, t *orderbook.Terms, fills []orderbook.Fill) ([]orderbook.Fill, orderbook.Result) {
	fills, result := r.Book.Modify(id, t, fills)
	r.note(fills, result)
	return fills, result
}

func (r *recorder) Cancel(id orderbook.OrderID) orderbook.Result {
	result := r.Book.Cancel(id)
	r.note(nil, result)
	return result
}

// TestEqualCommandsGiveEqualStates is I12: whatever else the arena holds and has held, and on whatever
// machine. The hashes are written down here to be the same everywhere.
func TestEqualCommandsGiveEqualStates(t *testing.T) {
	const wantState, wantAnswers = 0xc9d003dd25d76280, 0xbb34348f6b2769e
	fresh := newBook(t, 3000)

	arena := orderbook.NewArena(100_000)
	defer arena.Close()
	other, used := orderbook.NewBook(arena), orderbook.NewBook(arena)
	stateAfter(other, 99)
	stateAfter(used, 98)
	used.CancelWhere(0, func(orderbook.Slot) bool { return true }, func(orderbook.RestingOrder) {})
	if used.Collecting() {
		used.CloseAuction(0)
	}
	used.SetLastPrice(0)
	used.SetRange(0, 0)
	used.HoldStops(false)
	for name, b := range map[string]*orderbook.Book{"fresh": fresh, "used": used} {
		state, answers := stateAfter(b, 23)
		if state != wantState || answers != wantAnswers {
			t.Errorf("%s: state %#x, answers %#x, want %#x, %#x", name, state, answers, uint64(wantState), uint64(wantAnswers))
		}
	}
}

// TestNothingAllocates runs a market of three books and what it lacks: no command, whatever it does, allocates.
func TestNothingAllocates(t *testing.T) {
	const commands = 20_000
	arena := orderbook.NewArena(commands)
	defer arena.Close()
	books := []*orderbook.Book{orderbook.NewBook(arena), orderbook.NewBook(arena), orderbook.NewBook(arena)}
	random := booktest.Random(23)
	upTo := func(n uint64) orderbook.OrderID { return orderbook.OrderID(random.Next() >> 32 * n >> 32) }
	fills := make([]orderbook.Fill, 0, 1024)
	levels := make([]orderbook.Level, 0, 10)
	next, traded := orderbook.OrderID(0), 0
	aside := newBook(t, 10)
	aside.Add(&orderbook.Order{ID: 1, Side: orderbook.Buy, Price: 100, Qty: 1_000_000}, nil)
	auction, crosses := newBook(t, 10), make([]orderbook.Cross, 0, 10)
	allocs := testing.AllocsPerRun(commands-1, func() {
		next++
		b, price := books[next%3], 1000+orderbook.Price(upTo(100))
		b.Cancel(next - 3*upTo(1000))
		b.Modify(next-3*upTo(1000), &orderbook.Terms{Price: price, Qty: 1 + orderbook.Qty(upTo(50))}, fills)
		trades, _ := b.Add(&orderbook.Order{ID: next, Side: orderbook.Buy + orderbook.Side(upTo(2)), Price: price, Qty: 1 + orderbook.Qty(upTo(50))}, fills)
		traded += len(trades)
		b.BBO()
		b.Lookup(next)
		b.Depth(orderbook.Buy, levels)
		aside.Add(&orderbook.Order{ID: 2, Side: orderbook.Sell, Market: true, Qty: 1}, fills)
		aside.Reduce(1, 1)
		aside.Modify(1, &orderbook.Terms{Price: orderbook.Price(1 + next), Qty: 1_000_000}, fills)
		aside.Cancel(2)
		auction.OpenAuction()
		auction.Add(&orderbook.Order{ID: next, Side: orderbook.Buy + orderbook.Side(upTo(2)), Price: price, Qty: 1, PAN: 1 + orderbook.PAN(next%2)}, fills)
		auction.Uncross(auction.Equilibrium(0).Price, false, crosses)
		auction.CloseAuction(price)
		auction.Cancel(next - 4)
	})
	if allocs != 0 || traded == 0 || arena.Live() == 0 {
		t.Errorf("%v allocations a command, want none; %d trades, %d orders live, want some", allocs, traded, arena.Live())
	}
}

// TestGrowthDoesNotAllocate fills an arena to the last order and empties it, so that the index goes
// through all its sizes, and with every price new the ladders too.
func TestGrowthDoesNotAllocate(t *testing.T) {
	const n = 30_000
	b := newBook(t, n)
	random := booktest.Random(1)
	var id orderbook.OrderID
	fillAndEmpty := func() {
		for id = range n {
			price := orderbook.Price(random.Next()>>34 | 1)
			b.Add(&orderbook.Order{ID: id, Side: orderbook.Buy, Price: price, Qty: 1}, nil)
		}
		for id = range n {
			b.Cancel(id)
		}
	}
	allocs := testing.AllocsPerRun(1, fillAndEmpty)     // runs twice: the second time everything was used before
	for retry := 0; allocs != 0 && retry < 3; retry++ { // what the runtime allocates beside it comes once in a while
		allocs = testing.AllocsPerRun(1, fillAndEmpty)
	}
	if allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
	if err := b.Check(); err != nil {
		t.Error(err)
	}
}

// TestLooksBesideOrders: who goes through the orders of a side may look at the book meanwhile, which files the newest order.
// Each order comes once, in its place, whatever place that of the newest is.
func TestLooksBesideOrders(t *testing.T) {
	prices := []orderbook.Price{100, 102, 100, 101}
	for newest := orderbook.Price(99); newest <= 103; newest++ {
		for look := range len(prices) + 1 { // after so many orders
			b := newBook(t, 10)
			for i, price := range append(prices[:len(prices):len(prices)], newest) {
				b.Add(&orderbook.Order{ID: orderbook.OrderID(i + 1), Side: orderbook.Buy, Price: price, Qty: 1}, nil)
			}
			var got []orderbook.OrderID
			for o := range b.Orders(orderbook.Buy) {
				if len(got) == look {
					b.BBO()
				}
				got = append(got, o.ID)
			}
			if want := idsOf(b.Orders(orderbook.Buy)); !slices.Equal(got, want) || len(want) != len(prices)+1 {
				t.Errorf("the newest at %d, a look after %d orders: %d, want %d", newest, look, got, want)
			}
		}
	}
}

func idsOf(orders iter.Seq[orderbook.RestingOrder]) (ids []orderbook.OrderID) {
	for o := range orders {
		ids = append(ids, o.ID)
	}
	return ids
}

// TestStateHashSeesTheRange: books that take the next order differently have different hashes, and equal ones equal hashes.
func TestStateHashSeesTheRange(t *testing.T) {
	hashes := map[uint64]string{}
	for _, r := range [][2]orderbook.Price{{0, 0}, {1, 0}, {0, 1}, {90, 110}, {90, 111}, {91, 110}, {110, 90}} {
		b := newBook(t, 10)
		b.SetRange(5, 7)
		b.SetRange(r[0], r[1])
		name := fmt.Sprint(r)
		if other, known := hashes[b.StateHash()]; known {
			t.Errorf("%s and %s have the same hash", name, other)
		}
		hashes[b.StateHash()] = name
		same := newBook(t, 10)
		same.SetRange(r[0], r[1])
		if same.StateHash() != b.StateHash() {
			t.Errorf("%s: other hashes", name)
		}
	}
}

// Every cause has a name of its own, and what is none says so.
func TestCauseNames(t *testing.T) {
	seen := map[string]bool{"": true}
	for c := orderbook.CauseNone; c <= orderbook.CauseRange; c++ {
		if name := c.String(); seen[name] || strings.Contains(name, "(") {
			t.Errorf("cause %d is %q, want a name of its own", uint8(c), name)
		}
		seen[c.String()] = true
	}
	if got := (orderbook.CauseRange + 1).String(); got != "cause(5)" {
		t.Errorf("the first value that is no cause is %q, want cause(5)", got)
	}
}
