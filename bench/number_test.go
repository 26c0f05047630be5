package bench

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{thousands(0), "0"}, {thousands(999), "999"}, {thousands(1000), "1,000"}, {thousands(-1234567), "-1,234,567"},
		{thousands(-123), "-123"}, {thousands(-1 << 63), "-9,223,372,036,854,775,808"},
		{micros(0), "0.000"}, {micros(7), "0.007"}, {micros(1234), "1.234"}, {micros(1234567890), "1,234,567.890"},
		{Micros(-1).String(), "-0.001"}, {plural(1, "core"), "1 core"}, {plural(2000, "core"), "2,000 cores"},
	} {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
}

func TestThousandsOnlyAddsCommas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64().Draw(t, "v")
		s := thousands(v)
		for i, group := range strings.Split(strings.TrimPrefix(s, "-"), ",") {
			if len(group) > 3 || len(group) < 3 && i > 0 {
				t.Fatalf("%d is %s", v, s)
			}
		}
	})
}

// JSON numbers of microseconds keep the nanoseconds, as far as a float64 can.
func TestMicrosRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Micros(rapid.Int64Range(-latencyMax, latencyMax).Draw(t, "ns"))
		b, err := want.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var got Micros
		if err := got.UnmarshalJSON(b); err != nil || got != want {
			t.Fatalf("%d ns became %s, then %d (%v)", want, b, got, err)
		}
	})
}
