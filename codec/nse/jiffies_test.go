package nse

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// N2, against the calendar of the standard library.
func TestTimeNs(t *testing.T) {
	ist := time.FixedZone("IST", 5*3600+1800)
	for _, tc := range []struct {
		jiffies uint64
		want    time.Time
	}{
		{0, time.Date(1980, 1, 1, 0, 0, 0, 0, ist)},
		{65536, time.Date(1980, 1, 1, 0, 0, 1, 0, ist)},
		{32768, time.Date(1980, 1, 1, 0, 0, 0, 500_000_000, ist)},
		{1, time.Date(1980, 1, 1, 0, 0, 0, 15259, ist)}, // 15258.79 ns, the next whole one
		{87014847291575, time.Date(2022, 1, 27, 9, 0, 0, 127792359, ist)},
		{jiffiesMax, time.Date(2028, 5, 8, 15, 15, 6, 249984742, ist)},
	} {
		if got := time.Unix(0, TimeNs(tc.jiffies)).In(ist); !got.Equal(tc.want) {
			t.Errorf("TimeNs(%d) = %v, want %v", tc.jiffies, got, tc.want)
		}
	}
}

// N2: there and back is exact for every jiffy, and the other way it is off by less than a jiffy,
// never into the future.
func TestJiffiesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := rapid.Uint64Range(0, jiffiesMax).Draw(t, "jiffies")
		if back, ok := Jiffies(TimeNs(j)); !ok || back != j {
			t.Fatalf("%d jiffies come back as %d (%v)", j, back, ok)
		}
		ns := rapid.Int64Range(TimeNs(0), TimeNs(jiffiesMax)).Draw(t, "ns")
		back, ok := Jiffies(ns)
		if cut := ns - TimeNs(back); !ok || cut < 0 || cut > 15259 {
			t.Fatalf("%d ns come back %d ns earlier (%v)", ns, cut, ok)
		}
	})
}

func TestJiffiesOutOfRange(t *testing.T) {
	for _, ns := range []int64{TimeNs(0) - 1, TimeNs(jiffiesMax) + 15259, -1 << 63, 1<<63 - 1, 0} {
		if j, ok := Jiffies(ns); ok {
			t.Errorf("Jiffies(%d) = %d, want out of range", ns, j)
		}
	}
}
