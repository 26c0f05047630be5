package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a proxy.
type Options struct {
	Network string // "tcp" or "udp"
	Listen  string
	Target  string
	Seed    uint64
	Up      Rules         // from the client to the target
	Down    Rules         // from the target to the client
	Flap    time.Duration // the link is up for so long, then down for so long; 0 = always up
}

// Stats are what a proxy has done so far.
type Stats struct {
	Connections uint64 `json:"connections"` // of TCP; clients of UDP
	Flaps       uint64 `json:"flaps"`       // times that the link went down
	Up          Counts `json:"up"`
	Down        Counts `json:"down"`
}

// Proxy forwards until it is closed.
type Proxy struct {
	o           Options
	up, down    *lane
	ctx         context.Context
	cancel      context.CancelFunc
	tcp         net.Listener
	udp         net.PacketConn
	active      sync.WaitGroup
	off         atomic.Bool // the link is down
	connections atomic.Uint64
	flaps       atomic.Uint64

	mu   sync.Mutex
	open map[net.Conn]bool
}

// Start listens and forwards.
func Start(o Options) (*Proxy, error) {
	p := &Proxy{o: o, up: newLane(o.Up, o.Seed, 1), down: newLane(o.Down, o.Seed, 2), open: map[net.Conn]bool{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	var err error
	switch o.Network {
	case "tcp":
		if p.tcp, err = net.Listen("tcp", o.Listen); err == nil {
			p.active.Go(p.accept)
		}
	case "udp":
		if p.udp, err = net.ListenPacket("udp", o.Listen); err == nil {
			p.active.Go(p.datagrams)
		}
	default:
		err = fmt.Errorf("network %q: want tcp or udp", o.Network)
	}
	if err != nil {
		p.cancel()
		return nil, fmt.Errorf("proxy: %w", err)
	}
	if o.Flap > 0 {
		p.active.Go(p.flap)
	}
	return p, nil
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string {
	if p.tcp != nil {
		return p.tcp.Addr().String()
	}
	return p.udp.LocalAddr().String()
}

// Stats may be called at any time.
func (p *Proxy) Stats() Stats {
	return Stats{p.connections.Load(), p.flaps.Load(), p.up.counts(), p.down.counts()}
}

// Close ends every connection and waits until nothing is left.
func (p *Proxy) Close() {
	p.cancel()
	if p.tcp != nil {
		p.tcp.Close()
	} else {
		p.udp.Close()
	}
	p.breakAll()
	p.active.Wait()
}

// flap takes the link down and up again.
func (p *Proxy) flap() {
	turn := time.NewTicker(p.o.Flap)
	defer turn.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-turn.C:
		}
		off := !p.off.Load()
		p.off.Store(off)
		if off {
			p.flaps.Add(1)
			p.breakAll()
		}
	}
}

func (p *Proxy) breakAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

// keep registers a connection, unless everything is being closed.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		c.Close()
		return false
	}
	p.open[c] = true
	return true
}

func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
	c.Close()
}

func (p *Proxy) accept() {
	for p.ctx.Err() == nil {
		client, err := p.tcp.Accept()
		if err != nil {
			continue
		}
		if p.off.Load() {
			client.Close()
			continue
		}
		target, err := (&net.Dialer{Timeout: time.Second}).DialContext(p.ctx, "tcp", p.o.Target)
		if err != nil {
			client.Close()
			continue
		}
		if !p.keep(client) || !p.keep(target) {
			continue
		}
		p.connections.Add(1)
		ctx, end := context.WithCancel(p.ctx)
		b := &both{client: client, target: target, ctx: ctx, end: end}
		b.left.Store(2)
		p.active.Go(func() { p.stream(b, p.up, client, target) })
		p.active.Go(func() { p.stream(b, p.down, target, client) })
	}
}

// both are the two halves of a forwarded connection.
type both struct {
	client, target net.Conn
	ctx            context.Context // done when it is broken
	end            func()
	left           atomic.Int32 // directions that have not ended
}

func (p *Proxy) breakBoth(b *both) {
	b.end()
	p.drop(b.client)
	p.drop(b.target)
}

// piece is a part of a stream on its way.
type piece struct {
	due  time.Time
	data []byte
}

// queueMax bounds the pieces of a stream that are delayed.
const queueMax = 1024

// stream moves one direction of a connection. Its orderly end is passed on; any other breaks both.
func (p *Proxy) stream(b *both, l *lane, from, to net.Conn) {
	queue := make(chan piece, queueMax)
	p.active.Go(func() { p.deliver(b, queue, to) })
	defer close(queue)
	if l.rules.Cut {
		<-b.ctx.Done() // nothing is read: the sender fills the buffers of the system and waits
		return
	}
	for {
		data := make([]byte, 16<<10)
		n, err := from.Read(data)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			p.breakBoth(b)
			return
		}
		f := l.decide(data[:n], time.Now())
		if f.times == 0 {
			p.breakBoth(b)
			return
		}
		queue <- piece{f.due, data[:n]}
	}
}

// deliver writes what has been read, each piece when it is due.
func (p *Proxy) deliver(b *both, queue <-chan piece, to net.Conn) {
	for q := range queue {
		p.sleep(time.Until(q.due))
		if _, err := to.Write(q.data); err != nil {
			p.breakBoth(b)
		}
	}
	if b.left.Add(-1) == 0 {
		p.breakBoth(b)
		return
	}
	_ = to.(*net.TCPConn).CloseWrite() // fails only if it is broken
}

func (p *Proxy) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.ctx.Done():
	}
}
