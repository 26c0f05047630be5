package capture

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	tzc "github.com/tezi-exchange/tezi/codec/capture"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/orderbook"
)

// datLine is an order record of the capital market with its LF.
func datLine(number, symbol string) string {
	return "RMCASH" + number + "87014847291575B1" + symbol + "EQ00000000000002500024507500000000NNN13\n"
}

var (
	dat      = datLine("1100000000000001", "bbRELIANCE") + datLine("1100000000000002", "bbbbbbbM&M")
	datTrade = "RMCASH000000002500000187014847291575bbRELIANCEEQ00245075000001001100000000012345011100000000012346" + "13\n"
	csvText  = "seq,ts_ns,cmd,order_id,side,price,qty\n1,34200004241176,N,1903538,S,5870000,100\n2,34200004241177,A,A1,B,5870000,40\n"
)

func tzcText(t testing.TB) string {
	t.Helper()
	var out bytes.Buffer
	w, err := tzc.NewWriter(&out, tzc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := codec.Instrument{Instrument: 1, Symbol: [10]byte{'X'}, Segment: codec.SegmentOther, PriceScale: 2}
	err = errors.Join(
		w.Write(in.AsCommand()),
		w.Write(&codec.Command{Instrument: 1, Kind: codec.KindNew, Side: orderbook.Buy, Price: 5, Qty: 1, Order: 1}),
		w.Write(&codec.Command{Instrument: 1, Kind: codec.KindNew, Side: orderbook.Buy, Price: 5, Qty: 1, Order: 2}),
		w.Close())
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// zipped compresses each text into a gzip member of its own.
func zipped(t testing.TB, texts ...string) string {
	t.Helper()
	var out bytes.Buffer
	for _, text := range texts {
		w := gzip.NewWriter(&out)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// put writes a file and returns its path.
func put(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// raw reads the records of a file and nothing between them.
var raw = Options{Sessions: SessionsOff}

// result is what a reader gave for a whole file.
type result struct {
	format   Format
	commands []codec.Command
	records  []*RecordError
	err      error // not the end
}

func readAll(path string, o Options) result {
	r, err := Open(path, o)
	if err != nil {
		return result{err: err}
	}
	defer r.Close()
	out := result{format: r.Format()}
	for {
		var c codec.Command
		err := r.Next(&c)
		var re *RecordError
		switch {
		case err == io.EOF:
			return out
		case errors.As(err, &re):
			out.records = append(out.records, re)
		case err != nil:
			out.err = err
			return out
		default:
			out.commands = append(out.commands, c)
		}
	}
}

// Content decides, the name does not.
func TestOpen(t *testing.T) {
	for _, tc := range []struct {
		name, content string
		want          Format
		commands      int
	}{
		{"day.csv", dat, Format{Kind: KindNSE, Layout: nse.CapitalOrders}, 4},
		{"day.tzc", csvText, Format{Kind: KindCSV}, 3},
		{"day.DAT.gz", tzcText(t), Format{Kind: KindTZC}, 3},
		{"one member", zipped(t, dat), Format{Kind: KindNSE, Layout: nse.CapitalOrders, Gzip: true}, 4},
		{"a member for each symbol, one of them empty", zipped(t, dat[:88], "", dat[88:]), Format{Kind: KindNSE, Layout: nse.CapitalOrders, Gzip: true}, 4},
		{"members that cut lines", zipped(t, "", dat[:10], dat[10:100], dat[100:]), Format{Kind: KindNSE, Layout: nse.CapitalOrders, Gzip: true}, 4},
		{"csv.gz", zipped(t, csvText), Format{Kind: KindCSV, Gzip: true}, 3},
		{"tzc.gz", zipped(t, tzcText(t)), Format{Kind: KindTZC, Gzip: true}, 3},
		{"a CSV without commands", csvText[:38], Format{Kind: KindCSV}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := put(t, tc.name, tc.content)
			got := readAll(path, raw)
			if got.err != nil || len(got.records) > 0 || len(got.commands) != tc.commands || got.format != tc.want {
				t.Errorf("%v, %d commands, %v, %v; want %v, %d commands", got.format, len(got.commands), got.records, got.err, tc.want, tc.commands)
			}
		})
	}
}

func TestOpenStdin(t *testing.T) {
	f, err := os.Open(put(t, "x", zipped(t, dat)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	was := os.Stdin
	os.Stdin = f
	defer func() { os.Stdin = was }()
	if got := readAll("-", raw); got.err != nil || len(got.commands) != 4 {
		t.Errorf("%d commands, %v", len(got.commands), got.err)
	}
	if got := readAll("-", Options{}); got.err == nil || !strings.HasPrefix(got.err.Error(), "stdin: not a capture: ") {
		t.Errorf("at the end: %v", got.err)
	}
}

func TestOpenOptions(t *testing.T) {
	got := readAll(put(t, "x", csvText), Options{Members: 1, Clients: 1, Symbol: "AAPL", PriceScale: 4})
	in := *got.commands[0].AsInstrument()
	if in.Name() != "AAPL" || in.PriceScale != 4 || got.commands[1].Member != 1 || got.commands[1].Client != 1 {
		t.Errorf("%s, scale %d, %+v", in.Name(), in.PriceScale, got.commands[1])
	}
	for _, o := range []Options{{Members: 65536}, {Members: 65535, Clients: 65538}, {PriceScale: 10}, {Symbol: "ELEVENCHARS"}, {Symbol: "A B"}, {Sessions: 3}} {
		if _, err := Open(put(t, "x", csvText), o); !errors.Is(err, ErrOptions) {
			t.Errorf("options %+v: %v", o, err)
		}
		if _, err := Create(put(t, "x", ""), Format{Kind: KindTZC}, CreateOptions{Options: o}); !errors.Is(err, ErrOptions) {
			t.Errorf("options %+v: %v", o, err)
		}
	}
	got = readAll(put(t, "x", dat), Options{Members: 1, Clients: 1, Sessions: SessionsOff})
	if c := got.commands[1]; c.Member != 1 || c.Client != 1 {
		t.Errorf("%+v", c)
	}
}

// Files of other kinds are refused in one line that says what they are.
func TestOpenForeign(t *testing.T) {
	const want = ": not a capture: want an NSE order file, a command CSV or a tezi capture, got "
	for name, content := range map[string]struct{ content, got string }{
		"empty":      {"", want + "an empty file"},
		"empty gzip": {zipped(t, ""), want + "an empty file"},
		"ELF":        {"\x7fELF\x02\x01\x01", want + "an ELF program"},
		"zip":        {"PK\x03\x04....", want + "a ZIP archive"},
		"zstd":       {"\x28\xb5\x2f\xfd....", want + "a zstd file: decompress it first"},
		"DBN in gz":  {zipped(t, "DBN\x01...."), want + "a Databento DBN file"},
		"pcapng":     {"\x0a\x0d\x0d\x0a....", want + "a pcapng file"},
		"json":       {`{"a": 1}`, want + "JSON"},
		"state":      {"{\n  \"role\": \"risk\",\n  \"applied_seq\": 7,", want + `a participant's state.json, which "tezi inspect" shows under that name`},
		"report":     {"{\n  \"verified\": true,\n  \"orders_accepted\": 7,", want + `the report of a run: "tezi inspect" of the run directory shows its logs`},
		"run file":   {"{\n  \"version\": 4,\n  \"limits\": {\n    \"orders_max\": 7,", want + `the run file of a run directory, which "tezi inspect" shows`},
		"benchmark":  {"{\n  \"name\": \"commit\",\n  \"command\": \"tezi bench commit\",", want + "the results of a benchmark"},
		"snapshot":   {"tezisnap\x01\x00\x00\x00", want + `a snapshot of a log, which "tezi inspect" shows`},
		"segment":    {strings.Repeat("\x01", 32) + "tezijrnl\x01\x00", want + `a segment of a log, which "tezi inspect" shows under its name of 20 digits`},
		"spare":      {strings.Repeat("\x00", 5000), want + "zeros, as a log's spare has them"},
		"members":    {"member,exposure,margin,buy_value,sell_value,trades\n", want + `margins that risk has saved, which "tezi verify" of the run directory checks`},
		"bhavcopy":   {"SYMBOL,SERIES,DATE1,OPEN_PRICE\n", want + `a bhavcopy that market data has saved, which "tezi verify" of the run directory checks`},
		"hgrm":       {" Value\tPercentile\tTotalCount\t1/(1-Percentile)\n", want + "a latency distribution, for HdrHistogram's plotters"},
		"csv":        {"34200.004241176,1,16113575,18,5853300,1\n", want + `a CSV with other columns that begins "34200.004241176,1,16113575,18,5853300,1"`},
		"long csv":   {strings.Repeat("a,", 40) + "\n", want + `a CSV with other columns that begins "` + strings.Repeat("a,", 20) + `"...`},
		"no qty":     {"seq,ts_ns,cmd,order_id,side,price\n", want + `a CSV without qty that begins "seq,ts_ns,cmd,order_id,side,price"`},
		"fills":      {"cmd_seq,fill_no,aggressor_id,passive_id,price,qty\n1,1,A1,5,1,1\n", want + "a CSV of expected fills: replay the commands that belong to it"},
		"mark":       {"\xef\xbb\xbfseq,ts_ns,cmd,order_id,side,price,qty\n", want + "text behind a byte order mark: remove the mark"},
		"UTF-16":     {"\xff\xfes\x00e\x00q\x00", want + "text in UTF-16: convert it to ASCII first"},
		"CR LF":      {dat[:87] + "\r\n", want + "an NSE file whose lines end in CR LF: convert them to LF first"},
		"CR LF, 111": {"RMFAOb140000000000000287014847291575B1bbbbbNIFTYFUTIDX24SEP202600000000FF00000000000000750245005000000000NNN*13\r\n", want + "an NSE file whose lines end in CR LF: convert them to LF first"},
		"text":       {"Hello\nworld\n", want + `text that begins "Hello"`},
		"binary":     {"\x01\x02\x03", want + "binary data"},
		"latin":      {"caf\xe9\n", want + "binary data"},
		"trades":     {datTrade, ": not a capture: want an NSE order file, got an NSE trade file (CASH trades): replay the order file of the same day"},
		"no layout":  {dat[:50] + "\n" + dat[:51] + "\n", want + "the beginning of an NSE file with a line of 50 bytes, which no layout has"},
		"no line":    {dat[:50] + strings.Repeat("0", 5000), want + "the beginning of an NSE file without a line end in 4096 bytes"},
		"column":     {"seq,ts_ns,cmd,order_id,side,price,qty,memebr\n", `: not a capture: want the columns of a command file, got column "memebr"`},
	} {
		path := put(t, "f", content.content)
		_, err := Open(path, Options{})
		var nc *NotCaptureError
		if !errors.As(err, &nc) || err.Error() != path+content.got {
			t.Errorf("%s: error\n%v, want\n%s", name, err, path+content.got)
		}
	}
	cut := put(t, "f", "seq,ts_ns,cmd,order_id,side,price,qty")
	if _, err := Open(cut, Options{}); err == nil || err.Error() != cut+": damaged at line 1 (offset 0): want the header of a command CSV with its line end, got 37 bytes and the end" {
		t.Errorf("a header without a line end: %v", err)
	}
	dir := t.TempDir()
	if _, err := Open(dir, Options{}); err == nil || err.Error() != dir+want+"a directory" {
		t.Errorf("directory: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestRecordErrors(t *testing.T) {
	bad := strings.Replace(dat, "00000250", "12x     ", 1)
	path := put(t, "day.DAT.gz", zipped(t, dat, bad, dat))
	got := readAll(path, raw)
	want := path + `: line 3 (offset 176): want quantity of 8 digits, got "12x     "`
	if got.err != nil || len(got.commands) != 7 || len(got.records) != 1 || got.records[0].Error() != want || got.records[0].Field != "quantity" {
		t.Errorf("%d commands, %v, %v; want %s", len(got.commands), got.records, got.err, want)
	}
	path = put(t, "day.csv", csvText+"2,1,N,1,B,1,1\n3,1,N,1,B,1,1\n")
	got = readAll(path, Options{})
	want = path + `: line 4 (offset 114): want seq above 2, got "2"`
	if got.err != nil || len(got.commands) != 4 || len(got.records) != 1 || got.records[0].Error() != want {
		t.Errorf("%d commands, %v, %v; want %s", len(got.commands), got.records, got.err, want)
	}
}

// What only an engine may make is no command of a source: a halt would halt the market for no reason, and neither counts among the
// commands by which a run that is taken up finds its place in the source.
func TestRecordsOfAnEngine(t *testing.T) {
	var out bytes.Buffer
	w, err := tzc.NewWriter(&out, tzc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := codec.Instrument{Instrument: 1, Symbol: [10]byte{'X'}, Segment: codec.SegmentOther, PriceScale: 2}
	order := codec.Command{Instrument: 1, Kind: codec.KindNew, Side: orderbook.Buy, Price: 5, Qty: 1, Order: 1}
	for _, c := range []*codec.Command{in.AsCommand(), {Kind: codec.KindHalt, Ref: uint32(orderbook.RejectHalted)}, &order, {Kind: codec.KindContinue, Instrument: 1}, &order} {
		err = errors.Join(err, w.Write(c))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	path := put(t, "day.tzc", out.String())
	got := readAll(path, raw)
	if got.err != nil || len(got.commands) != 3 || len(got.records) != 2 {
		t.Fatalf("%d commands, %v, %v", len(got.commands), got.records, got.err)
	}
	for i, kind := range []string{"13", "9"} {
		if want := path + ": offset 32: want the kind of a command that somebody sends, got " + kind + ", which an engine makes itself"; got.records[i].Error() != want {
			t.Errorf("%v, want %s", got.records[i], want)
		}
	}
	info, err := Inspect(path, raw)
	if err != nil || info.Unreadable != 2 || info.Commands != 2 || len(info.Errors) != 2 {
		t.Errorf("inspected as %+v, %v", info, err)
	}
	to := filepath.Join(t.TempDir(), "copy.tzc")
	if s, err := Convert(t.Context(), path, to, raw); err != nil || s.Unreadable != 2 || s.Commands != 2 {
		t.Errorf("converted with %+v, %v", s, err)
	}
	if got := readAll(to, raw); got.err != nil || len(got.records) != 0 || len(got.commands) != 5 {
		t.Errorf("the copy: %d commands, %v, %v", len(got.commands), got.records, got.err)
	}
	for _, name := range []string{"a.tzc", "a.csv", "a.DAT"} {
		format, _ := FormatOf(name)
		w, err := Create(filepath.Join(t.TempDir(), name), format, CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(&codec.Command{Kind: codec.KindHalt}); err == nil || !strings.HasSuffix(err.Error(), name+": a capture cannot carry a command of kind 13: an engine makes it itself") {
			t.Errorf("%s: written with %v", name, err)
		}
		w.Abort()
	}
}

// F2: cut at every byte, each format. The texts look whole where a line ends, as the format cannot
// tell; no other cut does.
func TestTruncated(t *testing.T) {
	for _, tc := range []struct {
		name, content string
		whole         func(cut int) bool
	}{
		{"day.DAT", dat, func(cut int) bool { return cut > 0 && cut%88 == 0 }},
		{"day.csv", csvText, func(cut int) bool { return cut > 0 && csvText[cut-1] == '\n' }},
		{"day.tzc", tzcText(t), func(int) bool { return false }},
		{"day.DAT.gz", zipped(t, dat), func(int) bool { return false }},
		{"day.csv.gz", zipped(t, csvText), func(int) bool { return false }},
		{"day.tzc.gz", zipped(t, tzcText(t)), func(int) bool { return false }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			all := readAll(put(t, tc.name, tc.content), raw)
			for cut := range len(tc.content) {
				got := readAll(put(t, tc.name, tc.content[:cut]), raw)
				if tc.whole(cut) != (got.err == nil) {
					t.Fatalf("cut at %d: %v", cut, got.err)
				}
				var de *DamageError
				var nc *NotCaptureError
				if got.err != nil && !errors.As(got.err, &de) && !errors.As(got.err, &nc) {
					t.Fatalf("cut at %d: %v is neither damage nor another kind of file", cut, got.err)
				}
				for i, c := range got.commands {
					if c != all.commands[i] {
						t.Fatalf("cut at %d: command %d is wrong", cut, i)
					}
				}
			}
		})
	}
}

func TestDamage(t *testing.T) {
	member := zipped(t, dat)
	flipped := []byte(member)
	flipped[len(flipped)-6] ^= 1 // in the checksum of the text
	bent := []byte(zipped(t, strings.Repeat(dat, 100)))
	for i := 20; i < 60; i++ {
		bent[i] = 0xff
	}
	for _, tc := range []struct{ name, content, want string }{
		{"last member cut", member + member[:len(member)-9], "want a whole gzip member, got the end of the file"},
		{"last member cut in its header", member + member[:3], "want a whole gzip member, got the end of the file"},
		{"first member cut in its header", member[:2], "want a whole gzip member, got the end of the file"},
		{"one byte behind", member + "\x1f", "want the end or another gzip member behind member 1, got other bytes"},
		{"zeros behind", member + member + "\x00\x00\x00\x00", "want the end or another gzip member behind member 2, got other bytes"},
		{"checksum", string(flipped), "want a whole gzip member, got a member that does not agree with its checksum"},
		{"bent", string(bent), "bytes that are not gzip's"},
		{"text cut", zipped(t, dat[:100]), "line 2 (offset 88): want a line of 88 bytes with its LF, got 12 bytes and the end"},
		{"first line cut", dat[:40], "line 1 (offset 0): want a line of an NSE file with its LF, got 40 bytes and the end"},
		{"csv cut", csvText[:60], "line 2 (offset 38): want a line end, got 22 bytes and the end"},
	} {
		path := put(t, "f", tc.content)
		got := readAll(path, Options{})
		var de *DamageError
		if !errors.As(got.err, &de) || !strings.HasPrefix(got.err.Error(), path+": damaged at ") || !strings.Contains(got.err.Error(), tc.want) {
			t.Errorf("%s: error\n%v, want\n%s", tc.name, got.err, tc.want)
		}
	}
	path := put(t, "f", member+"garbage")
	if got := readAll(path, raw); got.err == nil || got.err.(*DamageError).Offset != int64(len(member)) || len(got.commands) != 4 {
		t.Errorf("garbage behind %d bytes: %v, %d commands", len(member), got.err, len(got.commands))
	}
}

func TestProgress(t *testing.T) {
	text := zipped(t, strings.Repeat(dat, 40_000))
	r, err := Open(put(t, "f", text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	asked := make(chan struct{})
	go func() { // as a progress line does; the race detector looks on
		defer close(asked)
		for range 100 {
			r.Progress()
		}
	}()
	var c codec.Command
	for err == nil {
		err = r.Next(&c)
	}
	<-asked
	if read, total := r.Progress(); err != io.EOF || read != int64(len(text)) || total != read {
		t.Errorf("%d of %d bytes read, want %d; %v", read, total, len(text), err)
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]Format{
		"CASH_Orders_01092026.DAT.gz": {Kind: KindNSE, Gzip: true}, "a/b.dat": {Kind: KindNSE}, "x.csv": {Kind: KindCSV},
		"x.csv.GZ": {Kind: KindCSV, Gzip: true}, "x.tzc": {Kind: KindTZC}, "x.tzc.gz": {Kind: KindTZC, Gzip: true}, "x": {}, "x.gz": {}, "-": {}, "x.csv.bz2": {},
	} {
		got, err := FormatOf(path)
		if got != want || (err == nil) != (want != Format{}) {
			t.Errorf("%s: %v, %v, want %v", path, got, err, want)
		}
	}
	for f, want := range map[Format]string{
		{}: "unknown", {Kind: KindNSE}: "NSE orders", {Kind: KindNSE, Layout: nse.DerivativeOrders, Gzip: true}: "NSE FAO orders, gzip",
		{Kind: KindCSV}: "command CSV", {Kind: KindTZC}: "tezi capture",
	} {
		if got, _ := f.MarshalText(); string(got) != want {
			t.Errorf("%+v is called %s, want %s", f, got, want)
		}
	}
}

// Any file gives commands or one of the errors of F1.
func FuzzOpen(f *testing.F) {
	for _, s := range []string{dat, csvText, tzcText(f), zipped(f, dat), zipped(f, dat, csvText), dat[:100], "\x1f\x8b", "PK\x03\x04", datTrade} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		r := &Reader{file: "f"}
		err := r.open(bytes.NewReader(content), Options{}.withDefaults())
		var re *RecordError
		for c := (codec.Command{}); err == nil || errors.As(err, &re); {
			err = r.Next(&c)
		}
		var de *DamageError
		var nc *NotCaptureError
		if err != io.EOF && !errors.As(err, &de) && !errors.As(err, &nc) {
			t.Fatal(err)
		}
		if err != io.EOF && strings.ContainsAny(err.Error(), "\n\x00") {
			t.Fatalf("the message is not one line: %q", err)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	var day strings.Builder // as a day compresses: numbers, times and prices move
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 100_000 {
		fmt.Fprintf(&day, "RMCASH%016d%014d%c%dbbRELIANCEEQ00000000%08d%08d00000000NNN%d3\n",
			1_100_000_000_000_000+rnd.IntN(5*i+1), 87014847291575+200*i+rnd.IntN(200), "BS"[rnd.IntN(2)], 1+3*rnd.IntN(2), 1+rnd.IntN(500), 245000+5*rnd.IntN(100), rnd.IntN(2))
	}
	text := day.String()
	for _, tc := range []struct{ name, content string }{{"DAT", text}, {"DAT.gz", zipped(b, text)}} {
		b.Run("format="+tc.name, func(b *testing.B) {
			path := put(b, "f", tc.content)
			b.ReportAllocs()
			r, err := Open(path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			var c codec.Command
			for b.Loop() {
				if err := r.Next(&c); err == io.EOF {
					_ = r.Close()
					if r, err = Open(path, Options{}); err != nil {
						b.Fatal(err)
					}
				} else if err != nil {
					b.Fatal(err)
				}
			}
			_ = r.Close()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
		})
	}
}
