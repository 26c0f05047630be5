package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// I5: in a file, a pipe or nowhere, nothing is written and nothing is read.
func TestProgressOnNoTerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stderr")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for _, out := range []*os.File{f, nil} {
		p := NewProgress(out, func() Status {
			t.Error("the run was read")
			return Status{}
		})
		p.Stop()
		p.Stop()
	}
	if b, err := os.ReadFile(path); err != nil || len(b) != 0 {
		t.Errorf("%d bytes written (%v)", len(b), err)
	}
}

func TestStatusLine(t *testing.T) {
	var line statusLine
	start := time.Date(2026, 7, 1, 9, 15, 0, 0, time.UTC)
	s := Status{Done: 250_000, Total: 1_000_000, Trades: 49_000, Batches: 49, InFlight: 3, Stalls: 7}
	for i, want := range []string{
		" 25.0 %  - commands/s  49,000 trades  49 batches  3 in flight  7 stalls",
		" 50.0 %  1,250,000 commands/s  49,000 trades  49 batches  3 in flight  7 stalls",
		"again  500,000  0 commands/s  49,000 trades  49 batches  3 in flight  7 stalls",
	} {
		if got := line.text(s, start.Add(time.Duration(i)*200*time.Millisecond), 200); got != want {
			t.Errorf("line %d: %q, want %q", i, got, want)
		}
		s.Done = 500_000
		if i == 1 {
			s.Total, s.Task = 0, "again"
		}
	}
	if got := line.text(s, start, 20); len(got) != 19 {
		t.Errorf("%q on a terminal of 20 columns, want 19 characters", got)
	}
	if got := line.text(s, start, 0); got != "" {
		t.Errorf("%q on a terminal without columns", got)
	}
}

// lines is a terminal that hands over what is written to it.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

func TestProgressRewritesAndWipesItsLine(t *testing.T) {
	ticks, terminal := make(chan time.Time), make(lines, 1)
	stopped := false
	p := startProgress(terminal, func() int { return 80 }, func() Status { return Status{Done: 5, Total: 10} }, ticks, func() { stopped = true })
	for range 2 {
		ticks <- time.Unix(1, 0)
		if got := <-terminal; !strings.HasPrefix(got, "\r 50.0 %") || !strings.HasSuffix(got, "\x1b[K") || strings.Contains(got, "\n") {
			t.Errorf("status line %q", got)
		}
	}
	p.Stop()
	if got := <-terminal; got != "\r\x1b[K" {
		t.Errorf("at the end %q, want the line wiped", got)
	}
	if !stopped {
		t.Error("the ticker still runs")
	}
}
