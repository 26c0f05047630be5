//go:build !linux

package transport

import (
	"net"
	"net/netip"
	"os"
	"time"
)

// udpSocket sends and receives one datagram at a time.
type udpSocket struct {
	*net.UDPConn
	to       netip.AddrPort
	deadline bool
}

func (u *udpSocket) offload(refused func(why string)) { refused("not on this system") }

func (u *udpSocket) send(b []byte, segment int) error {
	for len(b) > 0 {
		n := min(segment, len(b))
		if _, err := u.WriteToUDPAddrPort(b[:n], u.to); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func (u *udpSocket) receive(b []byte, owed bool) (n, segment int, err error) {
	if owed != u.deadline {
		u.deadline = owed
		var at time.Time
		if owed {
			at = time.Now().Add(owedMax)
		}
		if err := u.SetReadDeadline(at); err != nil {
			return 0, 0, err
		}
	}
	for {
		n, from, err := u.ReadFromUDPAddrPort(b)
		if err != nil {
			if os.IsTimeout(err) {
				u.deadline = false
				_ = u.SetReadDeadline(time.Time{})
			}
			return 0, 0, err
		}
		if from.Port() == u.to.Port() && from.Addr().Unmap() == u.to.Addr() {
			return n, max(n, 1), nil
		}
	}
}
