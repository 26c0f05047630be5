package capture

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

var rewrite = flag.Bool("rewrite", false, "write the golden file anew")

func write(t testing.TB, o Options, commands []codec.Command) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range commands {
		if err := w.Write(&commands[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read returns the commands in file, and the error that is not the end.
func read(file []byte) ([]codec.Command, error) {
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	var out []codec.Command
	for {
		var c codec.Command
		if err := r.Next(&c); err == io.EOF {
			return out, nil
		} else if err != nil {
			return out, err
		}
		out = append(out, c)
	}
}

func equal(t interface{ Fatalf(string, ...any) }, got, want []codec.Command) {
	if len(got) != len(want) {
		t.Fatalf("%d commands, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("command %d:\n%+v, want\n%+v", i, got[i], want[i])
		}
	}
}

// drawCommand draws any command at all: extreme values, kinds that do not exist, and of those that
// lay something else over the bytes, any bytes.
func drawCommand(t *rapid.T) codec.Command {
	edge := func(label string) uint64 {
		return rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 3), rapid.Just(uint64(1<<63))).Draw(t, label)
	}
	return codec.Command{
		Seq: edge("seq"), TimeNs: int64(edge("time")), Order: orderbook.OrderID(edge("order")),
		Instrument: uint32(edge("instrument")), Price: orderbook.Price(edge("price")), Trigger: orderbook.Price(edge("trigger")),
		Qty: orderbook.Qty(edge("qty")), Disclosed: orderbook.Qty(edge("disclosed")), Client: uint32(edge("client")), Ref: uint32(edge("ref")),
		Member: uint16(edge("member")), Kind: codec.Kind(rapid.Uint8().Draw(t, "kind")), Side: orderbook.Side(rapid.Uint8().Draw(t, "side")),
		TIF: orderbook.TimeInForce(edge("tif")), Flags: codec.Flags(edge("flags")), AccountOf: uint8(edge("account")), AlgoOf: uint8(edge("algo")),
		PAN: uint32(edge("pan")),
	}
}

// T1.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(drawCommand), 0, 100).Draw(t, "commands")
		o := Options{Members: rapid.Uint32Range(0, 3).Draw(t, "members"), Clients: rapid.Uint32Range(0, 3).Draw(t, "clients")}
		var out bytes.Buffer
		w, _ := NewWriter(&out, o)
		for i := range want {
			if err := w.Write(&want[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := read(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, want)
	})
}

// flow is a day as the matcher sees it: symbols interleaved, order numbers growing, half of the
// orders cancelled later, prices near each other.
func flow(n, instruments int) []codec.Command {
	rnd := rand.New(rand.NewPCG(1, 2))
	var out []codec.Command
	type live struct {
		id         orderbook.OrderID
		instrument uint32
		price      orderbook.Price
		qty        orderbook.Qty
		side       orderbook.Side
	}
	var book []live
	for i := range instruments {
		in := codec.Instrument{Instrument: uint32(i + 1), Lot: 1, Symbol: [10]byte{'S', byte('A' + i/26), byte('A' + i%26)}, Series: [2]byte{'E', 'Q'}, Segment: 1, PriceScale: 2}
		out = append(out, *in.AsCommand())
	}
	id, now := orderbook.OrderID(1_100_000_000_000_000), int64(1_643_254_200_000_000_000)
	for ref := range uint32(n) {
		now += rnd.Int64N(40) * 15259
		c := codec.Command{TimeNs: now, Ref: ref + 1, AccountOf: 1 + uint8(rnd.IntN(3)), AlgoOf: uint8(rnd.IntN(2))}
		if k := len(book); k > 1000 && rnd.IntN(2) == 0 {
			i := max(k-1-int(rnd.ExpFloat64()*200), 0)
			o := book[i]
			book[i] = book[k-1]
			book = book[:k-1]
			c.Kind, c.Order, c.Instrument, c.Price, c.Qty, c.Side = codec.KindCancel, o.id, o.instrument, o.price, o.qty, o.side
		} else {
			id += orderbook.OrderID(1 + rnd.IntN(100))
			in := uint32(rnd.IntN(instruments) + 1)
			c.Kind, c.Order, c.Instrument, c.Side = codec.KindNew, id, in, orderbook.Side(1+rnd.IntN(2))
			c.Price, c.Qty = orderbook.Price(100000+1000*int32(in)+5*rnd.Int32N(40)), orderbook.Qty(1+rnd.Uint32N(500))
			book = append(book, live{c.Order, in, c.Price, c.Qty, c.Side})
		}
		c.Member, c.Client = codec.Owner(c.Order, 64, 512)
		out = append(out, c)
	}
	return out
}

func TestManyBlocks(t *testing.T) {
	want := flow(3*BlockMax+17, 300)
	file := write(t, Options{Members: 64, Clients: 512}, want)
	got, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
	r, err := NewReader(iotest.OneByteReader(bytes.NewReader(file)))
	if err != nil || r.Options() != (Options{Members: 64, Clients: 512}) {
		t.Fatal(r.Options(), err)
	}
	for i := range want {
		var c codec.Command
		if err := r.Next(&c); err != nil || c != want[i] {
			t.Fatalf("byte by byte, command %d: %+v, %v", i, c, err)
		}
	}
}

// The aim is 20 bytes a command.
func TestSize(t *testing.T) {
	for _, tc := range []struct {
		name        string
		instruments int
		options     Options
		most        float64
	}{
		{"one instrument", 1, Options{64, 512}, 13},
		{"676 instruments", 676, Options{64, 512}, 18},
		{"owners of the source", 1, Options{}, 18},
		{"a PAN behind each client", 676, Options{64, 512}, 20},
	} {
		commands := flow(50_000, tc.instruments)
		for i := range commands {
			if c := &commands[i]; c.Kind != codec.KindDefine && strings.Contains(tc.name, "PAN") {
				c.PAN = 1 + c.Client/2 // half of the people have two accounts
			}
		}
		got := float64(len(write(t, tc.options, commands))) / float64(len(commands))
		t.Logf("%s: %.1f bytes a command", tc.name, got)
		if got > tc.most {
			t.Errorf("%s: %.1f bytes a command, want at most %.0f", tc.name, got, tc.most)
		}
	}
}

// small is a file of two blocks whose every byte can be tried.
func small(t testing.TB) ([]codec.Command, []byte) {
	keep := flow(10, 2)
	var out bytes.Buffer
	w, err := NewWriter(&out, Options{64, 512})
	if err != nil {
		t.Fatal(err)
	}
	for i := range keep {
		if i == 8 {
			w.flush() // a block may end early
		}
		if err := w.Write(&keep[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return keep, out.Bytes()
}

func TestHeader(t *testing.T) {
	good := appendHeader(nil, Options{64, 512})
	seal := func(change func(b []byte)) []byte {
		b := bytes.Clone(good)
		change(b)
		return binary.LittleEndian.AppendUint32(b[:headerSize-4], crc32.Checksum(b[:headerSize-4], castagnoli))
	}
	for _, tc := range []struct {
		file []byte
		want string
	}{
		{nil, "want a tezi capture, got 0 bytes"},
		{[]byte("RMCASH"), "want a tezi capture, got 6 bytes"},
		{[]byte(strings.Repeat("RMCASH", 10)), `want a tezi capture, got "RMCASHRM"`},
		{good[:20], "offset 0: want a header of 32 bytes, got 20 bytes and the end"},
		{seal(func(b []byte) { b[8] = 0 }), "want version 1 or 2 of the capture format, got version 0"},
		{seal(func(b []byte) { b[8] = 3 }), "want version 1 or 2 of the capture format, got version 3"},
		{seal(func(b []byte) { b[12] = 1 }), "offset 0: want the header of version 2, got other sizes"},
		{seal(func(b []byte) { b[8], b[12] = 1, 1 }), "offset 0: want the header of version 1, got other sizes"},
		{append(bytes.Clone(good[:31]), 0), "offset 0: want a header with its checksum, got another checksum"},
	} {
		if _, err := read(tc.file); err == nil || err.Error() != tc.want {
			t.Errorf("error %v, want %s", err, tc.want)
		}
	}
}

func TestErrorsOfTheFilePassThrough(t *testing.T) {
	_, file := small(t)
	broken := errors.New("broken disk")
	for _, n := range []int{0, 5, headerSize, headerSize + 5, len(file) - 3, len(file)} {
		r, err := NewReader(io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(broken)))
		for range 100 {
			if err == nil {
				err = r.Next(new(codec.Command))
			}
		}
		if !errors.Is(err, broken) {
			t.Errorf("broken after %d bytes: %v", n, err)
		}
	}
	for n := range 3 {
		w, err := NewWriter(&failing{n, broken}, Options{})
		for range BlockMax + 1 {
			if err == nil {
				err = w.Write(&codec.Command{Qty: 1})
			}
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, broken) {
			t.Errorf("broken at write %d: %v", n, err)
		}
	}
}

// failing takes n writes.
type failing struct {
	n   int
	err error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.n == 0 {
		return 0, f.err
	}
	f.n--
	return len(p), nil
}

// market is a morning of one instrument with every kind of command and every field.
func market() []codec.Command {
	const now = 1_785_900_600_000_000_000
	in := codec.Instrument{Instrument: 1, TimeNs: now, Lot: 1, Symbol: [10]byte{'S'}, Series: [2]byte{'E', 'Q'}, Segment: codec.SegmentCapital, PriceScale: 2}
	rules := codec.Rules{
		TimeNs: now, Instrument: 1, ValueMax: 1 << 40, PrevClose: 10000, Low: 9000, High: 11000, Freeze: 1e6, ExecRange: 500, StopGap: 100,
		MarginBps: 1500, DisclosedPct: 10, Flags: codec.RuleMarketFirst | codec.RuleGoodTill | codec.RuleFillOrKill,
	}
	phase := func(at int64, p codec.Phase) codec.Command {
		change := codec.PhaseChange{TimeNs: at, Instrument: 1, Reference: 10000, Phase: p, Auction: codec.AuctionMarketFirst}
		return *change.AsCommand()
	}
	limit := codec.Limit{TimeNs: now, Margin: 5_000_000_00, Client: 33, Member: 2}
	order := codec.Command{
		TimeNs: now + 1e9, Instrument: 1, Kind: codec.KindNew, Order: 1_100_000_000_000_001, Side: orderbook.Buy, Price: 10005, Qty: 500,
		Disclosed: 100, TIF: orderbook.GTC, Flags: codec.FlagAlgo | codec.FlagCancelActive, AccountOf: 2, Member: 2, Client: 33, PAN: 17, Ref: 1,
	}
	stop := order
	stop.Order, stop.Ref, stop.TimeNs, stop.Disclosed, stop.Trigger, stop.Flags = order.Order+7, 2, now+2e9, 0, 9995, codec.FlagStopLoss
	modify := order
	modify.Kind, modify.Ref, modify.TimeNs, modify.Qty = codec.KindModify, 3, now+3e9, 300
	reduce := modify
	reduce.Kind, reduce.Ref, reduce.Qty, reduce.Disclosed = codec.KindReduce, 4, 50, 0
	cancel := codec.Command{TimeNs: now + 4e9, Instrument: 1, Kind: codec.KindCancel, Order: order.Order, Side: orderbook.Buy, Price: 10005, Qty: 250, Member: 2, Client: 33, Ref: 5}
	return []codec.Command{
		*in.AsCommand(), *rules.AsCommand(), phase(now, codec.PhasePreOpen), *limit.AsCommand(), order,
		phase(now+1e9, codec.PhaseContinuous), stop, modify, reduce, cancel,
		{Kind: codec.KindUnreadable, Ref: 6},
		{TimeNs: now + 5e9, Kind: codec.KindMassCancel, Member: 2, Client: 33, Instrument: 1, Side: orderbook.Sell},
		{TimeNs: now + 6e9, Kind: codec.KindKill, Member: 2},
		{TimeNs: now + 7e9, Kind: codec.KindKill, Member: 2, Flags: codec.FlagLift},
		{TimeNs: now + 7e9, Kind: codec.KindContinue, Instrument: 1},
		phase(now+8e9, codec.PhaseEndOfDay),
	}
}

// A phase for each of many instruments is what a day has most of, beside orders.
func TestRareKindsAreSmall(t *testing.T) {
	commands := flow(1000, 500)
	for i := range 500 {
		p := codec.PhaseChange{TimeNs: commands[len(commands)-1].TimeNs, Instrument: uint32(i + 1), Phase: codec.PhaseClosed}
		commands = append(commands, *p.AsCommand())
	}
	without := len(write(t, Options{64, 512}, commands[:1500]))
	with := len(write(t, Options{64, 512}, commands))
	if each := float64(with-without) / 500; each > 6 {
		t.Errorf("%.1f bytes for a phase, want at most 6", each)
	}
}

// The bytes are a promise: a file written years ago must read as it does today.
func TestGolden(t *testing.T) {
	const path = "testdata/golden.tzc"
	want := market()
	file := write(t, Options{64, 512}, want)
	if *rewrite {
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(golden, file) {
		t.Errorf("the writer writes\n%swant\n%s", hex.Dump(file), hex.Dump(golden))
	}
	got, err := read(golden)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
}

// goldenVersion1 is the CRC32C of the golden file of version 1: nothing can write it anew.
const goldenVersion1 = 0x93a03719

// A file of version 1, which no program writes any more.
func TestGoldenVersion1(t *testing.T) {
	golden, err := os.ReadFile("testdata/golden-v1.tzc")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := small(t)
	got, err := read(golden)
	if err != nil || golden[8] != versionFirst {
		t.Fatalf("version %d: %v", golden[8], err)
	}
	equal(t, got, want)
	sum := crc32.Checksum(golden, castagnoli)
	if sum != goldenVersion1 {
		t.Errorf("the golden file was changed: its checksum is %#x", sum)
	}
}

func TestDoesNotAllocate(t *testing.T) {
	commands := flow(20_000, 50)
	var out bytes.Buffer
	out.Grow(1 << 20)
	w, err := NewWriter(&out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	if n := testing.AllocsPerRun(19_000, func() {
		if err := w.Write(&commands[i]); err != nil {
			t.Fatal(err)
		}
		i++
	}); n != 0 {
		t.Errorf("%v allocations to write a command, want 0", n)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	var c codec.Command
	if n := testing.AllocsPerRun(18_000, func() {
		if err := r.Next(&c); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations to read a command, want 0", n)
	}
}

func BenchmarkWriter(b *testing.B) {
	commands := flow(100_000, 500)
	w, _ := NewWriter(io.Discard, Options{64, 512})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		_ = w.Write(&commands[i%len(commands)])
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
}

func BenchmarkReader(b *testing.B) {
	commands := flow(100_000, 500)
	file := write(b, Options{64, 512}, commands)
	b.ReportAllocs()
	r, _ := NewReader(bytes.NewReader(file))
	var c codec.Command
	for b.Loop() {
		if err := r.Next(&c); err == io.EOF {
			r, _ = NewReader(bytes.NewReader(file))
		} else if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
}
