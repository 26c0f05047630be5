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

// send takes the offload back when the kernel refuses what is longer than the way to the peer allows: with it a
// datagram is never cut into fragments, alone or among others. Without it the kernel does that.
func (u *udpSocket) send(b []byte, segment int) error {
	if u.segments.Load() {
		_, err := u.Write(b)
		switch {
		case refusesSegments(err):
			u.segments.Store(false)
			u.offloadNothing()
			u.refused("sending: " + plain(err).Error())
		case !saidOfAnother(err): // sent; or lost, as any may be: no memory at the moment, a filter, a session that is over
			return err
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

// refusesSegments reports whether an error is that of a kernel which does not cut what it was given, on this way.
func refusesSegments(err error) bool {
	for _, e := range [...]error{syscall.EINVAL, syscall.EIO, syscall.EMSGSIZE, syscall.EOPNOTSUPP, syscall.ENOPROTOOPT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (u *udpSocket) receive(b []byte) (n int, err error) {
	for {
		n, err := u.Read(b)
		if !saidOfAnother(err) && !errors.Is(err, syscall.EMSGSIZE) { // which is what a router says, or our own host of a route
			return n, err
		}
	}
}

// saidOfAnother reports whether an error is what a host on the way, or the peer's, has said of a datagram that was sent
// before (ICMP). That one is lost, as any may be. If all of them are, the session ends for it.
func saidOfAnother(err error) bool {
	for _, e := range [...]error{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.EHOSTDOWN, syscall.ENETUNREACH, syscall.ENOPROTOOPT, syscall.EPROTO} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
