package participant_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
	"github.com/tezi-exchange/tezi/internal/participant/marketdata"
	"github.com/tezi-exchange/tezi/internal/participant/risk"
	"github.com/tezi-exchange/tezi/internal/participant/settlement"
	"github.com/tezi-exchange/tezi/orderbook"
)

const holiday = "2026-01-05" // a Monday

// roles returns the three roles, without a tape.
func roles(t testing.TB) []participant.Role {
	t.Helper()
	closed, err := ledger.ParseDate(holiday)
	r, err1 := risk.New(risk.Config{MarginBps: 1234})
	s, err2 := settlement.New(settlement.Config{Holidays: []ledger.Date{closed}})
	m, err3 := marketdata.New(marketdata.Config{})
	if err := errors.Join(err, err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return []participant.Role{r, s, m}
}

// days is a random market at the ends of what numbers can say.
type days struct {
	*rand.Rand
	stream ledgertest.Stream
	known  []codec.Instrument
}

// listing makes instruments of any scale, every other one a derivative, whose names are in another order than their indices.
func (d *days) listing() []codec.Instrument {
	var list []codec.Instrument
	for k := range 1 + d.IntN(6) {
		i := ledgertest.Instrument(uint32(len(d.known)+k+1), fmt.Sprintf("S%c%d", 'A'+d.IntN(26), 1000+len(d.known)+k), uint8(d.IntN(10)))
		if d.IntN(2) == 0 {
			i.Segment, i.Series, i.Expiry, i.Strike = codec.SegmentDerivatives, [2]byte{}, 20260129, orderbook.Price(d.Int32())
			copy(i.Class[:], [...]string{"OPTIDX", "OPTSTK", "FUTSTK", "FUTIDX"}[d.IntN(4)])
			copy(i.Option[:], "PE")
		}
		list = append(list, i)
	}
	return list
}

// trade draws one that the engine's limit on the value of an order lets through, and of which a thousand
// fit into what the roles count to.
func (d *days) trade() codec.Trade {
	pick := func(some ...uint32) uint32 { return some[d.IntN(len(some))] }
	party := func() ledgertest.Party {
		return ledgertest.Party{Member: uint16(pick(0, 1, 2, math.MaxUint16)), Client: pick(0, 1, math.MaxUint32-1, math.MaxUint32)}
	}
	i := d.known[d.IntN(len(d.known))]
	most := int64(1) << 50
	if i.PriceScale < ledger.PaiseScale {
		most /= 100
	}
	price := int64(pick(1, 5, 1+d.Uint32N(1<<20), math.MaxInt32))
	qty := max(1, min(most/price, int64(pick(1, 1+d.Uint32N(1<<12), math.MaxUint32))))
	t := ledgertest.Buys(party(), party(), i.Instrument, orderbook.Qty(qty), orderbook.Price(price))
	if d.IntN(2) == 0 {
		t.TakerSide = orderbook.Sell
	} else if d.IntN(3) == 0 {
		t.Flags = codec.TradeAuction
	}
	midnight := ledgertest.At(fmt.Sprintf("2026-01-%02d 00:00:00", 1+d.IntN(6)))
	t.TimeNs = midnight + int64([...]time.Duration{0, -1, 9 * time.Hour, 24*time.Hour - 1}[d.IntN(4)])
	return t
}

// TestDays plays random days to the three roles, some of which is refused, dropped, or taken over as a state half way,
// and compares all their files with those of the oracle.
func TestDays(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { playDays(t, &days{Rand: rand.New(rand.NewPCG(seed, 7))}) })
	}
}

func playDays(t *testing.T, d *days) {
	o := oracle{instruments: map[uint32]codec.Instrument{}, marginBps: 1234, holidays: []string{holiday}}
	of, heirs := roles(t), roles(t)
	handOver := d.IntN(20)
	for step := range 40 {
		if step == handOver {
			inherit(t, of, heirs)
		}
		before := d.known
		var fresh []codec.Instrument
		if len(d.known) == 0 || d.IntN(4) == 0 {
			fresh = d.listing()
			d.known = append(d.known[:len(d.known):len(d.known)], fresh...)
		}
		trades := make([]codec.Trade, d.IntN(25))
		for i := range trades {
			trades[i] = d.trade()
		}
		b := d.stream.Next(fresh, trades...)
		stays := d.IntN(4) > 0
		for _, r := range of {
			if v := r.Vote(b, false); !v.Yes {
				t.Fatalf("%s votes %+v", r.Name(), v)
			}
			if !stays {
				r.Drop(b)
			}
		}
		if !stays {
			d.known = before
			continue
		}
		d.stream.Voted(b)
		for d.stream.Undecided() > d.IntN(4) {
			b := d.stream.Apply()
			for k, r := range of {
				r.Apply(b)
				if step >= handOver {
					heirs[k].Vote(b, false)
					heirs[k].Apply(b)
				}
			}
		}
	}
	for d.stream.Undecided() > 0 {
		b := d.stream.Drop()
		for _, r := range of {
			r.Drop(b)
		}
	}
	for _, b := range d.stream.Applied() {
		for _, i := range ledgertest.Payload(b).Instruments {
			o.instruments[i.Instrument] = i
		}
	}
	o.trades = ledgertest.Trades(d.stream.Applied())
	for k := range of {
		compare(t, &o, of[k])
		compare(t, &o, heirs[k])
		if !bytes.Equal(of[k].AppendSnapshot(nil), heirs[k].AppendSnapshot(nil)) {
			t.Fatalf("%s: another state by way of a snapshot", of[k].Name())
		}
	}
}

// TestFlippedBits: whatever a batch says of which some bits are others, a role answers it, and nothing of it stays: the votes
// and the state that follow are those of a role which has never seen it.
func TestFlippedBits(t *testing.T) {
	for seed := range uint64(10) {
		d := &days{Rand: rand.New(rand.NewPCG(seed, 8))}
		seen, clean := roles(t), roles(t)
		for range 40 {
			var fresh []codec.Instrument
			if len(d.known) == 0 || d.IntN(4) == 0 {
				fresh = d.listing()
				d.known = append(d.known, fresh...)
			}
			trades := make([]codec.Trade, 1+d.IntN(20))
			for i := range trades {
				trades[i] = d.trade()
			}
			b := d.stream.Next(fresh, trades...)
			d.stream.Voted(b)
			d.stream.Apply()
			for k, r := range seen {
				for range 25 {
					flipped := *b
					flipped.Payload = bytes.Clone(b.Payload)
					for range 1 + d.IntN(3) {
						flipped.Payload[d.IntN(len(b.Payload))] ^= 1 << d.IntN(8)
					}
					flipped.Seal()
					if v := r.Vote(&flipped, false); v.Yes {
						r.Drop(&flipped)
					}
				}
				for _, r := range []participant.Role{r, clean[k]} {
					if v := r.Vote(b, false); !v.Yes {
						t.Fatalf("seed %d: %s votes %+v", seed, r.Name(), v)
					}
					r.Apply(b)
				}
				if !bytes.Equal(r.AppendSnapshot(nil), clean[k].AppendSnapshot(nil)) {
					t.Fatalf("seed %d: %s: what was refused is in the state", seed, r.Name())
				}
			}
		}
	}
}

// TestTurnoverIsFull: trades that no sum has room for are refused by name, and the others are not: a market that comes to
// its end rejects, and does not contradict itself.
func TestTurnoverIsFull(t *testing.T) {
	party := ledgertest.Party{Member: 1, Client: 1}
	large, small := ledgertest.Buys(party, party, 1, 1<<30, 1<<29), ledgertest.Sells(party, party, 1, 1, 1)
	for _, r := range roles(t) {
		var s ledgertest.Stream
		b := s.Next([]codec.Instrument{ledgertest.Instrument(1, "X", 2)}, large)
		if v := r.Vote(b, false); !v.Yes {
			t.Fatalf("%s: %+v", r.Name(), v)
		}
		s.Voted(b)
		for range 2 {
			v := r.Vote(s.Next(nil, small, large, small, large, large), false)
			if v.Yes || v.Reason != batch3pc.ReasonVeto || len(v.Veto) != 2 {
				t.Fatalf("%s: vote %+v, want a veto of two bytes", r.Name(), v)
			}
			for i, want := range []uint8{0, batch3pc.VetoTaker, 0, batch3pc.VetoTaker, batch3pc.VetoTaker} {
				if got := batch3pc.VetoBits(v.Veto, i); got != want {
					t.Errorf("%s: trade %d: veto %02b, want %02b", r.Name(), i, got, want)
				}
			}
		}
		if v := r.Vote(s.Next(nil, small), false); !v.Yes {
			t.Errorf("%s: there is room, and the vote is %+v", r.Name(), v)
		}
	}
}

// inherit gives the state of some roles to others.
func inherit(t *testing.T, of, heirs []participant.Role) {
	t.Helper()
	for k, r := range of {
		image := r.AppendSnapshot(nil)
		if err := heirs[k].Restore(image); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(heirs[k].AppendSnapshot(nil), image) || heirs[k].Digest() != r.Digest() {
			t.Fatalf("%s: a restored state is another one", r.Name())
		}
	}
}

// compare holds the files of a role against the oracle's.
func compare(t *testing.T, o *oracle, r participant.Role) {
	t.Helper()
	dir := t.TempDir()
	if err := r.Save(dir); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	switch r.Name() {
	case "risk":
		want[risk.ClientsFile], want[risk.MembersFile] = o.risk()
	case "settlement":
		want[settlement.File] = o.settlement()
	default:
		want[marketdata.BhavcopyFile], want[marketdata.BhavcopyFOFile] = o.bhavcopies()
	}
	for name, content := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if content == "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || string(got) != content {
			t.Fatalf("%s: %v\n%s\nwant\n%s", name, err, got, content)
		}
	}
	if r.AppliedTrades() != uint64(len(o.trades)) {
		t.Fatalf("%s has applied %d trades, want %d", r.Name(), r.AppliedTrades(), len(o.trades))
	}
}
