package profile

import (
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Each kind writes a file that the tools read: gzip for pprof, a header for go tool trace.
func TestStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	var names []string
	for _, k := range Kinds {
		names = append(names, string(k))
	}
	s, err := NewSet(names, dir)
	if err != nil {
		t.Fatal(err)
	}
	stop, err := s.Start("node-1-risk")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start("other"); err == nil {
		t.Error("two CPU profiles at a time")
	}
	done := make(chan bool)
	go func() { done <- true }()
	<-done
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"node-1-risk.cpu.pprof", "node-1-risk.mem.pprof", "node-1-risk.block.pprof"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gzip.NewReader(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f.Close()
	}
	trace, err := os.ReadFile(filepath.Join(dir, "node-1-risk.trace"))
	if err != nil || !strings.HasPrefix(string(trace), "go 1.") {
		t.Errorf("trace begins with %.20q, %v", trace, err)
	}
}

func TestStartRefuses(t *testing.T) {
	if _, err := NewSet([]string{"cpu", "time"}, "."); !errors.Is(err, ErrKind) || !strings.Contains(err.Error(), `"time"`) {
		t.Errorf("error %v, want ErrKind that names it", err)
	}
	if _, err := Kind("time").Start(filepath.Join(t.TempDir(), "x")); !errors.Is(err, ErrKind) {
		t.Errorf("error %v, want ErrKind", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (Set{[]Kind{CPU}, file}).Start("x"); err == nil {
		t.Error("a file as directory: no error")
	}
	stop, err := (Set{}).Start("x")
	if err != nil || stop() != nil {
		t.Errorf("no profiles: %v", err)
	}
}

// A profile that could not be written in whole is an error, and one that is wished for twice is one.
func TestStartFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no full disk here")
	}
	for _, k := range Kinds {
		stop, err := k.Start("/dev/full")
		if err != nil {
			t.Fatal(err)
		}
		if err := stop(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v, want that the disk is full", k, err)
		}
	}
	if s, err := NewSet([]string{"cpu", "mem", "cpu"}, "."); err != nil || !slices.Equal(s.Kinds, []Kind{CPU, Mem}) {
		t.Errorf("%v, %v", s, err)
	}
}
