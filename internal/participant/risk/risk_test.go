package risk

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
	"github.com/tezi-exchange/tezi/orderbook"
)

var (
	a1 = ledgertest.Party{Member: 1, Client: 11}
	a2 = ledgertest.Party{Member: 1, Client: 12}
	b1 = ledgertest.Party{Member: 2, Client: 21}
	c1 = ledgertest.Party{Member: 3, Client: 31}
)

func create(t testing.TB, c Config) *Risk {
	t.Helper()
	r, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// market defines instruments 1 and 2 in paise and 3 in hundredths of a paisa.
func market() []codec.Instrument {
	return []codec.Instrument{
		ledgertest.Instrument(1, "RELIANCE", 2),
		ledgertest.Instrument(2, "SBIN", 2),
		ledgertest.Instrument(3, "USDINR", 4),
	}
}

// commit votes for and applies one batch.
func commit(t testing.TB, r *Risk, s *ledgertest.Stream, instruments []codec.Instrument, trades ...codec.Trade) {
	t.Helper()
	b := s.Next(instruments, trades...)
	if vote := r.Vote(b, false); !vote.Yes {
		t.Fatalf("vote %+v, want yes", vote)
	}
	s.Voted(b)
	r.Apply(s.Apply())
}

func saved(t testing.TB, r *Risk) (clients, members string) {
	t.Helper()
	dir := t.TempDir()
	if err := r.Save(dir); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	return read(ClientsFile), read(MembersFile)
}

// TestPositions follows numbers computed by hand.
//
//	RELIANCE: a1 buys 10 at 2500.00 from b1, then sells 4 at 2600.00 to c1
//	SBIN:     a2 sells 7 at 800.05 to b1
//	USDINR:   c1 buys 3 at 83.1234 from a1
//
//	a1: RELIANCE net 2,500,000 - 1,040,000 = 1,460,000; USDINR net -24,937.02, at risk 24,938
func TestPositions(t *testing.T) {
	r, s := create(t, Config{}), &ledgertest.Stream{}
	commit(t, r, s, market(),
		ledgertest.Buys(a1, b1, 1, 10, 250_000),
		ledgertest.Sells(a1, c1, 1, 4, 260_000))
	commit(t, r, s, nil,
		ledgertest.Sells(a2, b1, 2, 7, 80_005),
		ledgertest.Buys(c1, a1, 3, 3, 831_234))
	clients, members := saved(t, r)
	wantClients := `member,client,exposure,margin,buy_value,sell_value,trades
1,11,1484938,296988,2500000,1064938,3
1,12,560035,112007,0,560035,1
2,21,3060035,612007,560035,2500000,2
3,31,1064938,212988,1064938,0,2
`
	wantMembers := `member,exposure,margin,buy_value,sell_value,trades
1,2044973,408995,2500000,1624973,4
2,3060035,612007,560035,2500000,2
3,1064938,212988,1064938,0,2
`
	if clients != wantClients || members != wantMembers {
		t.Fatalf("got\n%s%s\nwant\n%s%s", clients, members, wantClients, wantMembers)
	}
	if r.AppliedTrades() != 4 || r.Name() != "risk" || r.Close() != nil {
		t.Fatalf("%d trades applied, name %q", r.AppliedTrades(), r.Name())
	}
}

// TestSelfTrade checks that a trade of a client with itself is one trade without exposure.
func TestSelfTrade(t *testing.T) {
	r, s := create(t, Config{ClientExposureMax: 1, MemberExposureMax: 1}), &ledgertest.Stream{}
	commit(t, r, s, market(), ledgertest.Buys(a1, a1, 1, 10, 250_000))
	clients, _ := saved(t, r)
	if want := "1,11,0,0,2500000,2500000,1\n"; !strings.HasSuffix(clients, want) {
		t.Fatalf("got %s, want %s", clients, want)
	}
}

const taker, maker = batch3pc.VetoTaker, batch3pc.VetoMaker

// vetoCases are batches against limits; want says which side of each trade is refused.
var vetoCases = []struct {
	name   string
	config Config
	before []codec.Trade
	trades []codec.Trade
	want   []uint8
}{
	{
		name:   "at the client limit, and one paisa over",
		config: Config{ClientExposureMax: 1000},
		trades: []codec.Trade{ledgertest.Buys(a1, b1, 1, 10, 100), ledgertest.Buys(a1, c1, 1, 1, 1)},
		want:   []uint8{0, taker},
	},
	{
		name:   "the seller rests",
		config: Config{ClientExposureMax: 1000},
		trades: []codec.Trade{ledgertest.Buys(a1, b1, 1, 1, 999), ledgertest.Buys(c1, b1, 1, 1, 2)},
		want:   []uint8{0, maker},
	},
	{
		name:   "both sides",
		config: Config{ClientExposureMax: 1000},
		trades: []codec.Trade{ledgertest.Sells(a1, b1, 1, 1, 1001)},
		want:   []uint8{taker | maker},
	},
	{
		name:   "several in one batch, and what is refused does not weigh on the rest",
		config: Config{ClientExposureMax: 1000},
		trades: []codec.Trade{
			ledgertest.Buys(a1, b1, 1, 1, 600),  // a1 600
			ledgertest.Buys(a1, c1, 1, 1, 500),  // a1 would have 1100
			ledgertest.Buys(a1, c1, 1, 1, 400),  // a1 1000
			ledgertest.Sells(b1, a2, 2, 1, 401), // b1 would have 600 + 401
			ledgertest.Sells(b1, a2, 2, 1, 400), // b1 1000
		},
		want: []uint8{0, taker, 0, taker, 0},
	},
	{
		name:   "who reduces is never refused",
		config: Config{ClientExposureMax: 1000, MemberExposureMax: 1000},
		before: []codec.Trade{ledgertest.Buys(a1, b1, 1, 1, 5000)},
		trades: []codec.Trade{ledgertest.Sells(a1, b1, 1, 1, 1000), ledgertest.Sells(a1, b1, 1, 1, 3000), ledgertest.Buys(a1, c1, 1, 1, 1)},
		want:   []uint8{0, 0, taker},
	},
	{
		name:   "a position that turns over counts by what it becomes",
		config: Config{ClientExposureMax: 1000},
		before: []codec.Trade{ledgertest.Buys(a1, b1, 1, 1, 1000)},
		trades: []codec.Trade{ledgertest.Sells(a1, b1, 1, 1, 2000), ledgertest.Sells(a1, b1, 1, 1, 1)},
		want:   []uint8{0, taker | maker},
	},
	{
		name:   "instruments do not offset each other",
		config: Config{ClientExposureMax: 1000},
		trades: []codec.Trade{ledgertest.Buys(a1, b1, 1, 1, 600), ledgertest.Sells(a1, c1, 2, 1, 401)},
		want:   []uint8{0, taker},
	},
	{
		name:   "the member's limit sums its clients",
		config: Config{MemberExposureMax: 1000},
		trades: []codec.Trade{ledgertest.Buys(a1, b1, 1, 1, 600), ledgertest.Buys(a2, c1, 1, 1, 401)},
		want:   []uint8{0, taker},
	},
	{
		name:   "both sides of one member weigh on it together",
		config: Config{MemberExposureMax: 1000},
		trades: []codec.Trade{ledgertest.Buys(a1, a2, 1, 1, 501), ledgertest.Buys(a1, a2, 1, 1, 500)},
		want:   []uint8{taker | maker, 0},
	},
	{
		name:   "a member over its limit may move a position from one client to another",
		config: Config{MemberExposureMax: 1000},
		before: []codec.Trade{ledgertest.Buys(a1, b1, 1, 1, 5000)},
		trades: []codec.Trade{ledgertest.Buys(a2, a1, 1, 1, 1000), ledgertest.Buys(a2, c1, 1, 1, 1)},
		want:   []uint8{0, taker},
	},
	{
		name:   "the value of one trade is the taker's fault",
		config: Config{TradeValueMax: 1000},
		trades: []codec.Trade{ledgertest.Buys(a1, b1, 1, 10, 100), ledgertest.Buys(a1, b1, 1, 7, 143), ledgertest.Buys(a1, a1, 1, 1, 1001)},
		want:   []uint8{0, taker, taker},
	},
	{
		name:   "finer prices are rounded up to a paisa",
		config: Config{ClientExposureMax: 10},
		trades: []codec.Trade{ledgertest.Buys(a1, b1, 3, 1, 1000), ledgertest.Buys(a1, b1, 3, 1, 1)},
		want:   []uint8{0, taker | maker},
	},
}

func TestVeto(t *testing.T) {
	for _, c := range vetoCases {
		t.Run(c.name, func(t *testing.T) {
			r, s := create(t, c.config), &ledgertest.Stream{}
			before := s.Next(market(), c.before...)
			r.Vote(before, true)
			s.Voted(before)
			r.Apply(s.Apply())
			digest, reserved := r.Digest(), projected(r)

			b := s.Next(nil, c.trades...)
			vote := r.Vote(b, false)
			refused := false
			for i, want := range c.want {
				refused = refused || want != 0
				if got := batch3pc.VetoBits(vote.Veto, i); got != want {
					t.Errorf("trade %d: veto %02b, want %02b", i, got, want)
				}
			}
			if vote.Yes == refused || refused && vote.Reason != batch3pc.ReasonVeto {
				t.Fatalf("vote %+v", vote)
			}
			if refused && (projected(r) != reserved || r.Digest() != digest) {
				t.Fatalf("a no changed the state (R2):\n%s\nbefore\n%s", projected(r), reserved)
			}
			if refused { // decided all the same: it must be taken
				r.Vote(b, true)
			}
			s.Voted(b)
			r.Apply(s.Apply())
			if r.AppliedTrades() != uint64(len(c.before)+len(c.trades)) {
				t.Fatalf("%d trades applied", r.AppliedTrades())
			}
		})
	}
}

// TestVetoIsCleared checks that a vote does not show what an earlier one refused.
func TestVetoIsCleared(t *testing.T) {
	r, s := create(t, Config{TradeValueMax: 10}), &ledgertest.Stream{}
	big, one := ledgertest.Buys(a1, b1, 1, 1, 11), ledgertest.Buys(a1, b1, 1, 1, 1)
	r.Vote(s.Next(market(), big, big, big, big, big), false)
	vote := r.Vote(s.Next(market(), one, one, one, one, big), false)
	for i := range 4 {
		if batch3pc.VetoBits(vote.Veto, i) != 0 {
			t.Fatalf("trade %d is refused: % x", i, vote.Veto)
		}
	}
	if batch3pc.VetoBits(vote.Veto, 4) != batch3pc.VetoTaker || len(vote.Veto) != 2 {
		t.Fatalf("veto % x", vote.Veto)
	}
}

// projected renders the reserved state, without what is zero.
func projected(r *Risk) string {
	lines := make([]string, 0, r.book.positions.Len())
	for member := range uint16(10) {
		if s, ok := r.book.seatOf[member]; ok && r.book.seats[s].exposure != 0 {
			lines = append(lines, fmt.Sprint("member ", member, " ", r.book.seats[s].exposure))
		}
		for client := range uint32(40) {
			account, ok := r.book.accountOf[owner(member, client)]
			if !ok {
				continue
			}
			if e := r.book.accounts[account].exposure; e != 0 {
				lines = append(lines, fmt.Sprint("client ", member, " ", client, " ", e))
			}
			for instrument := range uint32(10) {
				for _, p := range r.book.positions.All() {
					if p.account == account && p.instrument == instrument && p.projected != 0 {
						lines = append(lines, fmt.Sprint("position ", member, " ", client, " ", instrument, " ", p.projected))
					}
				}
			}
		}
	}
	return strings.Join(lines, "\n")
}

// naiveState is the applied state computed in the most obvious way.
func naiveState(t *rapid.T, r *Risk, applied []codec.Trade) {
	type key struct {
		member     uint16
		client     uint32
		instrument uint32
	}
	bought, sold := map[key]int64{}, map[key]int64{}
	for i := range applied {
		tr := &applied[i]
		buyer, seller := key{tr.TakerMember, tr.TakerClient, tr.Instrument}, key{tr.MakerMember, tr.MakerClient, tr.Instrument}
		if tr.TakerSide == orderbook.Sell {
			buyer, seller = seller, buyer
		}
		bought[buyer] += int64(tr.Price) * int64(tr.Qty)
		sold[seller] += int64(tr.Price) * int64(tr.Qty)
	}
	exposures := map[[2]uint32]int64{}
	for member := range uint16(5) {
		for client := range uint32(6) {
			for instrument := range uint32(8) {
				k := key{member, client, instrument}
				net := bought[k] - sold[k]
				if net == 0 {
					continue
				}
				scale := r.stream.Instrument(instrument).PriceScale
				paise := math.Ceil(math.Abs(float64(net)) * 100 / math.Pow10(int(scale)))
				exposures[[2]uint32{uint32(member), client}] += int64(paise)
			}
		}
	}
	got := map[[2]uint32]int64{}
	for _, c := range r.clients() {
		if c.exposure != 0 {
			got[[2]uint32{uint32(c.member), c.client}] = c.exposure
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(exposures) {
		t.Fatalf("exposures %v, want %v", got, exposures)
	}
}

// TestConformance drives risk through random schedules, without and with limits (R1, R2).
func TestConformance(t *testing.T) {
	for name, c := range map[string]Config{
		"unlimited": {},
		"limited":   {ClientExposureMax: 30_000_000, MemberExposureMax: 60_000_000, TradeValueMax: 100_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			ledgertest.Run(t, func() *Risk { return create(t, c) }, projected, naiveState)
		})
	}
}

// TestAnyOrder checks that files and digest do not show in which order the trades came.
func TestAnyOrder(t *testing.T) {
	ledgertest.RunAnyOrder(t, func() *Risk { return create(t, Config{}) })
}

// TestDigestSeesAll changes each applied field of a position: the digest must notice.
func TestDigestSeesAll(t *testing.T) {
	r, s := create(t, Config{}), &ledgertest.Stream{}
	commit(t, r, s, market(), ledgertest.Buys(a1, b1, 1, 10, 250_000))
	p := r.book.positions.At(0)
	fields := []any{&p.buyQty, &p.sellQty, &p.buyValue, &p.sellValue, &p.trades, &p.instrument, &r.book.accounts[0].client, &r.book.accounts[0].member}
	ledgertest.DigestSees(t, r, fields...)
}

// TestUndecidedIsBounded checks that what is noted for undecided trades does not grow with the stream.
func TestUndecidedIsBounded(t *testing.T) {
	r, s := create(t, Config{}), &ledgertest.Stream{}
	trades := make([]codec.Trade, 100)
	for i := range trades {
		trades[i] = ledgertest.Buys(a1, b1, 1, 1, 1)
	}
	instruments := market()
	for range 200 {
		b := s.Next(instruments, trades...)
		instruments = nil
		r.Vote(b, false)
		s.Voted(b)
		if s.Undecided() > 3 {
			r.Apply(s.Apply())
		}
	}
	if most := 4 * 4 * len(trades); cap(r.undecided) > most {
		t.Fatalf("room for %d undecided trades, want at most %d for %d", cap(r.undecided), most, 4*len(trades))
	}
}

// TestConservation checks R3 over random trades.
func TestConservation(t *testing.T) {
	ledgertest.Run(t, func() *Risk { return create(t, Config{}) }, projected, func(t *rapid.T, r *Risk, _ []codec.Trade) {
		qty, value := map[uint32]int64{}, map[uint32]int64{}
		for _, p := range r.book.positions.All() {
			qty[p.instrument] += p.buyQty - p.sellQty
			value[p.instrument] += p.net()
		}
		for instrument := range qty {
			if qty[instrument] != 0 || value[instrument] != 0 {
				t.Fatalf("instrument %d: net %d and %d over all (R3)", instrument, qty[instrument], value[instrument])
			}
		}
	})
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{{MarginBps: -1}, {MarginBps: 10_001}, {ClientExposureMax: -1}, {MemberExposureMax: -1}, {TradeValueMax: -1}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

// TestMargin checks the rounding, and that the largest exposure does not overflow.
func TestMargin(t *testing.T) {
	cases := []struct{ exposure, bps, want int64 }{
		{0, 2000, 0}, {1, 2000, 1}, {5, 2000, 1}, {6, 2000, 2}, {10_000, 1, 1}, {10_001, 1, 2}, {123_456, 2000, 24_692},
		{1 << 61, 10_000, 1 << 61}, {1<<61 + 1, 5_000, 1<<60 + 1},
	}
	for _, c := range cases {
		if got := (&Config{MarginBps: c.bps}).margin(c.exposure); got != c.want {
			t.Errorf("margin of %d at %d bps is %d, want %d", c.exposure, c.bps, got, c.want)
		}
	}
}

// TestUnreadableDecided checks that a decided batch which cannot be read stops the process.
func TestUnreadableDecided(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("no panic")
		}
	}()
	create(t, Config{}).Vote(&batch3pc.Batch{Payload: []byte("x")}, true)
}
