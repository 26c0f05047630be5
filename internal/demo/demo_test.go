package demo

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the expected output anew")

// TestGolden holds what people are shown, for each scenario.
func TestGolden(t *testing.T) {
	for _, name := range Scenarios() {
		r, err := Run(name, 1)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := r.Write(&got, false); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(got.String()) {
			if n := len(strings.TrimSuffix(line, "\n")); n > 100 {
				t.Errorf("%s: a line of %d characters, want at most 100: %s", name, n, line)
			}
		}
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got.Bytes(), want)
		}
	}
}

// TestVerdicts: whatever the delays, 2PC blocks until the fault is mended, textbook 3PC splits, and
// E3PC decides, the same everywhere and long before that.
func TestVerdicts(t *testing.T) {
	for _, name := range Scenarios() {
		for seed := range uint64(50) {
			r, err := Run(name, seed)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for i, want := range []Verdict{Blocks, Splits, Decides} {
				if run := r.Runs[i]; run.Verdict != want || run.Meaning == "" {
					t.Fatalf("%s, seed %d, %s: %s (%q), want %s: %+v", name, seed, run.Name, run.Verdict, run.Meaning, want, run.Fates)
				}
			}
			for _, f := range r.Runs[2].Fates[1:] {
				if f.InDoubtNs > 150e6 {
					t.Fatalf("%s, seed %d: E3PC leaves %s in doubt for %s", name, seed, f.Name, ms(f.InDoubtNs))
				}
			}
		}
	}
}

// TestSameSeedSameReport: one seed, one report, to the byte.
func TestSameSeedSameReport(t *testing.T) {
	for _, name := range Scenarios() {
		var all [2][]byte
		for i := range all {
			r, err := Run(name, 7)
			if err != nil {
				t.Fatal(err)
			}
			if all[i], err = json.Marshal(r); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(all[0], all[1]) {
			t.Errorf("%s: two reports of one seed", name)
		}
	}
}

// TestUnknown: a scenario that does not exist is an error that names it.
func TestUnknown(t *testing.T) {
	if _, err := Run("earthquake", 1); err == nil || !strings.Contains(err.Error(), "earthquake") {
		t.Errorf("error %v, want one that names the scenario", err)
	}
}
