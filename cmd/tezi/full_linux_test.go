package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestOutputCannotBeWritten: a command whose output finds no room fails with the reason, its help too.
func TestOutputCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	dir := t.TempDir()
	run := func(stdout *os.File, args ...string) (code int, said string) {
		var words bytes.Buffer
		cmd := exec.Command("tezi", args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, stdout, &words
		_ = cmd.Run()
		return cmd.ProcessState.ExitCode(), words.String()
	}
	for _, args := range [][]string{{"generate", "--orders", "200", "--instruments", "5", "--out", "day.csv"}, {"replay", "day.csv", "--in-process", "--verify=false", "--dir", "run"}} {
		if code, said := run(nil, args...); code != exitOK {
			t.Fatalf("%q: exit code %d: %s", args, code, said)
		}
	}
	lines := []string{
		"", "--help", "help", "help replay", "version", "demo", "completion bash",
		"generate --orders 100 --out other.csv", "convert day.csv day.tzc", "inspect day.csv", "inspect day.csv -o json", "inspect run",
		"verify run", "verify run -o json", "replay day.csv --in-process --force --dir again", "up --in-process --orders 100 --dir up",
		"demo coordinator-crash", "demo coordinator-crash -o json", "sim --schedules 20", "sim --schedules 20 -o json",
		"bench commit --rate 20k --duration 1s --warmup 10ms --durable=false --floor=false", "participant risk --dir risk --listen 127.0.0.1:0",
	}
	for _, name := range []string{"replay", "up", "generate", "convert", "inspect", "verify", "bench", "sim", "demo", "engine", "participant", "proxy", "version"} {
		lines = append(lines, name+" --help")
	}
	for _, line := range lines {
		t.Run("tezi "+line, func(t *testing.T) {
			code, said := run(full, strings.Fields(line)...)
			if want := "tezi: write /dev/stdout: no space left on device\n"; code != exitFailure || !strings.HasSuffix(said, want) {
				t.Errorf("exit code %d, said %q, want %d and %q", code, said, exitFailure, want)
			}
		})
	}
}
