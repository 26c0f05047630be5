package rulebook

import (
	"math"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/codec"
)

// TestHalt has each cell of the table at its first and its last nanosecond.
func TestHalt(t *testing.T) {
	const rest, none = -1, 0
	for _, c := range []struct {
		from, to int64 // from included, to not
		want     [3]int
	}{
		{0, clock(13, 0), [3]int{45, 105, rest}},
		{clock(13, 0), clock(14, 0), [3]int{15, 45, rest}},
		{clock(14, 0), clock(14, 30), [3]int{15, rest, rest}},
		{clock(14, 30), clock(24, 0), [3]int{none, rest, rest}},
	} {
		for _, when := range []int64{c.from, c.to - 1} {
			for level, want := range c.want {
				for _, move := range []uint32{[]uint32{1000, 1500, 2000}[level], []uint32{1499, 1999, 9000}[level]} {
					minutes, rest, halted := Halt(move, when)
					if minutes != max(want, 0) || rest != (want < 0) || halted != (want != 0) {
						t.Errorf("Halt(%d, %v) = %d, %v, %v, want %d", move, time.Duration(when), minutes, rest, halted, want)
					}
				}
			}
			if minutes, rest, halted := Halt(999, when); halted || rest || minutes != 0 {
				t.Errorf("Halt(999, %v) halts", time.Duration(when))
			}
		}
	}
}

// TestBreakerLevels has NSE's published figures for a close of 24,198.85.
func TestBreakerLevels(t *testing.T) {
	for _, c := range []struct {
		prevClose int64
		want      [3]int64
	}{
		{24_198_85, [3]int64{2_419_90, 3_629_80, 4_839_75}},
		{20_000_00, [3]int64{2_000_00, 3_000_00, 4_000_00}},
		{0, [3]int64{}},
		{math.MaxInt64, [3]int64{922337203685477580, 1383505805528216370, 1844674407370955160}},
	} {
		if got := BreakerLevels(c.prevClose); got != c.want {
			t.Errorf("BreakerLevels(%d) = %d, want %d", c.prevClose, got, c.want)
		}
	}
}

func TestBreaker(t *testing.T) {
	const close = 24_198_85
	var b Breaker
	for _, s := range []struct {
		name    string
		index   int64
		when    int64
		minutes int
		rest    bool
		halted  bool
	}{
		{"a point short", close - 2_419_89, clock(10, 0), 0, false, false},
		{"10 % down", close - 2_419_90, clock(10, 0), 45, false, true},
		{"the same level again", close - 2_500_00, clock(11, 0), 0, false, false},
		{"the same level on the other side", close + 2_500_00, clock(11, 30), 0, false, false},
		{"15 % up", close + 3_629_80, clock(13, 30), 45, false, true},
		{"20 %", close - 4_839_75, clock(14, 45), 0, true, true},
		{"and more", close - 6_000_00, clock(14, 46), 0, false, false},
	} {
		minutes, rest, halted := b.Index(close, s.index, s.when)
		if minutes != s.minutes || rest != s.rest || halted != s.halted {
			t.Errorf("%s: %d, %v, %v", s.name, minutes, rest, halted)
		}
	}
	if b.Level != 3 {
		t.Errorf("level %d at the end", b.Level)
	}
	b = Breaker{}
	if minutes, _, _ := b.Index(close, close-3_700_00, clock(10, 0)); minutes != 105 || b.Level != 2 {
		t.Errorf("two levels at once: %d minutes, level %d", minutes, b.Level)
	}
	b = Breaker{}
	if _, _, halted := b.Index(close, close-2_500_00, clock(14, 40)); halted || b.Level != 1 {
		t.Errorf("10 %% after 14:30: halted %v, level %d", halted, b.Level)
	}
	if _, _, halted := new(Breaker).Index(0, close, clock(10, 0)); halted {
		t.Error("halts without a previous close")
	}
}

func TestAfterHalt(t *testing.T) {
	const before = `10:07 halted
10:52 pre_open
10:59-11:00 pre_open_match
11:04 closed
11:07 continuous
`
	const revised = `10:07 halted
10:52 pre_open*
10:57 pre_open_limit*
11:00-11:02 pre_open_match*
11:04 closed
11:07 continuous
`
	for d, want := range map[Date]string{20260906: before, 20260907: revised} {
		if got := drawn(AfterHalt(clock(10, 7), 45, d)); got != want {
			t.Errorf("on %d:\n%swant\n%s", d, got, want)
		}
	}
	if got, want := drawn(Timetable(20260907, ClassCash)[:6]), morningNew; got != want {
		t.Errorf("the timetable is changed:\n%s", got)
	}
}

// TestAfterHaltFits: every halt that ends is over by 15:00, whenever it began, so that the timetable's
// average and all behind it stand.
func TestAfterHaltFits(t *testing.T) {
	latest := int64(0)
	for when := clock(9, 15); when < clock(15, 30); when += int64(time.Minute) / 2 {
		for _, move := range breakerBps {
			minutes, rest, halted := Halt(move, when)
			if !halted || rest {
				continue
			}
			events := AfterHalt(when, minutes, 20260907)
			checkOrder(t, events)
			last := events[len(events)-1]
			if last.Phase != codec.PhaseContinuous || last.At-when != int64(minutes+15)*int64(time.Minute) {
				t.Fatalf("a halt at %v of %d minutes ends with %v at %v", time.Duration(when), minutes, last.Phase, time.Duration(last.At))
			}
			latest = max(latest, last.At)
		}
	}
	if latest >= clock(15, 0) || latest < clock(14, 59) {
		t.Errorf("the last one is over at %v", time.Duration(latest))
	}
}
