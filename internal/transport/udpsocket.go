package transport

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// udpSocket sends many datagrams in one call, and receives them so, where the kernel can: see offload.
type udpSocket struct {
	*net.UDPConn
	segments atomic.Bool // the kernel cuts what is longer than a datagram
	refused  func(why string)
}

// connect lets the socket hear, and speak to, one address only.
func (u *udpSocket) connect(to netip.AddrPort) error {
	var addr unix.Sockaddr = &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
	if to.Addr().Is4() {
		addr = &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	}
	return u.control(func(fd int) error { return unix.Connect(fd, addr) })
}

func (u *udpSocket) control(call func(fd int) error) error {
	raw, err := u.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = call(int(fd)) })
	return errors.Join(err, failed)
}

func (u *udpSocket) send(b []byte, segment int) error {
	if len(b) > segment && u.segments.Load() {
		if _, err := u.Write(b); err == nil {
			return nil
		} else if !errors.Is(err, syscall.ECONNREFUSED) {
			u.segments.Store(false)
			u.refused("sending: " + plain(err).Error())
		}
	}
	for len(b) > 0 {
		n := min(segment, len(b))
		if _, err := u.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func (u *udpSocket) receive(b []byte) (n int, err error) {
	for {
		n, err := u.Read(b)
		if !errors.Is(err, syscall.ECONNREFUSED) { // the peer's socket is not there, and its connection says so
			return n, err
		}
	}
}
