package proxy

import (
	"net"
	"time"
)

// datagramMax is the largest datagram.
const datagramMax = 64 << 10

// datagrams forwards what clients send, each from a socket of its own, and what comes back to it.
func (p *Proxy) datagrams() {
	sockets := map[string]net.Conn{}
	for {
		b := make([]byte, datagramMax)
		n, client, err := p.udp.ReadFrom(b)
		if err != nil {
			if p.ctx.Err() != nil {
				return
			}
			continue
		}
		target := sockets[client.String()]
		if target == nil {
			if target, err = net.Dial("udp", p.o.Target); err != nil {
				p.trouble(err)
				continue
			}
			if !p.keepSocket(target) {
				continue
			}
			sockets[client.String()] = target
			p.connections.Add(1)
			p.active.Go(func() { p.answers(target, client) })
		}
		p.send(p.up, b[:n], func(b []byte) { _, _ = target.Write(b) }) // a datagram may be lost anyway
	}
}

// keepSocket registers a socket that only Close closes: a flapping link loses datagrams, not sockets.
func (p *Proxy) keepSocket(c net.Conn) bool {
	if p.ctx.Err() != nil {
		c.Close()
		return false
	}
	p.active.Go(func() {
		<-p.ctx.Done()
		c.Close()
	})
	return true
}

func (p *Proxy) answers(target net.Conn, client net.Addr) {
	for {
		b := make([]byte, datagramMax)
		n, err := target.Read(b)
		if err != nil {
			if p.ctx.Err() != nil {
				return
			}
			continue // nobody listens there at the moment
		}
		p.send(p.down, b[:n], func(b []byte) { _, _ = p.udp.WriteTo(b, client) })
	}
}

// send lets a datagram meet its fate.
func (p *Proxy) send(l *lane, b []byte, write func([]byte)) {
	f := l.decide(b, time.Now(), true, false)
	if l.stopped() || p.off.Load() {
		f.times = 0
		l.drop()
	}
	if f.times == 0 {
		return
	}
	deliver := func() {
		for range f.times {
			write(b)
		}
	}
	wait := time.Until(f.due)
	if wait <= 0 {
		deliver()
		return
	}
	p.active.Go(func() {
		p.sleep(wait)
		deliver()
	})
}
