package ledgertest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Instrument returns an instrument of the capital market.
func Instrument(index uint32, symbol string, scale uint8) codec.Instrument {
	i := codec.Instrument{Instrument: index, Kind: codec.KindDefine, Segment: codec.SegmentCapital, PriceScale: scale, Lot: 1, Tick: 5}
	copy(i.Symbol[:], symbol)
	copy(i.Series[:], "EQ")
	return i
}

// At returns an instant in India: "2026-01-02 09:15:00".
func At(india string) int64 {
	t, err := time.ParseInLocation(time.DateTime, india, time.FixedZone("IST", 5*3600+1800))
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

// Party is one side of a trade.
type Party struct {
	Member uint16
	Client uint32
}

// Buys returns a trade in which taker buys from maker.
func Buys(taker, maker Party, instrument uint32, qty orderbook.Qty, price orderbook.Price) codec.Trade {
	return codec.Trade{
		Instrument: instrument, Qty: qty, Price: price, TakerSide: orderbook.Buy, TimeNs: At("2026-01-02 10:00:00"),
		TakerMember: taker.Member, TakerClient: taker.Client, MakerMember: maker.Member, MakerClient: maker.Client,
	}
}

// Sells returns a trade in which taker sells to maker.
func Sells(taker, maker Party, instrument uint32, qty orderbook.Qty, price orderbook.Price) codec.Trade {
	t := Buys(taker, maker, instrument, qty, price)
	t.TakerSide = orderbook.Sell
	return t
}

// Sizes of the random market: small, so that everything meets everything.
const (
	instrumentCount = 5
	memberCount     = 3
	clientCount     = 4
)

// drawInstruments draws definitions among those that the applied and voted batches have not made.
func drawInstruments(t *rapid.T, s *Stream) (fresh []codec.Instrument, known []uint32) {
	defined := map[uint32]bool{}
	for _, b := range s.batches {
		for _, i := range Payload(b).Instruments {
			defined[i.Instrument] = true
		}
	}
	for index := uint32(1); index <= instrumentCount; index++ {
		if !defined[index] && rapid.IntRange(0, 2).Draw(t, "define") == 0 {
			scale := []uint8{2, 2, 2, 4, 0}[index-1]
			fresh = append(fresh, Instrument(index, fmt.Sprintf("SYM%d", 9-index), scale))
			defined[index] = true
		}
		if defined[index] {
			known = append(known, index)
		}
	}
	return fresh, known
}

// drawTrade draws a trade in one of the known instruments, on one of three days.
func drawTrade(t *rapid.T, known []uint32) codec.Trade {
	party := func(name string) Party {
		return Party{uint16(rapid.IntRange(1, memberCount).Draw(t, name)), uint32(rapid.IntRange(1, clientCount).Draw(t, name))}
	}
	trade := Buys(party("taker"), party("maker"), rapid.SampledFrom(known).Draw(t, "instrument"),
		orderbook.Qty(rapid.IntRange(1, 300).Draw(t, "qty")), orderbook.Price(rapid.IntRange(1, 5000).Draw(t, "price")))
	if rapid.Bool().Draw(t, "sell") {
		trade.TakerSide = orderbook.Sell
	}
	trade.TimeNs += int64(rapid.IntRange(0, 2).Draw(t, "day")) * int64(24*time.Hour)
	return trade
}
