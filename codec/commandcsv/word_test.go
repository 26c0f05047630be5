package commandcsv

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

const wordHeader = "seq,ts_ns,cmd,order_id,side,price,qty,symbol,member,client,trigger,disclosed,flags,pan,tif,details\n"

const wordText = wordHeader +
	"1,5,rules,,,,,A-EQ,,,,,,,,prev_close=24500;low=22050;high=26950;freeze=100000;value_max=1000000000;exec_range=50;stop_gap=20;margin_bps=1500;disclosed_pct=10;good_till;band_flexes\n" +
	"2,6,phase,,,,,A-EQ,,,,,,,,phase=pre_open;reference=24500;market_first\n" +
	"3,7,limit,,,,,,3,,,,,,,margin=500000000\n" +
	"4,8,N,1,B,24500,100,A-EQ,3,77,24400,10,SC,9,GTC,\n" +
	"5,9,mass_cancel,,S,,,B-EQ,3,77,,,,,,\n" +
	"6,10,kill,,,,,,3,,,,,,,\n" +
	"7,11,lift,,,,,,3,,,,,,,\n"

// Commands that are about no single order have a word in the cmd column.
func TestWords(t *testing.T) {
	got := readAll(wordText, Options{})
	if got.final != io.EOF || len(got.records) > 0 {
		t.Fatal(got.final, got.records)
	}
	rules := codec.Rules{
		TimeNs: 5, Instrument: 1, ValueMax: 1e9, PrevClose: 24500, Low: 22050, High: 26950, Freeze: 100000, ExecRange: 50, StopGap: 20, MarginBps: 1500,
		DisclosedPct: 10, Flags: codec.RuleGoodTill | codec.RuleBandFlexes,
	}
	phase := codec.PhaseChange{TimeNs: 6, Instrument: 1, Reference: 24500, Phase: codec.PhasePreOpen, Auction: codec.AuctionMarketFirst}
	limit := codec.Limit{TimeNs: 7, Margin: 5e8, Member: 3}
	want := []codec.Command{
		*rules.AsCommand(), *phase.AsCommand(), *limit.AsCommand(),
		{
			Ref: 4, TimeNs: 8, Instrument: 1, Kind: codec.KindNew, Order: 1, Side: orderbook.Buy, Price: 24500, Qty: 100, Member: 3, Client: 77,
			Trigger: 24400, Disclosed: 10, Flags: codec.FlagStopLoss | codec.FlagCancelActive, PAN: 9, TIF: orderbook.GTC,
		},
		{Ref: 5, TimeNs: 9, Instrument: 2, Kind: codec.KindMassCancel, Side: orderbook.Sell, Member: 3, Client: 77},
		{Ref: 6, TimeNs: 10, Kind: codec.KindKill, Member: 3},
		{Ref: 7, TimeNs: 11, Kind: codec.KindKill, Member: 3, Flags: codec.FlagLift},
	}
	var commands []codec.Command
	var names []string
	for _, c := range got.commands {
		if c.Kind == codec.KindDefine {
			names = append(names, c.AsInstrument().Name())
			continue
		}
		commands = append(commands, c)
	}
	if fmt.Sprint(names) != "[A-EQ B-EQ]" || len(commands) != len(want) {
		t.Fatalf("instruments %v, %d commands", names, len(commands))
	}
	for i := range want {
		if commands[i] != want[i] {
			t.Errorf("command %d:\n%+v, want\n%+v", i, commands[i], want[i])
		}
	}
	var out bytes.Buffer
	w := NewWriter(&out, AllColumns)
	for i := range got.commands {
		if err := w.Write(&got.commands[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil || out.String() != wordText {
		t.Errorf("written, %v:\n%s, want\n%s", err, out.String(), wordText)
	}
}

// In a file of one instrument a phase is that one's, and a kill switch is the market's.
func TestWordsWithoutSymbol(t *testing.T) {
	got := readAll("seq,ts_ns,cmd,order_id,side,price,qty,details\n1,5,kill,,,,,\n2,6,phase,,,,,phase=continuous\n3,7,mass_cancel,,,,,\n", Options{})
	if got.final != io.EOF || len(got.records) > 0 || len(got.commands) != 4 {
		t.Fatal(got)
	}
	if c := got.commands; c[0].Instrument != 0 || c[1].Kind != codec.KindDefine || c[2].AsPhaseChange().Instrument != 1 || c[3].Instrument != 0 || c[3].Side != 0 {
		t.Errorf("%+v", c)
	}
}

// An error names the line and the field.
func TestWordErrors(t *testing.T) {
	const usual = "details as docs/formats/command-csv.md says for "
	lines := []struct{ text, want string }{
		{"phase,1,,,,A,,,,,,,,phase=closed", `order_id empty: phase does not use it, got "1"`},
		{"kill,,B,,,A,,,,,,,,", `side empty: kill does not use it, got "B"`},
		{"rules,,,5,,A,,,,,,,,", `price empty: rules does not use it, got "5"`},
		{"rules,,,,5,A,,,,,,,,", `qty empty: rules does not use it, got "5"`},
		{"limit,,,,,A,3,,,,,,,margin=1", `symbol empty: limit does not use it, got "A"`},
		{"phase,,,,,A,3,,,,,,,phase=closed", `member empty: phase does not use it, got "3"`},
		{"phase,,,,,A,,,,,,,DAY,phase=closed", `tif empty: phase does not use it, got "DAY"`},
		{"kill,,,,,A,,,,,,,,phase=closed", `details empty: kill does not use it, got "phase=closed"`},
		{"mass_cancel,,X,,,A,,,,,,,,", `side B, S or empty for both, got "X"`},
		{"kill,,,,,A,65536,,,,,,,", `member a number of at most 65535, or empty, got "65536"`},
		{"kill,,,,,A,,-1,,,,,,", `client a number of at most 4294967295, or empty, got "-1"`},
		{"phase,,,,,A,,,,,,,,", `details phase=NAME, got ""`},
		{"phase,,,,,A,,,,,,,,reference=5", `details phase=NAME, got "reference=5"`},
		{"phase,,,,,A,,,,,,,,phase=lunch", usual + `phase, got "phase=lunch"`},
		{"phase,,,,,A,,,,,,,,phase=closed;phase=closed", usual + `phase, got "phase=closed;phase=closed"`},
		{"phase,,,,,A,,,,,,,,phase=closed;", usual + `phase, got "phase=closed;"`},
		{"phase,,,,,A,,,,,,,,phase=closed;market_first=1", usual + `phase, got "phase=closed;market_first=1"`},
		{"phase,,,,,A,,,,,,,,phase=closed;low=1", usual + `phase, got "phase=closed;low=1"`},
		{"phase,,,,,A,,,,,,,,phase=closed;reference", usual + `phase, got "phase=closed;reference"`},
		{"rules,,,,,A,,,,,,,,low=2147483648", usual + `rules, got "low=2147483648"`},
		{"rules,,,,,A,,,,,,,,freeze=-1", usual + `rules, got "freeze=-1"`},
		{"rules,,,,,A,,,,,,,,margin_bps=65536", usual + `rules, got "margin_bps=65536"`},
		{"rules,,,,,A,,,,,,,,;", usual + `rules, got ";"`},
		{"phase,,,,,,,,,,,,,phase=closed", `symbol as RELIANCE-EQ, of at most 10 characters before the series, got ""`},
		{"N,1,B,5,5,A,1,1,0,0,,0,GTX,", `tif as docs/formats/command-csv.md says, got "GTX"`},
		{"A,1,B,5,5,A,1,1,0,0,,0,GTC,", `tif as docs/formats/command-csv.md says, got "GTC"`},
		{"N,1,B,5,5,A,1,1,0,0,,x,,", `pan as docs/formats/command-csv.md says, got "x"`},
		{"N,1,B,5,5,A,1,1,0,0,,0,,low=1", `details as docs/formats/command-csv.md says, got "low=1"`},
		{"N,1,B,5,5,A,1,1,0,0,U,0,,", `flags as docs/formats/command-csv.md says, got "U"`},
	}
	text := wordHeader
	for i, l := range lines {
		text += fmt.Sprintf("%d,1,%s\n", i+1, l.text)
	}
	got := readAll(text, Options{})
	if got.final != io.EOF || len(got.commands) != 0 || len(got.records) != len(lines) {
		t.Fatalf("%d commands, %d errors, then %v", len(got.commands), len(got.records), got.final)
	}
	for i, l := range lines {
		if !strings.HasSuffix(got.records[i], ": want "+l.want) || !strings.HasPrefix(got.records[i], fmt.Sprintf("line %d ", i+2)) {
			t.Errorf("error %q, want %q", got.records[i], l.want)
		}
	}
}

// A validity may be said twice, if it is the same.
func TestTIF(t *testing.T) {
	got := readAll("seq,ts_ns,cmd,order_id,side,price,qty,flags,tif\n1,1,N,1,B,5,5,,\n2,1,N,2,B,5,5,,DAY\n3,1,N,3,B,5,5,,IOC\n4,1,A,4,B,5,5,,IOC\n"+
		"5,1,N,5,B,5,5,,FOK\n6,1,M,5,B,5,5,,GTD\n7,1,M,5,B,5,5,I,IOC\n", Options{})
	want := []orderbook.TimeInForce{orderbook.Day, orderbook.Day, orderbook.IOC, orderbook.IOC, orderbook.FOK, orderbook.GTD, orderbook.IOC}
	if got.final != io.EOF || len(got.records) > 0 || len(got.commands) != len(want)+1 {
		t.Fatal(got)
	}
	for i, w := range want {
		if c := got.commands[i+1]; c.TIF != w {
			t.Errorf("line %d: time in force %d, want %d", i+2, c.TIF, w)
		}
	}
}
