package transport

import (
	"errors"
	"net"
	"time"
)

// tune sets what every connection needs: small frames leave at once, a burst of batches fits into
// the kernel, and a peer that vanished without a word is noticed.
func tune(conn *net.TCPConn) error {
	return errors.Join(
		conn.SetNoDelay(true),
		conn.SetReadBuffer(socketBuffer),
		conn.SetWriteBuffer(socketBuffer),
		conn.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 3 * time.Second, Interval: time.Second, Count: 5}),
		limitUnacked(conn),
	)
}
