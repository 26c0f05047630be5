package codec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/orderbook"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample values with every field different from zero and from each other.
var (
	sampleCommand = Command{
		Seq: 0x0102030405060708, TimeNs: 0x1112131415161718, Order: 0x2122232425262728, Instrument: 0x31323334,
		Price: 0x41424344, Trigger: 0x51525354, Qty: 0x61626364, Disclosed: 0x71727374, Client: 0x01828384, Ref: 0x11929394,
		Member: 0x2122, Kind: KindModify, Side: orderbook.Sell, TIF: orderbook.IOC, Flags: FlagMarket | FlagAlgo, AccountOf: 3, AlgoOf: 2,
		PAN: 0x21a2a3a4,
	}
	samplePhase = PhaseChange{
		Seq: 0x0102030405060708, TimeNs: 0x1112131415161718, Instrument: 0x31323334, Reference: 0x41424344,
		Kind: KindPhase, Phase: PhaseClosingLimit, Auction: AuctionMarketFirst,
	}
	sampleRules = Rules{
		Seq: 0x0102030405060708, TimeNs: 0x1112131415161718, ValueMax: 0x2122232425262728, Instrument: 0x31323334, PrevClose: 0x41424344,
		Low: 0x51525354, High: 0x61626364, Freeze: 0x71727374, ExecRange: 0x01828384, StopGap: 0x11929394, MarginBps: 0x2122,
		Kind: KindRules, DisclosedPct: 10, Flags: RuleGoodTill | RuleBandFlexes,
	}
	sampleLimit = Limit{
		Seq: 0x0102030405060708, TimeNs: 0x1112131415161718, Margin: 0x2122232425262728, Client: 0x01828384, Member: 0x2122, Kind: KindLimit,
	}
	sampleTrade = Trade{
		No: 0x0102030405060708, Taker: 0x1112131415161718, Maker: 0x2122232425262728, TimeNs: 0x3132333435363738,
		Command: 0x41424344, Instrument: 0x51525354, Price: 0x61626364, Qty: 0x71727374, TakerClient: 0x01828384,
		MakerClient: 0x11929394, TakerMember: 0x2122, MakerMember: 0x3132, TakerSide: orderbook.Buy, Flags: TradeAuction,
	}
	sampleInstrument = Instrument{
		Seq: 0x0102030405060708, TimeNs: 0x1112131415161718, Lot: 0x21222324, Expiry: 20260924, Instrument: 0x31323334,
		Strike: 0x41424344, Tick: 0x51525354, Symbol: [10]byte([]byte("BAJAJ-AUTO")), Series: [2]byte([]byte("EQ")),
		Class: [6]byte([]byte("OPTSTK")), Kind: KindDefine, Segment: SegmentDerivatives, PriceScale: 2, Option: [2]byte([]byte("CE")),
	}
	sampleBatch = batch3pc.Batch{Seq: 7, Parent: 5, ParentChain: 0x1234, Generation: 1, Count: 1, Payload: []byte("payload!")}
)

func sampleMessage() batch3pc.Message {
	sampleBatch.Seal()
	return batch3pc.Message{
		Kind: batch3pc.KindBatch, From: 16, To: 2, Ballot: batch3pc.Ballot{Epoch: 3, Node: 16, Boot: 9},
		Seq: 7, Chain: sampleBatch.Chain, Commit: 4, CommitChain: 0x44, Batch: &sampleBatch,
	}
}

// sampleGeneration is generation 2, opened by batch 4, without participant 3.
func sampleGeneration() []byte {
	g := []byte{4, 0, 0, 0, 0, 0, 0, 0, 0x44, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}
	for node := range byte(3) {
		g = append(g, node+1, 1-node/2, 0, 0, 0, 0, 0, 0, 0xa0+node, 0, 0, 0, 0, 0, 0, 0)
	}
	return g
}

// TestGolden holds the bytes of every record and frame (C4).
func TestGolden(t *testing.T) {
	m := sampleMessage()
	state := batch3pc.Message{
		Kind: batch3pc.KindState, From: 2, To: 16, Ballot: batch3pc.Ballot{Epoch: 3, Node: 16, Boot: 9}, Applied: 1,
		LastElected: batch3pc.Ballot{Epoch: 3, Node: 16, Boot: 9}, LastAttempt: batch3pc.Ballot{Epoch: 2, Node: 17, Boot: 1},
		PreCommitted: 5, PreChain: 0x55, Voted: 6, VotedChain: 0x66, AppliedChain: 0x11,
		Tail: batch3pc.AppendTail(nil, batch3pc.Position{Seq: 6, Chain: 0x66}), Generations: sampleGeneration(),
	}
	no := batch3pc.Message{Kind: batch3pc.KindNo, From: 1, To: 16, Seq: 7, Reason: batch3pc.ReasonVeto, Veto: []byte{1, 2, 3}}
	snapshot := batch3pc.Message{
		Kind: batch3pc.KindSnapshot, From: 16, To: 1, Ballot: batch3pc.Ballot{Epoch: 3, Node: 16, Boot: 9}, Seq: 0x21, Chain: 0x22,
		Commit: 0x23, CommitChain: 0x24, Truncate: 0x25, Offset: 0x26, Total: 0x27, Digest: 0x28, Chunk: []byte("a piece"),
	}
	yes := batch3pc.Message{Kind: batch3pc.KindYes, From: 1, To: 16, Seq: 7, Chain: 8, Applied: 5, Incarnation: 0x3132333435363738}
	h := Header{Cluster: 0xc1c2c3c4, Shard: 0x5152, Boot: 9}
	golden := func(name string, b []byte) {
		t.Helper()
		path := "testdata/" + name + ".golden"
		text := hex.Dump(b)
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if text != string(want) {
			t.Errorf("%s:\n got\n%swant\n%s", name, text, want)
		}
	}
	golden("command", CommandBytes([]Command{sampleCommand}))
	golden("trade", TradeBytes([]Trade{sampleTrade}))
	golden("instrument", InstrumentBytes([]Instrument{sampleInstrument}))
	golden("phase", CommandBytes([]Command{*samplePhase.AsCommand()}))
	golden("rules", CommandBytes([]Command{*sampleRules.AsCommand()}))
	golden("limit", CommandBytes([]Command{*sampleLimit.AsCommand()}))
	golden("payload", AppendPayload(nil, &Payload{1, 2, 3, []Instrument{sampleInstrument}, []Trade{sampleTrade}}))
	golden("message_batch", AppendMessage(nil, h, &m))
	golden("message_state", AppendMessage(nil, h, &state))
	golden("message_no", AppendMessage(nil, h, &no))
	golden("message_snapshot", AppendMessage(nil, h, &snapshot))
	golden("message_yes", AppendMessage(nil, h, &yes))
	hello := AppendHello(BeginFrame(nil, Header{Kind: FrameHello, Cluster: 1, From: 1}), Hello{Node: 1, Role: "risk"})
	SealFrame(hello)
	golden("hello", hello)
	process := AppendHello(BeginFrame(nil, Header{Kind: FrameHello, Cluster: 1, From: 1}), Hello{Node: 1, Role: "risk", Process: 0x0102030405060708})
	SealFrame(process)
	golden("hello_process", process)
	finished := AppendSummary(BeginFrame(nil, Header{Kind: FrameFinished, From: 1}), Summary{1, 2, 3, 4, 5})
	SealFrame(finished)
	golden("finished", finished)
	golden("compact", AppendCompact(nil, market(11)))
}

// TestMessageRoundTrip: C1 for random messages of every kind.
func TestMessageRoundTrip(t *testing.T) {
	ballot := rapid.Custom(func(t *rapid.T) batch3pc.Ballot {
		return batch3pc.Ballot{Epoch: rapid.Uint64().Draw(t, "epoch"), Node: batch3pc.NodeID(rapid.Uint8().Draw(t, "node")), Boot: rapid.Uint32().Draw(t, "boot")}
	})
	rapid.Check(t, func(t *rapid.T) {
		u := func(name string) uint64 { return rapid.Uint64().Draw(t, name) }
		m := batch3pc.Message{
			Kind: batch3pc.Kind(rapid.IntRange(1, 18).Draw(t, "kind")), From: 3, To: 4, Ballot: ballot.Draw(t, "ballot"),
			Seq: batch3pc.Seq(u("seq")), Chain: batch3pc.Chain(u("chain")), Commit: batch3pc.Seq(u("commit")), CommitChain: batch3pc.Chain(u("cc")),
			Applied: batch3pc.Seq(u("applied")), LastElected: ballot.Draw(t, "le"), LastAttempt: ballot.Draw(t, "la"),
			PreCommitted: batch3pc.Seq(u("pc")), PreChain: batch3pc.Chain(u("pcc")), Voted: batch3pc.Seq(u("voted")), VotedChain: batch3pc.Chain(u("vc")),
			AppliedChain: batch3pc.Chain(u("ac")), Incarnation: u("incarnation"), Truncate: batch3pc.Seq(u("truncate")), Reason: batch3pc.Reason(rapid.Uint8().Draw(t, "reason")),
		}
		tail := rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "tail")
		if m.Kind == batch3pc.KindBatch || m.Kind == batch3pc.KindFill {
			m.Batch = &batch3pc.Batch{Seq: batch3pc.Seq(u("bseq")), Parent: batch3pc.Seq(u("parent")), ParentChain: batch3pc.Chain(u("pch")),
				Generation: rapid.Uint32().Draw(t, "gen"), Count: rapid.Uint32().Draw(t, "count"), Digest: u("digest"), Chain: batch3pc.Chain(u("bchain")), Payload: tail}
		} else if m.Kind == batch3pc.KindState {
			n := batch3pc.TailLen(tail) * batch3pc.TailEntrySize
			m.Tail, m.Generations = tail[:n], tail[n:]
		} else {
			m.Veto = tail
		}
		if m.Kind == batch3pc.KindSnapshot || m.Kind == batch3pc.KindSnapshotReq {
			m.Offset, m.Total, m.Digest, m.Veto = u("offset"), u("total"), u("digest"), nil
		}
		if m.Kind == batch3pc.KindSnapshot {
			m.Chunk = tail
		}
		frame := AppendMessage(nil, Header{Cluster: 5, Boot: 6}, &m)
		if len(frame) != MessageSize(&m) {
			t.Fatalf("%d bytes, MessageSize says %d", len(frame), MessageSize(&m))
		}
		h, body, err := CheckFrame(frame)
		if err != nil {
			t.Fatal(err)
		}
		var got batch3pc.Message
		var batch batch3pc.Batch
		if err := DecodeMessage(body, h, &got, &batch); err != nil {
			t.Fatal(err)
		}
		if len(tail) == 0 { // an empty tail decodes to an empty slice
			m.Veto, got.Veto = nil, nil
			m.Tail, got.Tail = nil, nil
			m.Generations, got.Generations = nil, nil
			m.Chunk, got.Chunk = nil, nil
		}
		if m.Batch != nil && len(tail) == 0 {
			m.Batch.Payload, got.Batch.Payload = nil, nil
		}
		if !reflect.DeepEqual(got, m) {
			t.Fatalf("got  %+v\nwant %+v", got, m)
		}
	})
}

// TestFrameDamage: C3, every single bit and every truncation.
func TestFrameDamage(t *testing.T) {
	m := sampleMessage()
	frame := AppendMessage(nil, Header{Cluster: 1}, &m)
	for i := range frame {
		for bit := range 8 {
			bad := bytes.Clone(frame)
			bad[i] ^= 1 << bit
			if _, _, err := CheckFrame(bad); err == nil {
				t.Fatalf("bit %d of byte %d flipped: accepted", bit, i)
			}
		}
		if _, _, err := CheckFrame(frame[:i]); err == nil {
			t.Fatalf("%d of %d bytes accepted", i, len(frame))
		}
	}
}

// TestFrameErrors: each fault is named by its own error.
func TestFrameErrors(t *testing.T) {
	m := sampleMessage()
	frame := func(change func(b []byte)) []byte {
		b := AppendMessage(nil, Header{Cluster: 1}, &m)
		change(b)
		return b
	}
	for _, tc := range []struct {
		name string
		b    []byte
		want error
	}{
		{"short", []byte{1, 2}, ErrFrameShort},
		{"tiny length", frame(func(b []byte) { b[0], b[1] = 3, 0 }), ErrFrameLength},
		{"huge length", frame(func(b []byte) { b[3] = 0xff }), ErrFrameLength},
		{"other length", frame(func(b []byte) { b[0]++ }), ErrFrameLength},
		{"foreign", frame(func(b []byte) { b[8] = 0 }), ErrFrameMagic},
		{"other version", frame(func(b []byte) { b[10]++ }), ErrFrameVersion},
		{"damaged", frame(func(b []byte) { b[100]++ }), ErrFrameCRC},
	} {
		if _, _, err := CheckFrame(tc.b); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), "want") {
			t.Errorf("%s: %v, want %v, and what was wanted", tc.name, err, tc.want)
		}
	}
}

// TestTooMuchToEncode: what no decoder would take, or would take for something else, is not encoded.
func TestTooMuchToEncode(t *testing.T) {
	for name, encode := range map[string]func(){
		"role":        func() { AppendHello(nil, Hello{Role: strings.Repeat("x", 256)}) },
		"instruments": func() { AppendPayload(nil, &Payload{Instruments: make([]Instrument, 1<<16)}) },
		"trades":      func() { AppendPayload(nil, &Payload{Trades: make([]Trade, TradesPerBatchMax+1)}) },
	} {
		func() {
			defer func() {
				if r := fmt.Sprint(recover()); !strings.Contains(r, "want at most") {
					t.Errorf("%s: %s", name, r)
				}
			}()
			encode()
		}()
	}
}

// TestMessageHasOneEncoding: what a kind of message does not use is 0, and a decoder insists: else two frames would be one
// message (C1).
func TestMessageHasOneEncoding(t *testing.T) {
	for kind := batch3pc.KindBatch; kind <= batch3pc.KindSnapshotReq; kind++ {
		m := batch3pc.Message{Kind: kind}
		if kind == batch3pc.KindBatch || kind == batch3pc.KindFill {
			m.Batch = new(batch3pc.Batch)
		}
		h := Header{Cluster: 5}
		body := AppendMessage(nil, h, &m)[FrameHeaderSize:]
		accepted := 0
		for i := range body {
			for _, flip := range []byte{1, 0x80} {
				bad := bytes.Clone(body)
				bad[i] ^= flip
				var got batch3pc.Message
				var batch batch3pc.Batch
				if DecodeMessage(bad, h, &got, &batch) != nil {
					continue
				}
				accepted++
				if again := AppendMessage(nil, h, &got)[FrameHeaderSize:]; !bytes.Equal(again, bad) {
					t.Errorf("%v: byte %d is %d, and is %d when encoded again", kind, i, bad[i], again[i])
				}
			}
		}
		if accepted < 200 {
			t.Errorf("%v: %d of %d changes are accepted, want at least 200", kind, accepted, 2*len(body))
		}
	}
}

func TestOwnerIsSteadyAndSpread(t *testing.T) {
	seen := map[uint16]map[uint32]bool{}
	for id := range orderbook.OrderID(100_000) {
		m, c := Owner(id, 8, 16)
		if m2, c2 := Owner(id, 8, 16); m2 != m || c2 != c {
			t.Fatal("two answers for one order")
		}
		if seen[m] == nil {
			seen[m] = map[uint32]bool{}
		}
		seen[m][c] = true
	}
	clients := 0
	for m, cs := range seen {
		if m < 1 || m > 8 {
			t.Errorf("member %d of 8", m)
		}
		clients += len(cs)
	}
	if len(seen) != 8 || clients != 8*16 {
		t.Errorf("%d members with %d clients, want 8 with 128 in all", len(seen), clients)
	}
}

func TestNamesAndPrices(t *testing.T) {
	for _, tc := range []struct {
		in   Instrument
		want string
	}{
		{Instrument{Symbol: [10]byte{'M', '&', 'M'}, Series: [2]byte{'E', 'Q'}}, "M&M-EQ"},
		{Instrument{Symbol: [10]byte{'N'}, Class: [6]byte([]byte("FUTIDX")), Expiry: 20260924}, "N-FUTIDX-20260924"},
		{Instrument{Symbol: [10]byte{'S'}, Class: [6]byte([]byte("OPTSTK")), Expiry: 20260924, Strike: 80005, Option: [2]byte{'C', 'E'}, PriceScale: 2}, "S-OPTSTK-20260924-800.05-CE"},
	} {
		if got := tc.in.Name(); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
	for _, tc := range []struct {
		v     int64
		scale uint8
		want  string
	}{{0, 2, "0.00"}, {5, 2, "0.05"}, {-12345, 2, "-123.45"}, {7, 0, "7"}, {-1 << 63, 4, "-922337203685477.5808"}, {123, 3, "0.123"}, {-1, 20, "-0.00000000000000000001"}, {7, 255, "0." + strings.Repeat("0", 254) + "7"}} {
		if got := FormatPrice(tc.v, tc.scale); got != tc.want {
			t.Errorf("FormatPrice(%d, %d) = %q, want %q", tc.v, tc.scale, got, tc.want)
		}
	}
}

func TestEncodersAllocateNothing(t *testing.T) {
	m := sampleMessage()
	buf := make([]byte, 0, 4096)
	var got batch3pc.Message
	var batch batch3pc.Batch
	p, into := Payload{1, 2, 3, []Instrument{sampleInstrument}, []Trade{sampleTrade}}, make([]Trade, 1)
	if n := testing.AllocsPerRun(100, func() {
		frame := AppendMessage(buf, Header{Cluster: 1}, &m)
		h, body, err := CheckFrame(frame)
		if err == nil {
			err = DecodeMessage(body, h, &got, &batch)
		}
		if err == nil {
			_, err = DecodePayload(AppendPayload(buf[:0:4096], &p), into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzFrame: C2 and, for what is accepted, C1.
func FuzzFrame(f *testing.F) {
	m := sampleMessage()
	f.Add(AppendMessage(nil, Header{Cluster: 1}, &m))
	f.Add([]byte{24, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= FrameHeaderSize { // a right checksum lets the fuzzer reach the bodies
			b = bytes.Clone(b)
			b[8], b[9], b[10] = 0x54, 0x7a, FrameVersion
			SealFrame(b)
		}
		h, body, err := CheckFrame(b)
		if err != nil {
			return
		}
		var m batch3pc.Message
		var batch batch3pc.Batch
		if DecodeMessage(body, h, &m, &batch) == nil {
			if again := AppendMessage(nil, h, &m); !bytes.Equal(again[FrameHeaderSize:], body) || len(again) != MessageSize(&m) {
				t.Errorf("a message is % x, decoded from % x", again[FrameHeaderSize:], body)
			}
		}
		_, _ = DecodeHello(body)
		_, _ = DecodeSummary(body)
	})
}

func BenchmarkMessageBatch(b *testing.B) {
	batch := batch3pc.Batch{Seq: 1, Count: 1000, Payload: make([]byte, 32+1000*TradeSize)}
	batch.Seal()
	m := batch3pc.Message{Kind: batch3pc.KindBatch, Batch: &batch}
	buf := make([]byte, 0, MessageSize(&m))
	b.SetBytes(int64(MessageSize(&m)))
	b.ReportAllocs()
	for b.Loop() {
		frame := AppendMessage(buf, Header{}, &m)
		if _, _, err := CheckFrame(frame); err != nil {
			b.Fatal(err)
		}
	}
}
