package main

import "testing"

// The command in a report measures the same again when it is pasted into a shell.
func TestCommandLine(t *testing.T) {
	args := []string{"tezi", "bench", "commit", "--dir", "my disk", "--sweep", "", "-o", "json", "--rate=1.5m", "--out", "it's"}
	if got, want := commandLine(measuring(args)), `tezi bench commit --dir 'my disk' --sweep '' --rate=1.5m`; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got, want := commandLine([]string{"it's", "a$b"}), `'it'\''s' 'a$b'`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
