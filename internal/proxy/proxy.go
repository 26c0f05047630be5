package proxy

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Networks.
const (
	TCP  = "tcp"
	UDP  = "udp"
	Tezi = "tezi" // a link between two nodes of tezi
)

// Options of a proxy.
type Options struct {
	Network string // TCP, UDP or Tezi
	Listen  string
	Target  string
	Seed    uint64
	Up      Rules         // from the client to the target
	Down    Rules         // from the target to the client
	Flap    time.Duration // the link is up for so long, then down for so long; 0 = always up
	// Held is called when a rule holds the link, by the goroutine that forwards: it must not call the Proxy.
	// nil: nobody is told.
	Held func(up bool, at Mark)
	// Trouble is called, likewise, when a client is not forwarded, with the reason if it is not the last one again.
	Trouble func(error)
}

// Stats are what a proxy has done so far.
type Stats struct {
	Connections uint64 `json:"connections"` // of TCP; clients of UDP
	Failed      uint64 `json:"failed"`      // times that a client was not forwarded: the target cannot be reached
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
	failed      atomic.Uint64
	lastTrouble string // of the goroutine that accepts
	flaps       atomic.Uint64

	mu   sync.Mutex
	open map[*both]bool
}

// Start listens and forwards.
func Start(o Options) (*Proxy, error) {
	if o.Held == nil {
		o.Held = func(bool, Mark) {}
	}
	if o.Trouble == nil {
		o.Trouble = func(error) {}
	}
	p := &Proxy{o: o, open: map[*both]bool{}}
	p.up = newLane(o.Up, o.Seed, 1, func(m Mark) { o.Held(true, m) })
	p.down = newLane(o.Down, o.Seed, 2, func(m Mark) { o.Held(false, m) })
	p.ctx, p.cancel = context.WithCancel(context.Background())
	var err error
	switch o.Network {
	case TCP, Tezi:
		if p.tcp, err = net.Listen("tcp", o.Listen); err == nil {
			p.active.Go(p.accept)
		}
	case UDP:
		if p.udp, err = net.ListenPacket("udp", o.Listen); err == nil {
			p.active.Go(p.datagrams)
		}
	default:
		err = fmt.Errorf("network %q: want %s, %s or %s", o.Network, TCP, UDP, Tezi)
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
	return Stats{p.connections.Load(), p.failed.Load(), p.flaps.Load(), p.up.counts(), p.down.counts()}
}

// trouble counts a client that is not forwarded.
func (p *Proxy) trouble(err error) {
	if p.ctx.Err() != nil {
		return
	}
	p.failed.Add(1)
	if text := err.Error(); text != p.lastTrouble {
		p.lastTrouble = text
		p.o.Trouble(err)
	}
}

// SetUp replaces the rules from the client to the target. What is cut or held goes on, unless the new
// rules say so too.
func (p *Proxy) SetUp(r Rules) { p.up.change(r) }

// SetDown replaces the rules from the target to the client, likewise.
func (p *Proxy) SetDown(r Rules) { p.down.change(r) }

// Go ends what is held in both directions.
func (p *Proxy) Go() {
	p.up.release()
	p.down.release()
}

// Lose breaks every connection, what is under way or held included, and ends what is held.
func (p *Proxy) Lose() {
	p.breakAll()
	p.Go()
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
	for b := range p.open {
		b.close()
	}
}

// keep registers a connection, unless everything is being closed.
func (p *Proxy) keep(b *both) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		b.close()
		return false
	}
	p.open[b] = true
	return true
}

func (p *Proxy) breakBoth(b *both) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, b)
	b.close()
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
