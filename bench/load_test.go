package bench

import (
	"testing"
	"time"
)

func TestCheckTimes(t *testing.T) {
	for _, c := range []struct {
		warmup, duration time.Duration
		rate             float64
		want             string
	}{
		{0, 10 * time.Millisecond, 0, ""},
		{time.Second, time.Second, 10, ""},
		{-1, time.Second, 0, "warm-up -1ns, want 0 or more"},
		{0, 1, 0, "duration 1ns, want 10ms or more"},
		{0, -time.Second, 0, "duration -1s, want 10ms or more"},
		{0, time.Second, 0.25, "rate 0.25 for 1s, want one at which 5 or more are due in that time"},
		{0, time.Second, 4, "rate 4 for 1s, want one at which 5 or more are due in that time"},
	} {
		got := ""
		if err := CheckTimes(c.warmup, c.duration, DurationMin, c.rate, 5); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	for rate, want := range map[float64]string{0: "max", 0.001: "0.001", 1e6: "1000000"} {
		if got := RateText(rate); got != want {
			t.Errorf("rate %v is %q", rate, got)
		}
	}
}
