package peers

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	flatbuffers "github.com/google/flatbuffers/go"
	"google.golang.org/protobuf/proto"

	"github.com/tezi-exchange/tezi/bench/peers/trade"
	"github.com/tezi-exchange/tezi/bench/peers/trade/flat"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// market makes trades as in the benchmarks of package codec: 50 instruments whose prices walk, order
// numbers within a million, 1,500 members with 20 clients each.
func market(n int) []codec.Trade {
	rng := rand.New(rand.NewPCG(1, 2))
	prices := make([]orderbook.Price, 50)
	for i := range prices {
		prices[i] = orderbook.Price(10_000 + rng.IntN(400_000))
	}
	trades := make([]codec.Trade, n)
	now, command := int64(1_767_324_300_000_000_000), uint32(0)
	for i := range trades {
		s := rng.IntN(len(prices))
		prices[s] += orderbook.Price(5 * (rng.IntN(5) - 2))
		now += 300 + rng.Int64N(1500)
		command += uint32(rng.IntN(4))
		t := &trades[i]
		t.No, t.TimeNs, t.Command, t.Instrument, t.Price = uint64(1_000_000+i), now, command, uint32(s+1), prices[s]
		t.Taker, t.Maker = orderbook.OrderID(7_000_000+rng.IntN(1_000_000)), orderbook.OrderID(7_000_000+rng.IntN(1_000_000))
		t.Qty, t.TakerSide = orderbook.Qty(1+rng.IntN(1000)), orderbook.Buy+orderbook.Side(rng.IntN(2))
		t.TakerMember, t.TakerClient = codec.Owner(t.Taker, 1500, 20)
		t.MakerMember, t.MakerClient = codec.Owner(t.Maker, 1500, 20)
	}
	return trades
}

// form is a way to write trades: encode returns bytes that are valid until its next call, decode the
// trades in them, likewise.
type form struct {
	name   string
	encode func([]codec.Trade) []byte
	decode func([]byte) []codec.Trade
}

// BenchmarkTrades encodes 1,000 trades from codec.Trade and decodes them into it, which is what each
// form has to do here: the engine's trade is a struct of 64 bytes. x-cast is the ratio to a copy of
// these bytes, in the same run.
func BenchmarkTrades(b *testing.B) {
	trades := market(1000)
	forms := []form{cast(), compact(), protobuf("protobuf", false), protobuf("vtprotobuf", true), flatbuffer()}
	anchor := forms[0]
	for _, f := range forms {
		encoded, plain := slices.Clone(f.encode(trades)), slices.Clone(anchor.encode(trades))
		if !slices.Equal(f.decode(encoded), trades) {
			b.Fatalf("%s: other trades come out", f.name)
		}
		for _, op := range []struct {
			name         string
			subject, ref func()
		}{
			{"encode", func() { f.encode(trades) }, func() { anchor.encode(trades) }},
			{"decode", func() { f.decode(encoded) }, func() { anchor.decode(plain) }},
		} {
			b.Run(fmt.Sprintf("form=%s/op=%s", f.name, op.name), func(b *testing.B) {
				b.ReportAllocs()
				n := max(b.N/turns, 1)
				best, ref := math.Inf(1), math.Inf(1)
				for range turns {
					best = min(best, each(n, op.subject))
					b.StopTimer()
					ref = min(ref, each(n, op.ref))
					b.StartTimer()
				}
				b.ReportMetric(best/float64(len(trades)), "ns/trade")
				b.ReportMetric(best/ref, "x-cast")
				b.ReportMetric(float64(len(encoded))/float64(len(trades)), "B/trade")
			})
		}
	}
}

// turns are how often a form and the anchor are measured, of which the best of each counts.
const turns = 20

// each returns ns a call of f, over n calls.
func each(n int, f func()) float64 {
	begin := time.Now()
	for range n {
		f()
	}
	return float64(time.Since(begin).Nanoseconds()) / float64(n)
}

func cast() form {
	var bytes []byte
	var trades []codec.Trade
	return form{"tezi-cast",
		func(t []codec.Trade) []byte {
			bytes = append(bytes[:0], codec.TradeBytes(t)...)
			return bytes
		},
		func(b []byte) []codec.Trade {
			trades = slices.Grow(trades[:0], len(b)/codec.TradeSize)[:len(b)/codec.TradeSize]
			copy(codec.TradeBytes(trades), b)
			return trades
		},
	}
}

func compact() form {
	var bytes []byte
	var trades []codec.Trade
	return form{"tezi-compact",
		func(t []codec.Trade) []byte {
			bytes = codec.AppendCompact(bytes[:0], t)
			return bytes
		},
		func(b []byte) []codec.Trade {
			var err error
			if trades, err = codec.DecodeCompact(trades[:0], b); err != nil {
				panic(err)
			}
			return trades
		},
	}
}

// protobuf reuses its messages on the way out; the one on the way in, as far as the library does.
func protobuf(name string, vt bool) form {
	var bytes []byte
	var trades []codec.Trade
	out, in := new(trade.Batch), new(trade.Batch)
	return form{name,
		func(t []codec.Trade) []byte {
			for len(out.Trades) < len(t) {
				out.Trades = append(out.Trades, new(trade.Trade))
			}
			for i := range t {
				toProto(out.Trades[i], &t[i])
			}
			var err error
			if vt {
				bytes = slices.Grow(bytes[:0], out.SizeVT())[:out.SizeVT()]
				_, err = out.MarshalToSizedBufferVT(bytes)
			} else {
				bytes, err = proto.MarshalOptions{}.MarshalAppend(bytes[:0], out)
			}
			if err != nil {
				panic(err)
			}
			return bytes
		},
		func(b []byte) []codec.Trade {
			var err error
			if vt {
				in.ResetVT()
				err = in.UnmarshalVT(b)
			} else {
				err = proto.Unmarshal(b, in)
			}
			if err != nil {
				panic(err)
			}
			trades = trades[:0]
			for _, t := range in.Trades {
				trades = append(trades, fromProto(t))
			}
			return trades
		},
	}
}

func toProto(p *trade.Trade, t *codec.Trade) {
	p.No, p.Taker, p.Maker, p.TimeNs = t.No, uint64(t.Taker), uint64(t.Maker), uint64(t.TimeNs)
	p.Command, p.Instrument, p.Price, p.Qty = t.Command, t.Instrument, int32(t.Price), uint32(t.Qty)
	p.TakerClient, p.MakerClient = t.TakerClient, t.MakerClient
	p.TakerMember, p.MakerMember = uint32(t.TakerMember), uint32(t.MakerMember)
	p.TakerSide, p.Flags = uint32(t.TakerSide), uint32(t.Flags)
}

func fromProto(p *trade.Trade) codec.Trade {
	return codec.Trade{
		No: p.No, Taker: orderbook.OrderID(p.Taker), Maker: orderbook.OrderID(p.Maker), TimeNs: int64(p.TimeNs),
		Command: p.Command, Instrument: p.Instrument, Price: orderbook.Price(p.Price), Qty: orderbook.Qty(p.Qty),
		TakerClient: p.TakerClient, MakerClient: p.MakerClient,
		TakerMember: uint16(p.TakerMember), MakerMember: uint16(p.MakerMember),
		TakerSide: orderbook.Side(p.TakerSide), Flags: codec.TradeFlags(p.Flags),
	}
}

func flatbuffer() form {
	builder := flatbuffers.NewBuilder(128 << 10)
	var trades []codec.Trade
	return form{"flatbuffers",
		func(t []codec.Trade) []byte {
			builder.Reset()
			flat.BatchStartTradesVector(builder, len(t))
			for i := range slices.Backward(t) {
				x := &t[i]
				flat.CreateTrade(builder, x.No, uint64(x.Taker), uint64(x.Maker), x.TimeNs, x.Command, x.Instrument, int32(x.Price), uint32(x.Qty),
					x.TakerClient, x.MakerClient, x.TakerMember, x.MakerMember, byte(x.TakerSide), byte(x.Flags))
			}
			vector := builder.EndVector(len(t))
			flat.BatchStart(builder)
			flat.BatchAddTrades(builder, vector)
			builder.Finish(flat.BatchEnd(builder))
			return builder.FinishedBytes()
		},
		func(b []byte) []codec.Trade {
			batch := flat.GetRootAsBatch(b, 0)
			trades = trades[:0]
			var x flat.Trade
			for i := range batch.TradesLength() {
				batch.Trades(&x, i)
				trades = append(trades, codec.Trade{
					No: x.No(), Taker: orderbook.OrderID(x.Taker()), Maker: orderbook.OrderID(x.Maker()), TimeNs: x.TimeNs(),
					Command: x.Command(), Instrument: x.Instrument(), Price: orderbook.Price(x.Price()), Qty: orderbook.Qty(x.Qty()),
					TakerClient: x.TakerClient(), MakerClient: x.MakerClient(), TakerMember: x.TakerMember(), MakerMember: x.MakerMember(),
					TakerSide: orderbook.Side(x.TakerSide()), Flags: codec.TradeFlags(x.Flags()),
				})
			}
			return trades
		},
	}
}
