package main

import (
	"io"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// cmdStartTTY starts a program with a terminal as its standard error. What it shows goes to
// NAME.err.
func cmdStartTTY(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "starttty NAME PROGRAM ARG...")
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	ts.Check(err)
	ts.Check(unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	ts.Check(err)
	tty, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	ts.Check(err)
	shown, err := os.Create(ts.MkAbs(args[0] + ".err"))
	ts.Check(err)
	p := launch(ts, args[0], args[1:], tty)
	ts.Check(tty.Close())
	read := make(chan struct{})
	go func() {
		_, _ = io.Copy(shown, screen) // ends with an error when nobody holds the terminal any more
		close(read)
	}()
	p.screen = func() {
		<-read
		_ = screen.Close()
		_ = shown.Close()
	}
}
