package rulebook

import (
	"testing"
	"time"
)

func TestDateOf(t *testing.T) {
	for _, c := range []struct {
		utc  string
		want Date
	}{
		{"1970-01-01T00:00:00Z", 19700101},
		{"1969-12-31T18:29:59Z", 19691231},
		{"1969-12-31T18:30:00Z", 19700101},
		{"2024-02-28T18:29:59.999999999Z", 20240228},
		{"2024-02-28T18:30:00Z", 20240229},
		{"2024-02-29T18:30:00Z", 20240301},
		{"2025-12-31T18:30:00Z", 20260101},
		{"2026-09-07T03:30:00Z", 20260907},
		{"2262-04-11T23:47:16.854775807Z", 22620412}, // the last that there is
	} {
		at, err := time.Parse(time.RFC3339Nano, c.utc)
		if err != nil {
			t.Fatal(err)
		}
		if got := DateOf(at.UnixNano()); got != c.want {
			t.Errorf("DateOf(%s) = %d, want %d", c.utc, got, c.want)
		}
	}
}

// TestMidnight goes through every day of 30 years: its first and its last nanosecond are in it.
func TestMidnight(t *testing.T) {
	midnight := Date(20000101).Midnight()
	for range 30*365 + 8 {
		d := DateOf(midnight)
		if got := d.Midnight(); got != midnight {
			t.Fatalf("midnight of %d is %d, want %d", d, got, midnight)
		}
		if got := DateOf(midnight + dayNs - 1); got != d {
			t.Fatalf("the day of %d ends on %d", d, got)
		}
		midnight += dayNs
	}
	if d := DateOf(midnight); d != 20300101 {
		t.Errorf("30 years later it is %d", d)
	}
}
