package ledger

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
)

func TestSheet(t *testing.T) {
	var s Sheet
	s.Header("a", "b,c")
	s.Uint(7)
	s.Int(-7)
	s.Money(-12_345, 2)
	s.Money(5, 0)
	s.Date(date(t, "2026-01-02"), "02-Jan-2006")
	s.End()
	want := "a,\"b,c\"\n7,-7,-123.45,5,02-Jan-2026\n"
	if string(s.Bytes()) != want {
		t.Fatalf("got %q, want %q", s.Bytes(), want)
	}
}

func TestSheetInstrument(t *testing.T) {
	var s Sheet
	share := codec.Instrument{PriceScale: 2}
	copy(share.Symbol[:], "M&M")
	copy(share.Series[:], "EQ")
	s.Instrument(&share)
	s.End()
	future := codec.Instrument{PriceScale: 2, Expiry: 20260129, Segment: codec.SegmentDerivatives}
	copy(future.Symbol[:], "NIFTY")
	copy(future.Class[:], "FUTIDX")
	s.Instrument(&future)
	s.End()
	if want := "M&M,EQ,,,,\nNIFTY,,FUTIDX,20260129,0.00,\n"; string(s.Bytes()) != want {
		t.Fatalf("got %q, want %q", s.Bytes(), want)
	}
}

// TestSheetReadsBack checks the quoting against the reader of the standard library.
func TestSheetReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.SliceOfN(rapid.StringOf(rapid.SampledFrom([]rune("ab,\"\n '"))), 2, 5).Draw(t, "fields")
		var s Sheet
		for _, f := range fields {
			s.Text(f)
		}
		s.End()
		got, err := csv.NewReader(strings.NewReader(string(s.Bytes()))).Read()
		if err != nil || !slices.Equal(got, fields) {
			t.Fatalf("%q reads back as %q, %v", fields, got, err)
		}
	})
}
