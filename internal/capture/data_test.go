package capture

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/internal/datatest"
	"github.com/tezi-exchange/tezi/orderbook"
)

// The recorded markets, with the counts that their READMEs tell.
var recordings = []struct {
	dir                  string
	scale                uint8
	commands, fills      int
	aggressors, quantity uint64 // quantity filled
}{
	{"lobster-aapl-20120621", 4, 89_123, 4_018, 3_265, 346_515},
	{"cme-es-mbo-20231225", 2, 65_575, 5_569, 2_697, 8_403},
}

// expectedFills reads a recording's fills in the form of an outcome.
func expectedFills(t *testing.T, path string) (fills []string, quantity uint64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := commandcsv.NewFillReader(text)
	if err != nil {
		t.Fatal(err)
	}
	for {
		var fill commandcsv.Fill
		if err := r.Next(&fill); err == io.EOF {
			return fills, quantity
		} else if err != nil {
			t.Fatal(err)
		}
		fills = append(fills, fmt.Sprintf("1 %d>%d %d@%d", fill.Aggressor, fill.Passive, fill.Qty, fill.Price))
		quantity += uint64(fill.Qty)
	}
}

// The recorded markets in every format: the fills are those that the venue reported, each of them.
func TestRecordings(t *testing.T) {
	for _, rec := range recordings {
		t.Run(rec.dir, func(t *testing.T) {
			dir := datatest.Dir(t, rec.dir)
			in := filepath.Join(dir, "replay_commands.csv.gz")
			o := Options{PriceScale: rec.scale, Sessions: SessionsOff}
			info, err := Inspect(in, o)
			if err != nil {
				t.Fatal(err)
			}
			if info.Commands != uint64(rec.commands) || info.Flags.IOC != rec.aggressors || info.Unreadable != 0 || info.Kinds.Reduce == 0 || info.Instruments != 1 {
				t.Errorf("inspected: %+v", info)
			}
			fills, quantity := expectedFills(t, filepath.Join(dir, "replay_expected_fills.csv.gz"))
			if len(fills) != rec.fills || quantity != rec.quantity {
				t.Errorf("%d fills of %d, want %d of %d", len(fills), quantity, rec.fills, rec.quantity)
			}
			compact, _ := chain(t, in, o, "x.tzc")
			fixed, _ := chain(t, compact, o, "x.DAT.gz")
			back, _ := chain(t, compact, o, "x.csv")
			if content(t, back) != content(t, in) {
				t.Error("the CSV does not come back from a tezi capture as the same bytes")
			}
			if size, err := os.Stat(compact); err != nil || size.Size() > 20*int64(rec.commands) {
				t.Errorf("%d bytes for %d commands, want at most 20 each; %v", size.Size(), rec.commands, err)
			} else {
				t.Logf("%.1f bytes a command", float64(size.Size())/float64(rec.commands))
			}
			var books []string
			for path, number := range map[string]func(orderbook.OrderID) orderbook.OrderID{in: same, compact: same, fixed: unrenumbered} {
				got := readAll(path, o)
				if got.err != nil || len(got.records) > 0 || len(got.commands) != rec.commands+1 {
					t.Fatalf("%s: %d commands, %v, %v", path, len(got.commands), got.records, got.err)
				}
				out := match(t, got.commands, number)
				if fmt.Sprint(out.trades) != fmt.Sprint(fills) {
					t.Errorf("%s: %d trades, not the %d fills of the recording", path, len(out.trades), len(fills))
				}
				books = append(books, fmt.Sprint(out.books))
			}
			if books[0] != books[1] || books[1] != books[2] {
				t.Error("the books at the end differ")
			}
		})
	}
}

// unrenumbered undoes nseSink.renumber.
func unrenumbered(id orderbook.OrderID) orderbook.OrderID {
	if id >= numberBase {
		return id - numberBase | markedBit
	}
	return id
}
