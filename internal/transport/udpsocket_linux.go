package transport

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// udpSocket sends many datagrams in one call, and receives them so, where the kernel can (UDP_SEGMENT, UDP_GRO).
type udpSocket struct {
	*net.UDPConn
	to       netip.AddrPort
	segments atomic.Bool // UDP_SEGMENT works
	control  []byte      // of send
	heard    [64]byte    // of receive
	deadline bool        // of receive: one is set
	refused  func(why string)
}

// offload asks for both. What is refused is said, and done one datagram at a time.
func (u *udpSocket) offload(refused func(why string)) {
	u.refused = refused
	u.control = make([]byte, unix.CmsgSpace(2))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&u.control[0]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	u.segments.Store(true)
	raw, err := u.SyscallConn()
	if err == nil {
		cerr := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_GRO, 1) })
		if err == nil {
			err = cerr
		}
	}
	if err != nil {
		refused("receiving: " + err.Error())
	}
}

func (u *udpSocket) send(b []byte, segment int) error {
	if len(b) > segment && u.segments.Load() {
		binary.LittleEndian.PutUint16(u.control[unix.CmsgLen(0):], uint16(segment))
		_, _, err := u.WriteMsgUDPAddrPort(b, u.control, u.to)
		if err == nil {
			return nil
		}
		u.segments.Store(false)
		u.refused("sending: " + plain(err).Error())
	}
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
		n, control, _, from, err := u.ReadMsgUDPAddrPort(b, u.heard[:])
		if err != nil {
			if os.IsTimeout(err) {
				u.deadline = false
				_ = u.SetReadDeadline(time.Time{}) // fails only on a closed socket, which the next call finds
			}
			return 0, 0, err
		}
		if from.Port() != u.to.Port() || from.Addr().Unmap() != u.to.Addr() {
			continue // a stranger
		}
		return n, segmentOf(u.heard[:control], n), nil
	}
}

// segmentOf is the size of the datagrams that were received as one.
func segmentOf(control []byte, n int) int {
	if len(control) >= unix.CmsgLen(4) {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
		if h.Level == unix.SOL_UDP && h.Type == unix.UDP_GRO {
			if size := int(binary.LittleEndian.Uint32(control[unix.CmsgLen(0):])); size > 0 {
				return size
			}
		}
	}
	return max(n, 1)
}
