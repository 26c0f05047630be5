package participant_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/batch3pctest"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/participant/ledger/ledgertest"
	"github.com/tezi-exchange/tezi/internal/participant/marketdata"
	"github.com/tezi-exchange/tezi/internal/participant/risk"
	"github.com/tezi-exchange/tezi/internal/participant/settlement"
	"github.com/tezi-exchange/tezi/orderbook"
)

// TestRolesConform: the three roles of the exchange are what the commit protocol asks of an App.
func TestRolesConform(t *testing.T) {
	for name, create := range map[string]func() (participant.Role, error){
		"risk": func() (participant.Role, error) {
			return risk.New(risk.Config{MarginBps: 2000, ClientExposureMax: 400_000, TradeValueMax: 120_000})
		},
		"settlement": func() (participant.Role, error) { return settlement.New(settlement.Config{}) },
		"marketdata": func() (participant.Role, error) { return marketdata.New(marketdata.Config{}) }, // without a tape
	} {
		t.Run(name, func(t *testing.T) {
			batch3pctest.RunApp(t, batch3pctest.Subject{
				New: func(t testing.TB) batch3pc.App {
					role, err := create()
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() {
						if err := role.Close(); err != nil {
							t.Error(err)
						}
					})
					return role
				},
				State: func(a batch3pc.App) []byte {
					role := a.(participant.Role)
					return role.AppendSnapshot(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, role.Digest()), role.AppliedTrades()))
				},
				Payload: drawPayload,
			})
		})
	}
}

// drawPayload draws a batch of a few trades, as the engine would make it behind prefix, in instruments of any scale
// and between members and clients at the ends of their numbers. Some are larger than risk allows.
func drawPayload(r *rand.Rand, prefix []*batch3pc.Batch) (count uint32, payload []byte) {
	p := codec.Payload{FirstTrade: 1}
	if n := len(prefix); n > 0 {
		last := ledgertest.Payload(prefix[n-1])
		p.FirstTrade = last.FirstTrade + uint64(len(last.Trades))
	} else {
		for i, scale := range []uint8{2, 0, 9} {
			p.Instruments = append(p.Instruments, ledgertest.Instrument(uint32(i+1), fmt.Sprintf("SYM%d", i+1), scale))
		}
	}
	party := func() ledgertest.Party {
		return ledgertest.Party{Member: uint16(r.UintN(3) - 1), Client: r.Uint32N(4) - 1}
	}
	for i := range 1 + r.IntN(5) {
		t := ledgertest.Buys(party(), party(), 1+r.Uint32N(3), orderbook.Qty(1+r.IntN(30)), orderbook.Price(100+r.IntN(4000)))
		if r.IntN(2) == 0 {
			t.TakerSide = orderbook.Sell
		}
		t.No = p.FirstTrade + uint64(i)
		p.Trades = append(p.Trades, t)
	}
	return uint32(len(p.Trades)), codec.AppendPayload(nil, &p)
}
