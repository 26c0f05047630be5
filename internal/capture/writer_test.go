package capture

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/orderbook"
)

func define(name string) *codec.Command {
	in := codec.Instrument{Instrument: 1, Lot: 1, Series: [2]byte{'E', 'Q'}, Segment: codec.SegmentCapital, PriceScale: 2}
	copy(in.Symbol[:], name)
	return in.AsCommand()
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

// F3.
func TestWriterAppearsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.DAT")
	if err := os.WriteFile(path, []byte("the old one"), 0o600); err != nil {
		t.Fatal(err)
	}
	create := func() *Writer {
		w, err := Create(path, Format{Kind: KindNSE}, CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(define("A")); err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := create()
	if got := content(t, path); got != "the old one" || len(names(t, dir)) != 2 {
		t.Errorf("while it is written there is %q, files %v", got, names(t, dir))
	}
	w.Abort()
	w.Abort()
	if err := w.Close(); err == nil {
		t.Error("closed after it was given up")
	}

	w = create()
	bad := codec.Command{Instrument: 1, Kind: codec.KindNew, Side: orderbook.Buy, Qty: 1e9}
	err := w.Write(&bad)
	if err == nil || err.Error() != path+": an NSE record cannot carry quantity 1000000000: want at most 8 digits" {
		t.Errorf("error %v", err)
	}
	if again := w.Write(define("A")); again != err || w.Close() != err || w.Close() != err {
		t.Error("the error does not stick")
	}
	if got := content(t, path); got != "the old one" || len(names(t, dir)) != 1 {
		t.Errorf("after two failures there is %q, files %v", got, names(t, dir))
	}

	w = create()
	if err := w.Write(&codec.Command{TimeNs: nse.TimeNs(1), Instrument: 1, Kind: codec.KindNew, Side: orderbook.Buy, Qty: 1, Order: 1}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	w.Abort()
	got := readAll(path, raw)
	if got.err != nil || len(got.commands) != 2 || len(names(t, dir)) != 1 {
		t.Errorf("%v, %d commands, files %v", got.err, len(got.commands), names(t, dir))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestWriterNameIsDurable: the name of a complete file is durable when Close returns, or Close says that it is not. A power cut
// could take a file of which it was said that it is there.
func TestWriterNameIsDurable(t *testing.T) {
	real := syncDir
	defer func() { syncDir = real }()
	path := filepath.Join(t.TempDir(), "x.tzc")
	for _, c := range []struct{ err, want error }{{nil, nil}, {syscall.EIO, syscall.EIO}, {syscall.EINVAL, nil}} {
		synced := ""
		syncDir = func(dir string) error {
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
			synced = dir
			return c.err
		}
		w, err := Create(path, Format{Kind: KindTZC}, CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); !errors.Is(err, c.want) || c.want == nil && err != nil || synced != filepath.Dir(path) {
			t.Errorf("%v: Close says %v, want %v, and synced %q", c.err, err, c.want, synced)
		}
	}
}

// An NSE file is written as NSE writes it, in many gzip members of whole lines.
func TestWriterMembers(t *testing.T) {
	for _, tc := range []struct{ lines, members int }{{1, 1}, {memberSize/88 + 3000, 2}} {
		path := filepath.Join(t.TempDir(), "x.DAT.gz")
		w, err := Create(path, Format{Kind: KindNSE, Gzip: true}, CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(define("A")); err != nil {
			t.Fatal(err)
		}
		for i := range tc.lines {
			if err := w.Write(&codec.Command{TimeNs: nse.TimeNs(1), Instrument: 1, Kind: codec.KindNew, Side: orderbook.Buy, Qty: 1, Order: orderbook.OrderID(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := Inspect(path, Options{})
		if err != nil || got.Commands != uint64(tc.lines) || got.GzipMembers != int64(tc.members) || got.Damage != nil || got.Unreadable != 0 {
			t.Errorf("%d lines: %+v, %v, want %d members", tc.lines, got, err, tc.members)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(f)
		for zip, err := gzip.NewReader(in); err == nil; err = zip.Reset(in) {
			zip.Multistream(false)
			text, err := io.ReadAll(zip)
			if err != nil || len(text) == 0 || len(text)%88 != 0 {
				t.Errorf("a member of %d bytes, %v", len(text), err)
			}
		}
		_ = f.Close()
	}
}

func TestCreateErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Create(filepath.Join(dir, "none", "x.tzc"), Format{Kind: KindTZC}, CreateOptions{}); err == nil {
		t.Error("created in a directory that is not there")
	}
	if _, err := Create(filepath.Join(dir, "x"), Format{}, CreateOptions{}); err == nil || len(names(t, dir)) != 0 {
		t.Errorf("created without a format: %v, files %v", err, names(t, dir))
	}
	if err := os.Mkdir(filepath.Join(dir, "x.tzc"), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{filepath.Join(dir, "x.tzc"): syscall.EISDIR, os.DevNull: errNoFile} { // before all the work, not after it
		if _, err := Create(path, Format{Kind: KindTZC}, CreateOptions{}); !errors.Is(err, want) || len(names(t, dir)) != 1 {
			t.Errorf("created in place of %s: %v, files %v", path, err, names(t, dir))
		}
	}
	lost := filepath.Join(dir, "none") + "/../y.tzc" // which is nowhere, although its lexical directory is here
	if _, err := Create(lost, Format{Kind: KindTZC}, CreateOptions{}); err == nil || !strings.HasPrefix(err.Error(), "create "+lost+": ") {
		t.Errorf("created behind a directory that is not there: %v", err)
	}
}

// A link is written through, and stays.
func TestWriterFollowsLinks(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	file, link := filepath.Join(other, "day.tzc"), filepath.Join(dir, "latest.tzc")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Symlink(file, link)); err != nil {
		t.Fatal(err)
	}
	w, err := Create(link, Format{Kind: KindTZC}, CreateOptions{})
	if err == nil {
		err = errors.Join(w.Write(define("A")), w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 || content(t, file) == "" || len(names(t, dir))+len(names(t, other)) != 2 {
		t.Errorf("link %v, %v, a file of %d bytes behind it", info, err, len(content(t, file)))
	}
}

func TestWriterStdout(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	was := os.Stdout
	os.Stdout = f
	w, err := Create("-", Format{Kind: KindCSV, Gzip: true}, CreateOptions{})
	os.Stdout = was
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readAll(f.Name(), Options{}); got.err != nil || got.format != (Format{Kind: KindCSV, Gzip: true}) {
		t.Errorf("%v, %v", got.format, got.err)
	}
}

func TestInspect(t *testing.T) {
	text := "RMCASH110000000000000387014847291575S1bbRELIANCEEQ00000010000002500024507500000000NYY02\n" +
		"POCASH110000000000000487014847291574S4bbRELIANCEEQ00000000000002500024500000000000NNN13\n" +
		"RMCASH110000000000000587014847291576S3bbRELIANCEEQ00000000000002500000000100000000NNN13\n" +
		"RMCASH110000000000000687014847291577S1bbbbbbbTCSEQ00000000000002509999999900000000YNN13\n" +
		"RMCASH110000000000000687014847291577S1bbbbbbbTCSEQ0000000000000250000001050000000xNNN13\n"
	path := put(t, "x", zipped(t, text[:88], text[88:], "short\n"))
	got, err := Inspect(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := &Info{
		File: path, Format: Format{Kind: KindNSE, Layout: nse.CapitalOrders, Gzip: true}, Bytes: got.Bytes, GzipMembers: 3,
		Commands: 4, Kinds: KindCounts{New: 2, Cancel: 1, Modify: 1}, Instruments: 2,
		Flags:   FlagCounts{Market: 1, IOC: 1, StopLoss: 1, Disclosed: 1, PreOpen: 1, Algo: 1},
		Busiest: []Instrument{{"RELIANCE-EQ", 3}, {"TCS-EQ", 1}},
		FirstNs: nse.TimeNs(87014847291574), LastNs: nse.TimeNs(87014847291577), PriceMin: "2450.00", PriceMax: "2450.75",
		Unreadable: 2, Errors: []string{
			path + `: line 5 (offset 352): want trigger price of 8 digits, got "0000000x"`,
			path + `: line 6 (offset 440): want a line of 87 bytes, got 5 bytes`,
		},
	}
	if !reflect.DeepEqual(got, want) || got.Bytes == 0 {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
	b, err := json.Marshal(got)
	if err != nil || !strings.Contains(string(b), `"format":"NSE CASH orders, gzip","bytes":`) {
		t.Errorf("%s, %v", b, err)
	}
	// The converted capture tells the same, but for the names of things.
	out, _ := chain(t, path, raw, "x.tzc")
	conv, err := Inspect(out, Options{})
	if err != nil || conv.Kinds != got.Kinds || conv.Flags != got.Flags || conv.Unreadable != 2 || conv.FirstNs != got.FirstNs || conv.Commands != 4 {
		t.Errorf("converted: %+v, %v", conv, err)
	}
}

func TestInspectDamage(t *testing.T) {
	whole := zipped(t, dat)
	got, err := Inspect(put(t, "x", whole+"x"), Options{})
	if err != nil || got.Damage == nil || got.Damage.Offset != int64(len(whole)) || got.Commands != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Inspect(put(t, "x", "hello"), Options{}); err == nil {
		t.Error("text was inspected as a capture")
	}
	var busy strings.Builder
	busy.WriteString("seq,ts_ns,cmd,order_id,side,price,qty,symbol\n")
	for i := range 30 {
		fmt.Fprintf(&busy, "%d,0,N,1,B,5,5,S%d\n", i+1, i%15)
	}
	busy.WriteString(strings.Repeat("bad\n", errorsMax+2))
	got, err = Inspect(put(t, "x", busy.String()), Options{})
	if err != nil || got.Instruments != 15 || len(got.Busiest) != busiestMax || got.Busiest[0].Commands != 2 || got.Unreadable != errorsMax+2 || len(got.Errors) != errorsMax {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestLeftByTheKilled: a writer that was killed leaves its temporary file, and they once piled up. The next writer of that file
// removes it, and nothing that another one still writes, or that only looks like it.
func TestLeftByTheKilled(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "day.tzc")
	for _, name := range []string{".day.tzc.4711.tmp", ".day.tzc.v2.tmp", ".day.4712.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var all []*Writer
	for range 2 {
		w, err := Create(path, Format{Kind: KindTZC}, CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
	}
	names, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(names) != 4 || slices.Contains(names, filepath.Join(dir, ".day.tzc.4711.tmp")) {
		t.Errorf("there are %v, %v, want two that are written, and two that are no business of ours", names, err)
	}
	for _, w := range all {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}
