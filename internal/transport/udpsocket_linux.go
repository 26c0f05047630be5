package transport

import "golang.org/x/sys/unix"

// offload asks the kernel to cut what is longer than a datagram (UDP_SEGMENT), and to put together what
// belongs together (UDP_GRO). What it refuses is said, and done one datagram at a time.
func (u *udpSocket) offload(size int, refused func(why string)) {
	u.refused = refused
	err := u.control(func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT, size) })
	u.segments.Store(err == nil)
	if err != nil {
		refused("sending: " + err.Error())
	}
	if err := u.control(func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, 1) }); err != nil {
		refused("receiving: " + err.Error())
	}
}

// offloadNothing takes back what offload asked of sending.
func (u *udpSocket) offloadNothing() {
	_ = u.control(func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT, 0) }) // it took another size before
}
