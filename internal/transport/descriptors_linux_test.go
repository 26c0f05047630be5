package transport

import (
	"net"
	"strings"
	"syscall"
	"testing"
)

// TestNoDescriptors: a process that has no file descriptor left for one more connection keeps those that it has, says
// why nobody else gets in, and takes them in when there is one again.
func TestNoDescriptors(t *testing.T) {
	log := new(journal)
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, log.logger())
	a := dialEngine(t, n.Addr().String(), ringCap, nil)
	a.take(EventUp)
	b.take(EventUp)

	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	// A socket of the test's own, which connects when there is none left for the other side.
	late, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(late)
	none := limit
	none.Cur = 0 // what is open stays open
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Skipf("the limit of open files cannot be lowered: %v", err)
	}
	restore := func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Error(err)
		}
	}
	defer restore()
	port := n.Addr().(*net.TCPAddr).Port
	if err := syscall.Connect(late, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return len(log.with("too many open files")) > 0 })
	for i := range uint64(100) {
		a.send(i, 1000)
		b.receive(i, 1000)
	}
	if got := log.with("too many open files"); len(got) != 1 {
		t.Errorf("told %d times, want once: %q", len(got), got)
	}
	restore()
	if _, err := syscall.Write(late, []byte(strings.Repeat("x", 64))); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return n.Link().Stats().Refused == 1 }) // it was taken in, and is a stranger
	a.send(100, 1000)
	b.receive(100, 1000)
}
