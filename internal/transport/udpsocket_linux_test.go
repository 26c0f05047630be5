package transport

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inNetwork runs f in a network of its own, with a loopback of that MTU and nothing else.
func inNetwork(t *testing.T, mtu uint32, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine, and the network with them
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = loopback(mtu)
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	err := <-done
	if errors.Is(err, unix.EPERM) {
		t.Skip("only root may have a network of its own")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// loopback brings the loopback of this thread's network up.
func loopback(mtu uint32) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	r, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	r.SetUint32(mtu)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFMTU, r); err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r)
}

// socketPair is two sockets that speak to each other.
func socketPair(t *testing.T) (a, b *udpSocket, err error) {
	var all [2]*udpSocket
	for i := range all {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return nil, nil, err
		}
		t.Cleanup(func() { conn.Close() })
		all[i] = &udpSocket{UDPConn: conn}
	}
	a, b = all[0], all[1]
	return a, b, errors.Join(a.connect(b.LocalAddr().(*net.UDPAddr).AddrPort()), b.connect(a.LocalAddr().(*net.UDPAddr).AddrPort()))
}

// What a host on the way says of a datagram is no end of the socket: what comes after it is heard.
func TestUDPUnreachable(t *testing.T) {
	inNetwork(t, 1500, func() {
		icmp, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
		if err != nil {
			t.Error(err)
			return
		}
		defer unix.Close(icmp) //nolint:errcheck // the test is over
		a, b, err := socketPair(t)
		if err != nil {
			t.Error(err)
			return
		}
		for code, name := range map[byte]string{1: "host", 3: "port", 4: "too long", 10: "prohibited", 13: "filtered"} {
			err := unix.Sendto(icmp, unreachable(code, portOf(a.UDPConn), portOf(b.UDPConn)), 0, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
			if err := errors.Join(err, b.send([]byte(name), len(name))); err != nil {
				t.Error(err)
			}
			got := make([]byte, 100)
			if n, err := a.receive(got); err != nil || string(got[:n]) != name {
				t.Errorf("%s: received %q, %v", name, got[:n], err)
			}
		}
	})
}

// Datagrams that are longer than the way allows arrive, alone and together: without the offload they go in fragments.
func TestUDPOverNarrowWay(t *testing.T) {
	inNetwork(t, 1400, func() {
		for _, many := range []int{1, 3} {
			a, b, err := socketPair(t)
			if err != nil {
				t.Error(err)
				return
			}
			said := 0
			a.offload(datagramWire, func(string) { said++ })
			if err := a.send(make([]byte, many*datagramWire), datagramWire); err != nil {
				t.Errorf("%d datagrams: %v", many, err)
				return
			}
			for range many {
				got := make([]byte, datagramMax)
				if n, err := b.receive(got); err != nil || n != datagramWire {
					t.Errorf("%d datagrams: received %d bytes, %v", many, n, err)
				}
			}
			if said != 1 {
				t.Errorf("%d datagrams: said %d times that they go one by one, want once", many, said)
			}
		}
	})
}

// A call that fails for another reason than the offload loses its datagrams, and the next one goes together again: a
// kernel that had no memory for once does not slow the rest of the session down.
func TestUDPSendFailsForOnce(t *testing.T) {
	for _, err := range []error{unix.ENOBUFS, unix.ENOMEM, unix.EPERM, unix.EACCES, unix.ECONNREFUSED, nil} {
		if refusesSegments(err) {
			t.Errorf("%v is taken for a refusal of the offload", err)
		}
	}
	a, b, err := socketPair(t)
	if err != nil {
		t.Fatal(err)
	}
	a.offload(1000, func(why string) { t.Skip("no offload here: " + why) })
	a.refused = func(why string) { t.Errorf("refused: %s", why) }
	if err := a.SetWriteDeadline(time.Unix(1, 0)); err != nil { // the failure that can be made without a filter of packets
		t.Fatal(err)
	}
	if err := a.send(make([]byte, 3000), 1000); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("sent behind the deadline: %v", err)
	}
	if err := errors.Join(a.SetWriteDeadline(time.Time{}), a.send(make([]byte, 3000), 1000)); err != nil {
		t.Error(err)
	}
	got := make([]byte, datagramMax)
	for n := 0; n < 3000; {
		k, err := b.receive(got)
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
}

// TestUDPSendAfterClose: the end of a session is nothing that the kernel refuses.
func TestUDPSendAfterClose(t *testing.T) {
	a, _, err := socketPair(t)
	if err != nil {
		t.Fatal(err)
	}
	a.offload(1000, func(string) {}) // whether there is an offload does not matter
	a.segments.Store(true)
	a.refused = func(why string) { t.Errorf("refused: %s", why) }
	a.Close()
	if err := a.send(make([]byte, 3000), 1000); !errors.Is(err, net.ErrClosed) {
		t.Errorf("sent on a closed socket: %v", err)
	}
}

// unreachable is what ICMP says of a datagram between two ports of this host that did not arrive.
func unreachable(code byte, from, to uint16) []byte {
	b := []byte{
		3, code, 0, 0, 0, 0, 0, 0, // destination unreachable; the last two: the size that would have passed
		0x45, 0, 0, 128, 0, 0, 0x40, 0, 64, unix.IPPROTO_UDP, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1, // the head of what was sent
		0, 0, 0, 0, 0, 108, 0, 0,
	}
	if code == 4 {
		binary.BigEndian.PutUint16(b[6:], 1400)
	}
	binary.BigEndian.PutUint16(b[28:], from)
	binary.BigEndian.PutUint16(b[30:], to)
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	binary.BigEndian.PutUint16(b[2:], ^uint16(sum+sum>>16))
	return b
}
