package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// output is what go test prints of three cases, the first slower by a factor.
func output(slow, noise float64) string {
	return fmt.Sprintf("BenchmarkBook/numbers=own-2 100 %.3f ns/op %.4f x-anchor\n", 20*slow, 2.5*slow*noise) +
		fmt.Sprintf("BenchmarkRing/batch=64-2 100 %.3f ns/item %.4f x-chan\n", 1.6, 0.03/noise) +
		fmt.Sprintf("BenchmarkLoss/lost=1-2 100 9.5 ns/op %.4f of-clean\n", 0.9/slow)
}

func files(t *testing.T, texts ...string) (paths []string) {
	dir := t.TempDir()
	for i, text := range texts {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func base(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "baseline.json")
	var said strings.Builder
	if err := rewrite(path, files(t, output(1, 1), output(1, 1.06), output(1, 0.95)), &said); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), "3 ratios in ") {
		t.Errorf("said %s", said.String())
	}
	return path
}

// A benchmark that got slower is named, with what it was and is, and is an error; noise within the tolerance is none.
func TestCheck(t *testing.T) {
	path := base(t)
	for _, test := range []struct {
		name  string
		now   string
		says  []string
		worse bool
	}{
		{"same", output(1, 1), []string{"3 ratios: 3 as in the baseline, 0 worse, 0 better"}, false},
		{"noise", output(1, 1.09), []string{"3 ratios: 3 as in"}, false},
		{"slowed", output(1.5, 1), []string{
			"worse   Book/numbers=own x-anchor: 3.75, baseline 2.5, +50 %, tolerance 12 %\n",
			"worse   Loss/lost=1 of-clean: 0.6, baseline 0.9, -33 %, tolerance 10 %\n", "3 ratios: 1 as in the baseline, 2 worse, 0 better",
		}, true},
		{"faster", output(0.5, 1), []string{"better  Book/numbers=own x-anchor: 1.25, baseline 2.5, -50 %", "2 better"}, false},
		{"gone", strings.Replace(output(1, 1), "BenchmarkRing", "BenchmarkRung", 1), []string{"worse   Ring/batch=64 x-chan: not measured, baseline 0.03"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var said strings.Builder
			err := check(path, files(t, test.now), &said)
			if errors.Is(err, errWorse) != test.worse || err != nil && !test.worse {
				t.Errorf("error %v, worse is %t", err, test.worse)
			}
			for _, text := range test.says {
				if !strings.Contains(said.String(), text) {
					t.Errorf("%q is not in\n%s", text, said.String())
				}
			}
		})
	}
}

// Of several measurements the best counts: noise in one of them is none, a slowdown in all of them is one.
func TestBestCounts(t *testing.T) {
	path := base(t)
	for _, test := range []struct {
		files []string
		worse bool
	}{
		{[]string{output(1.5, 1)}, true},
		{[]string{output(1.5, 1), output(1, 1)}, false},
		{[]string{output(1.5, 1), output(1.25, 1), output(2, 1)}, true},
	} {
		var said strings.Builder
		if err := check(path, files(t, test.files...), &said); errors.Is(err, errWorse) != test.worse || err != nil && !test.worse {
			t.Errorf("%d files: %v, worse is %t: %s", len(test.files), err, test.worse, said.String())
		}
	}
}

// The tolerance is twice what the files have shown, and a tenth at least; what would let a slowdown by a quarter pass is left out.
func TestBaseline(t *testing.T) {
	b, wild, err := newBaseline(files(t, output(1, 1), output(1, 1.13), output(1, 0.92)))
	if err != nil || len(wild) != 1 || wild[0].Case != "Book/numbers=own" || len(b.Ratios) != 2 || b.Files != 3 {
		t.Fatalf("%+v, left out %+v, %v", b, wild, err)
	}
	for i, want := range []float64{2 * 0.115, 0.1} {
		if got := b.Ratios[i].tolerance(); got < want-0.01 || got > want+0.01 {
			t.Errorf("%+v: tolerance %v, want %v", b.Ratios[i], got, want)
		}
	}
}

// A baseline of another machine is compared with, and that is said.
func TestOtherMachine(t *testing.T) {
	path := base(t)
	b, err := readBaseline(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []bool{false, true} {
		if other {
			b.Machine.CPU, b.Machine.Cores = "Other CPU", 3
			if err := b.write(path); err != nil {
				t.Fatal(err)
			}
		}
		var said strings.Builder
		err := check(path, files(t, output(1, 1)), &said)
		if err != nil || strings.Contains(said.String(), "the baseline is of another machine: Other CPU, 3 cores\n") != other {
			t.Errorf("another machine is %t: %v, %s", other, err, said.String())
		}
	}
}

func TestRefuses(t *testing.T) {
	path := base(t)
	for _, test := range []struct {
		problem string
		err     error
	}{
		{"want 3 or more", rewrite(path, files(t, output(1, 1), output(1, 1)), os.Stderr)},
		{"is in 2 of 3 files", rewrite(path, files(t, output(1, 1), output(1, 1), "BenchmarkBook/numbers=own-2 100 2 ns/op 3 x-anchor\n"), os.Stderr)},
		{"no benchmark in it", rewrite(path, files(t, "PASS\n", output(1, 1), output(1, 1)), os.Stderr)},
		{"a benchmark has failed", check(path, files(t, output(1, 1)+"--- FAIL: X\n"), os.Stderr)},
		{"no such file", check(path, []string{"nowhere"}, os.Stderr)},
		{"no such file", check("nowhere", files(t, output(1, 1)), os.Stderr)},
		{"no ratio in it", check(files(t, "{}")[0], files(t, output(1, 1)), os.Stderr)},
		{"invalid character", check(files(t, "x")[0], files(t, output(1, 1)), os.Stderr)},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.problem) {
			t.Errorf("error %v, want %q", test.err, test.problem)
		}
	}
}
