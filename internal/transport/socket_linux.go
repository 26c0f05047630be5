package transport

import (
	"net"

	"golang.org/x/sys/unix"
)

// limitUnacked lets the kernel give a connection up when sent data or probes stay unanswered for
// unackedMax. Without it a host that lost power is noticed after a quarter of an hour.
func limitUnacked(conn *net.TCPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unackedMax.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
