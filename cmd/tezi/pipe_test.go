package main

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// TestNobodyReads: a command whose output nobody reads ends without a word, as if by SIGPIPE, and leaves nothing behind.
// One whose messages nobody reads does its work.
func TestNobodyReads(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		args         []string
		code, left   int
	}{
		{"output", "stdout", []string{"version"}, exitPipe, 0},
		{"output of a benchmark", "stdout", []string{"bench", "commit", "--rate", "20k", "--duration", "1s", "--warmup", "10ms", "--durable=false", "--floor=false", "-o", "json"}, exitPipe, 0},
		{"output of a simulation", "stdout", []string{"sim", "--schedules", "100", "-o", "json"}, exitPipe, 0},
		{"messages", "stderr", []string{"generate", "--orders", "100", "--out", "day.tzc"}, exitOK, 1},
		{"messages of an error", "stderr", []string{"replay", "nothing"}, exitFailure, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			r.Close()
			defer w.Close()
			var said bytes.Buffer
			cmd := exec.Command("tezi", c.args...)
			cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), w, &said
			if c.stream == "stderr" {
				cmd.Stdout, cmd.Stderr = nil, w
			}
			_ = cmd.Run()
			left, err := os.ReadDir(cmd.Dir)
			if code := cmd.ProcessState.ExitCode(); code != c.code || said.Len() > 0 || len(left) != c.left || err != nil {
				t.Errorf("exit code %d, said %q, left %v, %v, want %d", code, said.Bytes(), left, err, c.code)
			}
		})
	}
}
