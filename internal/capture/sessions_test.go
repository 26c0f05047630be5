package capture

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
)

// midnight of 1 July 2026 in India, in ns since 1970: a day before the closing auction.
const dayOfTests = 1_782_844_200_000_000_000

// sessionLine is a record of the capital market at a time of that day, "09:08:30".
func sessionLine(record, clock string, order int, symbol string) string {
	at, err := time.Parse(time.TimeOnly, clock)
	if err != nil {
		panic(err)
	}
	jiffies, _ := nse.Jiffies(dayOfTests + int64(at.Sub(at.Truncate(24*time.Hour))))
	return fmt.Sprintf("%sCASH%016d%014dB1%sEQ00000000000000100000010000000000NNN13\n", record, order, jiffies, strings.Repeat("b", 10-len(symbol))+symbol)
}

// story tells commands in words.
func story(commands []codec.Command) []string {
	names := instrumentNames(commands)
	var out []string
	for i := range commands {
		c := &commands[i]
		at := time.Duration(c.TimeNs - dayOfTests).Round(time.Second)
		switch c.Kind {
		case codec.KindDefine:
			out = append(out, "define "+c.AsInstrument().Name())
		case codec.KindRules:
			out = append(out, fmt.Sprintf("%s rules %d %d", names[c.Instrument], c.AsRules().Flags, c.AsRules().High))
		case codec.KindPhase:
			p := c.AsPhaseChange()
			out = append(out, fmt.Sprintf("%s %v %v %d %d", names[p.Instrument], at, p.Phase, p.Auction, p.Reference))
		default:
			out = append(out, fmt.Sprintf("%s %v order %d", names[c.Instrument], at, c.Order))
		}
	}
	return out
}

// What the exchange knew comes between the records: for each instrument when its own time has come,
// whatever the others' is.
func TestSessions(t *testing.T) {
	path := put(t, "day.DAT", sessionLine("PO", "09:01:00", 1, "A")+
		sessionLine("PO", "09:08:30", 2, "A")+ // behind the latest end of the pre-open session, and still in it
		sessionLine("RM", "09:15:01", 3, "A")+
		sessionLine("RM", "15:30:00", 4, "A")+ // on the stroke of the close
		sessionLine("RM", "10:00:00", 5, "B")) // NSE's files go through the day symbol by symbol
	got := readAll(path, Options{})
	want := []string{
		"define A-EQ", "A-EQ rules 32 0", "A-EQ 0s closed 0 0", "A-EQ 9h0m0s pre_open 0 0", "A-EQ 9h1m0s order 1", "A-EQ 9h8m30s order 2",
		"A-EQ 9h8m30s pre_open_match 0 0", "A-EQ 9h12m0s closed 0 0", "A-EQ 9h15m0s continuous 0 0", "A-EQ 9h15m1s order 3",
		"A-EQ 15h0m0s average 0 0", "A-EQ 15h30m0s closed 0 0", "A-EQ 15h30m0s order 4",
		"define B-EQ", "B-EQ rules 32 0", "B-EQ 0s closed 0 0", "B-EQ 9h0m0s pre_open 0 0", "B-EQ 9h8m0s pre_open_match 0 0", "B-EQ 9h12m0s closed 0 0",
		"B-EQ 9h15m0s continuous 0 0", "B-EQ 10h0m0s order 5",
		"A-EQ 15h40m0s post_close 0 0", "A-EQ 16h0m0s end_of_day 0 0",
		"B-EQ 15h0m0s average 0 0", "B-EQ 15h30m0s closed 0 0", "B-EQ 15h40m0s post_close 0 0", "B-EQ 16h0m0s end_of_day 0 0",
	}
	if s := story(got.commands); got.err != nil || !slices.Equal(s, want) {
		t.Errorf("%v, got\n%s, want\n%s", got.err, strings.Join(s, "\n"), strings.Join(want, "\n"))
	}
}

func TestSessionsChoices(t *testing.T) {
	text := sessionLine("PO", "09:01:00", 1, "A")
	for _, tc := range []struct {
		name, text string
		sessions   Sessions
		want       string
	}{
		{"stops only", text, SessionsStops, "[define A-EQ A-EQ rules 32 0 A-EQ 9h1m0s order 1]"},
		{"off", text, SessionsOff, "[define A-EQ A-EQ 9h1m0s order 1]"},
		{"currency has no timetable", "RMCDSb1400000000000001" + text[22:38] + "bbbbUSDINRFUTCUR24SEP202600000000FF00000000000000010008300000000000NNN*13Y\n", SessionsAuto,
			"[define USDINR-FUTCUR-20260924 USDINR-FUTCUR-20260924 rules 32 0 USDINR-FUTCUR-20260924 9h1m0s order 1400000000000001]"},
		{"a CSV says itself what it knows", csvText[:38] + "1,1782877260000000000,N,1,B,5,5\n", SessionsAuto, "[define CAPTURE CAPTURE 9h11m0s order 1]"},
	} {
		got := readAll(put(t, "f", tc.text), Options{Sessions: tc.sessions})
		if s := fmt.Sprint(story(got.commands)); got.err != nil || len(got.records) > 0 || s != tc.want {
			t.Errorf("%s: %v, %v, got\n%s, want\n%s", tc.name, got.err, got.records, s, tc.want)
		}
	}
}

// Errors are told where they are, and a day whose file is damaged does not end.
func TestSessionsErrors(t *testing.T) {
	line := sessionLine("RM", "10:00:00", 1, "A")
	got := readAll(put(t, "f", line+"short\n"+line[:50]), Options{})
	var de *DamageError
	if !errors.As(got.err, &de) || len(got.records) != 1 || got.records[0].Line != 2 {
		t.Fatal(got.err, got.records)
	}
	if s := story(got.commands); s[len(s)-1] != "A-EQ 10h0m0s order 1" {
		t.Errorf("behind the damage came %s", s[len(s)-1])
	}
}

// The timetable changes with the years, and an auction says how it is held.
func TestSessionsByDate(t *testing.T) {
	line := sessionLine("PO", "09:01:00", 1, "A")
	jiffies, _ := nse.Jiffies(dayOfTests + 69*24*3600*1e9 + 9*3600*1e9) // 8 September 2026, 09:00
	got := readAll(put(t, "f", line[:22]+fmt.Sprintf("%014d", jiffies)+line[36:]), Options{})
	var phases []string
	for i := range got.commands {
		if c := &got.commands[i]; c.Kind == codec.KindPhase {
			phases = append(phases, fmt.Sprintf("%v %d", c.AsPhaseChange().Phase, c.AsPhaseChange().Auction))
		}
	}
	want := "[closed 0 pre_open 1 pre_open_limit 1 pre_open_match 1 closed 0 continuous 0 average 0 closed 0 post_close 0 end_of_day 0]"
	if got.err != nil || fmt.Sprint(phases) != want {
		t.Errorf("%v, phases %v, want %s", got.err, phases, want)
	}
}

// An NSE file that is copied stays what it is; any other file of it says what happened between.
func TestConvertSessions(t *testing.T) {
	text := sessionLine("PO", "09:01:00", 1, "A") + sessionLine("RM", "09:15:01", 2, "A")
	in := put(t, "f", text)
	out, s := chain(t, in, Options{}, "x.DAT")
	if content(t, out) != text || s.Market != 0 || s.Commands != 2 || len(s.Notes) > 0 {
		t.Errorf("copied: %+v", s)
	}
	out, s = chain(t, in, Options{}, "x.csv")
	if s.Market != 10 || s.Commands != 2 || s.Instruments != 1 {
		t.Errorf("as a CSV: %+v", s)
	}
	if text := content(t, out); !strings.Contains(text, ",phase,,,,,A-EQ,,phase=pre_open_match\n") || !strings.Contains(text, ",rules,,,,,A-EQ,,stops_recorded\n") {
		t.Errorf("written\n%s", text)
	}
	back, s := chain(t, out, Options{}, "x.tzc", "x.DAT")
	if content(t, back) != text || s.Market != 10 {
		t.Errorf("back as an NSE file: %+v\n%s", s, content(t, back))
	}
	if want := "10 " + lossTexts[lossMarket]; fmt.Sprint(s.Notes[len(s.Notes)-1]) != want {
		t.Errorf("notes %v, want %s at last", s.Notes, want)
	}
	info, err := Inspect(out, Options{})
	if err != nil || info.Kinds != (KindCounts{New: 2, Phase: 9, Rules: 1}) || info.Commands != 2 {
		t.Errorf("inspected: %+v, %v", info, err)
	}
}
