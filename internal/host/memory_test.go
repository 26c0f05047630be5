package host

import (
	"errors"
	"runtime/debug"
	"strings"
	"testing"
)

func TestParseGC(t *testing.T) {
	for text, want := range map[string]int{"": GCLeave, "default": GCLeave, "off": GCOff, "1": 1, "400": 400} {
		if got, err := ParseGC(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "-1", "10001", "on", "1.5"} {
		if _, err := ParseGC(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// I3: whatever is asked for is got, or refused with a reason and what holds instead.
func TestMemoryApply(t *testing.T) {
	limit := debug.SetMemoryLimit(-1)
	percent := debug.SetGCPercent(100)
	defer func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}()
	yes := func() error { return nil }
	no := func() error { return errors.New("the limit is 8192 KiB") }
	big := &Machine{MemoryBytes: 10 << 30, hugePages: "madvise"}
	for _, test := range []struct {
		memory  Memory
		machine *Machine
		lock    func() error
		summary string
		refused string
		percent int
		limit   int64
	}{
		{Memory{}, big, nil, "not locked, collector as usual, huge pages on request", "", 100, limit},
		{Memory{Lock: true, GC: 400}, big, yes, "locked, collector at 400 %, huge pages on request", "", 400, limit},
		{Memory{Lock: true, GC: GCOff}, big, no, "not locked (refused), collector off below 8.0 GiB, huge pages on request",
			"memory cannot be locked: the limit is 8192 KiB; its pages may be swapped out", -1, 10 << 30 / 100 * 80},
		{Memory{GC: GCOff}, &Machine{hugePages: "never"}, nil, "not locked, collector as usual (refused), no huge pages (refused)", "nobody says how much memory", 100, limit},
		{Memory{}, &Machine{hugePages: "always"}, nil, "not locked, collector as usual, huge pages", "", 100, limit},
		{Memory{}, &Machine{}, nil, "not locked, collector as usual, huge pages unknown", "", 100, limit},
	} {
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(limit)
		g := test.memory.apply(test.machine, test.lock)
		if g.Summary != test.summary {
			t.Errorf("%+v: summary %q, want %q", test.memory, g.Summary, test.summary)
		}
		if refused := strings.Join(g.Refused, "\n"); !strings.Contains(refused, test.refused) || (refused == "") != (test.refused == "") {
			t.Errorf("%+v: refused %q, want %q", test.memory, refused, test.refused)
		}
		if len(g.Lines)+len(g.Refused) != 3 {
			t.Errorf("%+v: lines %q and refusals %q, want three facts", test.memory, g.Lines, g.Refused)
		}
		gotPercent, gotLimit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
		if gotPercent != test.percent || gotLimit > test.limit || gotLimit < test.limit-1000 {
			t.Errorf("%+v: collector at %d, limit %d, want %d and %d", test.memory, gotPercent, gotLimit, test.percent, test.limit)
		}
	}
}
