package bench

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what is written to tty can be read from screen.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("unlock a pseudo-terminal: %v", err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skipf("number of a pseudo-terminal: %v", err)
	}
	tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("open a pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return screen, tty
}

func TestProgressOnATerminal(t *testing.T) {
	screen, tty := terminal(t)
	p := NewProgress(tty, func() Status { return Status{Done: 1, Total: 4} })
	line := make([]byte, 256)
	n, err := screen.Read(line) // blocks until the first line comes
	if err != nil || !strings.Contains(string(line[:n]), "25.0 %") {
		t.Errorf("read %q (%v), want a status line", line[:n], err)
	}
	p.Stop()
	if n, err = screen.Read(line); err != nil || !strings.Contains(string(line[:n]), "\r\x1b[K") {
		t.Errorf("read %q (%v), want the line wiped", line[:n], err)
	}
}

func TestTableOnATerminal(t *testing.T) {
	for _, test := range []struct {
		noColor, term string
		verified      bool
		want          string
	}{
		{"", "xterm", true, styleGood + "verified"},
		{"", "xterm", false, styleBad + "NOT verified"},
		{"1", "xterm", true, ""},
		{"", "dumb", true, ""},
	} {
		t.Setenv("NO_COLOR", test.noColor)
		t.Setenv("TERM", test.term)
		screen, tty := terminal(t)
		written := make(chan error, 1)
		go func() {
			r := sample()
			r.Verified = test.verified
			err := r.WriteTable(tty)
			_, _ = tty.WriteString("\x04") // the mark at which the reader stops
			written <- err
		}()
		var shown bytes.Buffer
		chunk := make([]byte, 4096)
		for !bytes.ContainsRune(shown.Bytes(), '\x04') {
			n, err := screen.Read(chunk)
			if err != nil && err != io.EOF {
				t.Fatal(err)
			}
			shown.Write(chunk[:n])
		}
		if err := <-written; err != nil {
			t.Fatal(err)
		}
		if coloured := strings.Contains(shown.String(), "\x1b"); coloured != (test.want != "") || !strings.Contains(shown.String(), test.want) {
			t.Errorf("%+v: %q", test, shown.String())
		}
	}
}
