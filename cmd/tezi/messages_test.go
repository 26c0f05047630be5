package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// gate is a writer that takes nothing before it is open.
type gate struct {
	open chan struct{}
	mu   sync.Mutex
	got  bytes.Buffer
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.got.Write(b)
}

// TestMessagesNobodyTakes: whoever says something does not wait for somebody to take it. When somebody does, the first are there, in
// order, and the number of those that are not.
func TestMessagesNobodyTakes(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	m := &messages{to: g}
	const said = 3 * messagesMax
	for i := range said {
		fmt.Fprintln(m, i)
	}
	close(g.open)
	m.end()
	fmt.Fprintln(m, "later")
	m.end()
	lines := strings.Split(strings.TrimSpace(g.got.String()), "\n")
	n := len(lines) - 2
	if n < messagesMax || lines[n+1] != "later" {
		t.Fatalf("%d lines, the last one is %q", len(lines), lines[len(lines)-1])
	}
	for i, line := range lines[:n] {
		if line != fmt.Sprint(i) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
	if want := fmt.Sprintf("tezi: %d more messages, which nobody took in time", said-n); lines[n] != want {
		t.Errorf("told %q, want %q", lines[n], want)
	}
}

// TestMessagesHoldNothingUp: a run whose messages nobody takes, and whose pipe for them is full, ends in order and has done all
// of its work.
func TestMessagesHoldNothingUp(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fill(t, w)
	for _, args := range []string{"--in-process", "--backups=1"} {
		var out bytes.Buffer
		cmd := exec.Command("tezi", "up", "--orders", "20000", "--rate", "max", "-v", "-o", "json", "--durable=false", args)
		cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), &out, w
		if err := cmd.Run(); err != nil || !strings.Contains(out.String(), `"verified": true`) {
			t.Errorf("%s: %v, said %s", args, err, out.Bytes())
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// fill writes into a pipe until it takes no more.
func fill(t *testing.T, w *os.File) {
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	werr := raw.Write(func(fd uintptr) bool {
		if err = syscall.SetNonblock(int(fd), true); err != nil {
			return true
		}
		for page := make([]byte, 4096); err == nil; {
			_, err = syscall.Write(int(fd), page)
		}
		if err == syscall.EAGAIN {
			err = syscall.SetNonblock(int(fd), false)
		}
		return true
	})
	if err := errors.Join(werr, err); err != nil {
		t.Fatal(err)
	}
}
