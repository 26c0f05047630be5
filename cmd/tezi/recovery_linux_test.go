package main

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// recovery is how long a run took from a fault to the first commit of a batch that was sealed after it.
type recovery struct {
	seed  int
	fault string
	took  time.Duration
}

// recoveries are those of one run, or of several.
type recoveries []recovery

// share adds the recoveries of a run that ended well to a file, a line each, and returns all that it has.
func (all recoveries) share(t *testing.T, name string) (of recoveries) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, r := range all {
		if _, err := fmt.Fprintf(f, "%d %d %s\n", r.seed, r.took.Nanoseconds(), r.fault); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(f)
	for in.Scan() {
		var r recovery
		if _, err := fmt.Sscan(in.Text(), &r.seed, &r.took); err != nil {
			t.Fatalf("%s: %q: %v", name, in.Text(), err)
		}
		r.fault = strings.SplitN(in.Text(), " ", 3)[2]
		of = append(of, r)
	}
	return of
}

// String is a table of percentiles, by the kind of fault and over all of them.
func (all recoveries) String() string {
	seeds, byFault := map[int]bool{}, map[string][]time.Duration{}
	for _, r := range all {
		seeds[r.seed] = true
		byFault[r.fault] = append(byFault[r.fault], r.took)
		byFault["all"] = append(byFault["all"], r.took)
	}
	text := fmt.Sprintf("%d faults, %d seeds\n%-19s %6s %9s %9s %9s %9s\n", len(all), len(seeds), "ms to new commit", "count", "p50", "p90", "p99", "max")
	names := make([]string, 0, len(faults)+1)
	for _, f := range faults {
		names = append(names, f.name)
	}
	for _, name := range append(names, "all") {
		took := byFault[name]
		if len(took) == 0 {
			continue
		}
		slices.SortFunc(took, cmp.Compare)
		at := func(p float64) float64 { return took[min(int(p*float64(len(took))), len(took)-1)].Seconds() * 1e3 }
		text += fmt.Sprintf("%-19s %6d %9.1f %9.1f %9.1f %9.1f\n", name, len(took), at(0.5), at(0.9), at(0.99), at(1))
	}
	return text
}

// TestRecoveriesAdd: a second run adds to the first one's file, and the percentiles are over both.
func TestRecoveriesAdd(t *testing.T) {
	name := t.TempDir() + "/log"
	(recoveries{{1, "kill engine", 30 * time.Millisecond}, {1, "stop participant", time.Second}}).share(t, name)
	all := (recoveries{{2, "kill engine", 50 * time.Millisecond}}).share(t, name)
	for _, want := range []string{"3 faults, 2 seeds", "kill engine              2      50.0", "stop participant         1    1000.0", "all                      3      50.0"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("want %q in\n%s", want, all)
		}
	}
}
