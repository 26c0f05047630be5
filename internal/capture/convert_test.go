package capture

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

// content reads a file, decompressed if its name says that it is compressed.
func content(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// chain converts in through files of the given names, one after the other, and returns the last.
func chain(t testing.TB, in string, o Options, names ...string) (string, Stats) {
	t.Helper()
	dir := t.TempDir()
	var s Stats
	for _, n := range names {
		out := filepath.Join(dir, n)
		var err error
		if s, err = Convert(t.Context(), in, out, o); err != nil {
			t.Fatal(err)
		}
		in = out
	}
	return in, s
}

// What all formats can carry comes back as the same bytes, whatever way it went.
func TestConvertThereAndBack(t *testing.T) {
	derivatives := "RMFAOb140000000000000287014847291575B1bbbbbNIFTYFUTIDX24SEP202600000000FF00000000000000750245005000000000NNN*13Y\n"
	special := strings.ReplaceAll(dat, "RMCASH", "POCASH") +
		"RMCASH110000000000000987014847291599S4bbRELIANCEEQ00000010000001000000000000245000NYY03\n" + // a limit of 0 is no market order
		"RMCASH110000000000000987014847291599B1bbRELIANCEEQ00000000000001000024500000000000YNN03\n" // a market order with a price
	for _, tc := range []struct {
		name, in string
		via      []string
	}{
		{"a.DAT", dat, []string{"a.tzc", "a.DAT"}},
		{"b.DAT", dat, []string{"b.csv", "b.DAT"}},
		{"c.DAT", dat, []string{"c.DAT.gz", "c.csv.gz", "c.tzc.gz", "c.DAT"}},
		{"d.DAT", derivatives, []string{"d.csv", "d.tzc", "d.DAT"}},
		{"e.DAT", special, []string{"e.csv", "e.tzc", "e.DAT"}},
		{"f.csv", csvText, []string{"f.tzc", "f.csv"}},
		{"g.csv", csvText, []string{"g.csv.gz"}},
		{"h.csv", "seq,ts_ns,cmd,order_id,side,price,qty,member,client\n7,-1,M,A1,B,-5,0,9,9\n9,2,R,1,S,0,0,1,1\n", []string{"h.tzc", "h.csv"}},
		{"i.csv", "seq,ts_ns,cmd,order_id,side,price,qty,symbol\n1,1,N,1,B,5,5,CAPTURE\n2,1,N,1,B,5,5,OTHER\n", []string{"i.tzc", "i.csv.gz"}},
		{"j.csv", "seq,ts_ns,cmd,order_id,side,price,qty,symbol,trigger,disclosed,flags\n1,1,M,1,B,5,5,M&M-EQ,5,6,ISPG\n", []string{"j.tzc", "j.csv"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, s := chain(t, put(t, tc.name, tc.in), Options{}, tc.via...)
			if got := content(t, out); got != tc.in {
				t.Errorf("came back as\n%s, want\n%s", got, tc.in)
			}
			if s.Unreadable != 0 || s.Commands != uint64(strings.Count(tc.in, "\n"))-boolCount(strings.HasPrefix(tc.in, "seq")) {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func boolCount(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// F4: every loss is told.
func TestConvertNotes(t *testing.T) {
	const header = "seq,ts_ns,cmd,order_id,side,price,qty"
	for _, tc := range []struct {
		name, in, out string
		options       Options
		want          []string
	}{
		{"nothing is lost", csvText, "x.tzc", Options{PriceScale: 4}, nil},
		{"a foreign capture as NSE file", csvText, "x.DAT", Options{PriceScale: 4}, []string{
			"2 " + strings.Replace(lossTexts[lossShift], "%d", "3653", 1),
			"1 " + lossTexts[lossRenumber],
			"1 " + lossTexts[lossScale],
			"1 " + lossTexts[lossSegment],
			"2 " + lossTexts[lossMarked],
			"2 " + lossTexts[lossJiffy],
			"1 " + lossTexts[lossOwner], // the renumbered order has another owner
		}},
		{"owners", header + ",member,client\n1,1800000000000000000,N,1,B,5,5,7,7\n", "x.DAT.gz", Options{}, []string{
			"1 " + lossTexts[lossOwner], "1 " + lossTexts[lossSegment], "1 " + lossTexts[lossMarked],
		}},
		{"a reduce", header + "\n1,1800000000000000000,N,1,B,5,5\n2,1800000000000000000,R,1,B,5,1\n", "x.DAT", Options{}, []string{
			"1 " + lossTexts[lossReduce], "1 " + lossTexts[lossSegment], "2 " + lossTexts[lossMarked],
		}},
		{"codes, and a scale to tell", dat, "x.csv", Options{PriceScale: 4}, []string{"2 " + lossTexts[lossCodes], "2 " + lossTexts[lossScale]}},
		{"unreadable", dat + "x\n", "x.csv", Options{}, []string{"2 " + lossTexts[lossCodes], "1 " + lossTexts[lossUnreadable]}},
		{"unreadable, kept", dat + "x\n", "x.tzc", Options{}, nil},
	} {
		_, s := chain(t, put(t, "in", tc.in), tc.options, tc.out)
		got := map[string]bool{}
		for _, n := range s.Notes {
			got[n.String()] = true
		}
		for _, w := range tc.want {
			if !got[w] {
				t.Errorf("%s: no note %q", tc.name, w)
			}
			delete(got, w)
		}
		if len(got) > 0 {
			t.Errorf("%s: more notes: %v", tc.name, got)
		}
	}
}

// A tezi capture keeps the places of unreadable records, so a replay counts them as the source's does.
func TestConvertKeepsUnreadable(t *testing.T) {
	in := put(t, "in", dat[:88]+"short\n"+dat[88:])
	out, s := chain(t, in, raw, "x.tzc")
	got := readAll(out, raw)
	if s.Unreadable != 1 || s.Commands != 2 || s.Instruments != 2 || len(got.commands) != 5 {
		t.Fatalf("stats %+v, %d commands", s, len(got.commands))
	}
	if c := got.commands[2]; c.Kind != codec.KindUnreadable || c.Ref != 2 {
		t.Errorf("%+v", c)
	}
}

// F3, F4: what would change the meaning of the flow is an error, and then there is no file.
func TestConvertErrors(t *testing.T) {
	const header = "seq,ts_ns,cmd,order_id,side,price,qty"
	row := func(id, price, qty, symbol string) string {
		return "1,1800000000000000000,N," + id + ",B," + price + "," + qty + "," + symbol + "\n"
	}
	dir := t.TempDir()
	for _, tc := range []struct{ name, in, out, want string }{
		{"no format", dat, "x.txt", "no capture format has this extension"},
		{"no capture", "hello\n", "x.tzc", "not a capture"},
		{"damaged", dat[:100], "x.tzc", "damaged at line 2"},
		{"damaged, read twice", dat[:100], "x.csv", "damaged at line 2"},
		{"quantity", header + ",symbol\n" + row("1", "5", "100000000", "A-EQ"), "x.DAT", "cannot carry quantity 100000000: want at most 8 digits"},
		{"price", header + ",symbol\n" + row("1", "-5", "1", "A-EQ"), "x.DAT", "cannot carry limit price -5"},
		{"two segments", header + ",symbol\n" + row("1", "5", "1", "A-EQ") + "2" + row("1", "5", "1", "A-FUTSTK-20260924")[1:], "x.DAT", "cannot carry segment 2: want that of the file (CASH orders)"},
		{"order number", header + ",symbol\n" + row("10000000000000000", "5", "1", "A-EQ"), "x.DAT", "cannot carry order number 10000000000000000: want at most 16 digits"},
		{"marked order number", header + ",symbol\n" + row("A1000000000000000", "5", "1", "A-EQ"), "x.DAT", "cannot carry order number A1000000000000000: want at most 15 digits"},
		{"order numbers that meet", header + ",symbol\n" + row("A1", "5", "1", "A-EQ") + "2" + row("9000000000000001", "5", "1", "A-EQ")[1:], "x.DAT", "those with an A need them"},
		{"time", header + "\n1,1900000000000000000,N,1,B,5,5\n", "x.DAT", "cannot carry time 1900000000000000000 ns: want 1980 to May 2028"},
	} {
		in := put(t, "in", tc.in)
		if _, err := Convert(t.Context(), in, filepath.Join(dir, tc.out), Options{}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %s", tc.name, err, tc.want)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
	if _, err := Convert(t.Context(), put(t, "in", dat), filepath.Join(dir, "none", "x.tzc"), Options{}); err == nil {
		t.Error("written into a directory that is not there")
	}
}

// TestConvertInterrupted: a conversion that waits for a pipe when it is interrupted leaves nothing behind.
func TestConvertInterrupted(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	if _, err := write.WriteString(csvText + strings.Repeat("#\n", headSize/2)); err != nil {
		t.Fatal(err)
	}
	was := os.Stdin
	os.Stdin = read
	dir, done := t.TempDir(), make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := Convert(ctx, "-", filepath.Join(dir, "x.tzc"), Options{})
		done <- err
	}()
	for len(names(t, dir)) == 0 {
		runtime.Gosched()
	}
	cancel()
	for len(names(t, dir)) > 0 {
		runtime.Gosched()
	}
	write.Close()
	if err := <-done; err == nil {
		t.Error("no error")
	}
	os.Stdin = was
}

// A pipe with a name is one too.
func TestConvertNamedPipe(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if _, err := write.WriteString(csvText); err != nil {
		t.Fatal(err)
	}
	write.Close()
	path := fmt.Sprintf("/dev/fd/%d", read.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skip("this system gives no names to pipes: ", err)
	}
	out := filepath.Join(t.TempDir(), "x.csv")
	if s, err := Convert(t.Context(), path, out, Options{}); err != nil || s.Commands != 2 {
		t.Errorf("%d commands, %v", s.Commands, err)
	}
}

// From a pipe the flow can be read once only, so the CSV has all columns.
func TestConvertStdin(t *testing.T) {
	f, err := os.Open(put(t, "x", csvText))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	was := os.Stdin
	os.Stdin = f
	defer func() { os.Stdin = was }()
	out := filepath.Join(t.TempDir(), "x.csv")
	if _, err := Convert(t.Context(), "-", out, Options{Members: 1, Clients: 1}); err != nil {
		t.Fatal(err)
	}
	want := "seq,ts_ns,cmd,order_id,side,price,qty,symbol,member,client,trigger,disclosed,flags,pan,tif,details\n" +
		"1,34200004241176,N,1903538,S,5870000,100,CAPTURE,1,1,0,0,,0,,\n2,34200004241177,A,A1,B,5870000,40,CAPTURE,1,1,0,0,,0,,\n"
	if got := content(t, out); got != want {
		t.Errorf("written\n%s, want\n%s", got, want)
	}
}
