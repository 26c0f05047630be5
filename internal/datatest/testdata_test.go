package datatest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// recorder notes how a test would end.
type recorder struct {
	testing.TB
	end string
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.end = "fatal: " + fmt.Sprintf(format, args...)
}
func (r *recorder) Skipf(format string, args ...any) { r.end = "skip: " + fmt.Sprintf(format, args...) }

func TestDir(t *testing.T) {
	data := t.TempDir()
	t.Setenv("TEZI_DATA", data)
	if err := os.Mkdir(filepath.Join(data, "here"), 0o700); err != nil {
		t.Fatal(err)
	}
	missing := fmt.Sprintf("recorded data %s is not there: set TEZI_DATA to the directory that holds it", filepath.Join(data, "gone"))
	for _, tc := range []struct{ ci, sub, end, dir string }{
		{"", "here", "", filepath.Join(data, "here")},
		{"true", "here", "", filepath.Join(data, "here")},
		{"", "gone", "skip: " + missing, ""},
		{"true", "gone", "fatal: " + missing, ""},
	} {
		t.Setenv("CI", tc.ci)
		r := &recorder{TB: t}
		if dir := Dir(r, tc.sub); r.end != tc.end || r.end == "" && dir != tc.dir {
			t.Errorf("CI=%q, %s: %q, %q", tc.ci, tc.sub, dir, r.end)
		}
	}
}

// Without TEZI_DATA the data lies beside the directory of go.mod.
func TestDefault(t *testing.T) {
	t.Setenv("TEZI_DATA", "")
	want, err := filepath.Abs("../../../shared/data")
	if err != nil {
		t.Fatal(err)
	}
	if got := root(t); got != want {
		t.Errorf("root %s, want %s", got, want)
	}
}
