package main

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/internal/rundir"
)

// TestJobWords: another process, elsewhere, makes the same source and options from the words that a command leaves, whatever
// its flags and its file look like.
func TestJobWords(t *testing.T) {
	for _, line := range [][]string{
		{"replay", "1", "--backups", "1"}, // the file is called like the value of a flag
		{"replay", "--backups", "1", "1", "--rate=1"},
		{"replay", "-", "--rate", "100k"},
		{"replay", "--", "--rate"}, // and like a flag
		{"replay", "x.tzc", "--deadline", "can-commit=4ms", "--deadline", "risk:do-commit=1s", "--durable=false", "--holiday=2026-09-10"},
	} {
		_, j := replayJob()
		if err := j.cmd.ParseFlags(line[1:]); err != nil {
			t.Fatal(err)
		}
		args := j.cmd.Flags().Args()
		words, err := j.words(args)
		if err != nil {
			t.Fatal(err)
		}
		again, file, err := jobOf(words)
		if err != nil {
			t.Errorf("%q: %q: %v", line, words, err)
			continue
		}
		want := args[0]
		if want != "-" {
			want, _ = filepath.Abs(want)
		}
		if !slices.Equal(file, []string{want}) {
			t.Errorf("%q: the file is %q, want %q", line, file, want)
		}
		for _, name := range []string{"rate", "deadline", "durable", "holiday"} {
			was, is := j.cmd.Flags().Lookup(name), again.cmd.Flags().Lookup(name)
			if was.Value.String() != is.Value.String() {
				t.Errorf("%q: --%s is %s, want %s", line, name, is.Value, was.Value)
			}
		}
	}
}

// TestStandbysAreCounted: each engine of a run chooses its cores as all the others do, for all of them.
func TestStandbysAreCounted(t *testing.T) {
	j, _, err := jobOf([]string{"up", "--backups", "2"})
	if err != nil {
		t.Fatal(err)
	}
	if j.flags.standbys != 2 || j.flags.backups != 0 {
		t.Errorf("%d engines stand by and %d are to be started, want 2 and 0", j.flags.standbys, j.flags.backups)
	}
}

// TestBegun: an engine that follows a run which was taken up counts --duration from then, and not from the day before.
func TestBegun(t *testing.T) {
	r := rundir.Run{Started: time.Unix(1000, 0)}
	if !r.Begun().Equal(r.Started) {
		t.Errorf("begun %v, want when it started", r.Begun())
	}
	if r.Resumed = time.Unix(5000, 0); !r.Begun().Equal(r.Resumed) {
		t.Errorf("begun %v, want when it was taken up", r.Begun())
	}
}
