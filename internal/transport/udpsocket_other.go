//go:build !linux

package transport

func (u *udpSocket) offload(_ int, refused func(why string)) {
	u.refused = refused
	refused("not on this system")
}

func (u *udpSocket) offloadNothing() {}
