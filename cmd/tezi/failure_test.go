package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// A script that fails logs what each of its commands has said, which may be megabytes. Whoever cuts a long log in the middle
// cuts that out first, so it is kept short, and why scripts failed is said once more at the very end.
const (
	saidMax   = 60  // lines of what one command said, from its beginning and its end
	reasonMax = 12  // likewise, where it is said again
	widthMax  = 500 // bytes of a line
)

// runScripts runs scripts as testscript does, but that a failure is short.
func runScripts(t *testing.T, p testscript.Params) {
	if deadline, ok := t.Deadline(); ok {
		p.Deadline = deadline
	}
	testscript.RunT(scripted{t}, p)
}

// scripted is a test as testscript wants it.
type scripted struct{ *testing.T }

func (s scripted) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { f(scripted{t}) })
}

func (s scripted) Verbose() bool { return testing.Verbose() }

// Log gets the whole log of a script when it has ended.
func (s scripted) Log(args ...any) {
	text := fmt.Sprint(args...)
	if s.Failed() {
		failures.add(s.Name(), text)
		text = shortened(text, saidMax)
	}
	s.T.Log(text)
}

// failureList is why scripts failed.
type failureList struct {
	mu   sync.Mutex
	text strings.Builder
}

var failures failureList

func (l *failureList) add(name, log string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(&l.text, "\n=== %s failed:\n%s\n", name, strings.TrimSpace(shortened(lastCommands(log), reasonMax)))
}

// lastCommands is the end of a log, from the command before the one that failed: its output is what the last one looks at.
func lastCommands(log string) string {
	at := len(log)
	for range 2 {
		if before := strings.LastIndex(log[:at], "\n> "); before >= 0 {
			at = before
		}
	}
	if at == len(log) {
		return log
	}
	return log[at+1:]
}

// shortened leaves of what each command said the first and the last lines.
func shortened(log string, most int) string {
	var out, said []string
	flush := func() {
		if n := len(said) - most; n > 0 {
			said = slices.Replace(said, most/2, most/2+n, fmt.Sprintf("[%d lines]", n))
		}
		out, said = append(out, said...), nil
	}
	for line := range strings.SplitSeq(log, "\n") {
		if len(line) > widthMax {
			line = fmt.Sprintf("%s [%d bytes]", line[:widthMax], len(line)-widthMax)
		}
		if isHead(line) {
			flush()
			out = append(out, line)
		} else {
			said = append(said, line)
		}
	}
	flush()
	return strings.Join(out, "\n")
}

// isHead reports whether a line is the script's own, and not what a command said.
func isHead(line string) bool {
	for _, head := range []string{"> ", "# ", "[stdout]", "[stderr]", "FAIL: "} {
		if strings.HasPrefix(line, head) {
			return true
		}
	}
	return false
}

// TestFailuresAreShort: the log of a script that fails keeps every command and the reason, and of what was said the end.
func TestFailuresAreShort(t *testing.T) {
	chatter := strings.Repeat("chatter\n", 5000)
	log := "# A phase\n> start run\n> ended run 0\n[stdout]\n" + chatter + "the report\n[stderr]\n" + chatter + "the cause\n> json stdout up.flipped > 0\n" +
		"FAIL: testdata/script/proxy.txtar:33: stdout: want up.flipped > 0, got 0 and 0\n" + strings.Repeat("x", 1<<20)
	short := shortened(log, saidMax)
	for _, want := range []string{"# A phase\n> start run\n> ended run 0\n[stdout]\nchatter\n", "[4941 lines]\n", "the report\n[stderr]\nchatter\n", "the cause\n> json stdout up.flipped > 0\nFAIL: testdata/script/proxy.txtar:33: "} {
		if !strings.Contains(short, want) {
			t.Errorf("no %q in %q", want, short)
		}
	}
	if len(short) > 3000 {
		t.Errorf("%d bytes", len(short))
	}
	if last := lastCommands(short); !strings.HasPrefix(last, "> ended run 0\n") {
		t.Errorf("the last two commands are %q", last)
	}
	for _, log := range []string{"", "FAIL: x", "> stop\nFAIL: y"} {
		if got := shortened(lastCommands(log), reasonMax); got != log {
			t.Errorf("%q became %q", log, got)
		}
	}
}
