package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tezi-exchange/tezi/codec"
)

// acceptPause is how long it rests when the system has no connection to give.
const acceptPause = 10 * time.Millisecond

func (p *Proxy) accept() {
	for p.ctx.Err() == nil {
		client, err := p.tcp.Accept()
		if err != nil {
			p.trouble(err)
			p.sleep(acceptPause) // out of file descriptors: some may come back
			continue
		}
		if p.off.Load() {
			client.Close()
			continue
		}
		target, err := (&net.Dialer{Timeout: time.Second}).DialContext(p.ctx, "tcp", p.o.Target)
		if err != nil {
			p.trouble(err)
			client.Close()
			continue
		}
		b := &both{client: client.(*net.TCPConn), target: target.(*net.TCPConn)}
		b.ctx, b.end = context.WithCancel(p.ctx)
		b.left.Store(2)
		if !p.keep(b) {
			continue
		}
		p.connections.Add(1)
		p.active.Go(func() { p.stream(b, p.up, b.client, b.target) })
		p.active.Go(func() { p.stream(b, p.down, b.target, b.client) })
	}
}

// both are the two halves of a forwarded connection.
type both struct {
	client, target *net.TCPConn
	ctx            context.Context // done when it is broken
	end            func()
	left           atomic.Int32 // directions that have not ended

	mu   sync.Mutex
	side *side // of a link whose nodes speak UDP
}

func (b *both) close() {
	b.end()
	b.client.Close()
	b.target.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.side != nil {
		b.side.close()
	}
}

// piece is a part of a stream on its way.
type piece struct {
	due  time.Time
	data []byte
}

// queueMax bounds the pieces of a stream that are delayed.
const queueMax = 1024

// stream moves one direction of a connection. Its orderly end is passed on; any other breaks both.
func (p *Proxy) stream(b *both, l *lane, from, to *net.TCPConn) {
	queue := make(chan piece, queueMax)
	p.active.Go(func() { p.deliver(b, queue, to) })
	defer close(queue)
	next, chance := pieces(from), true
	if p.o.Network == Tezi {
		next = frames(from)
	}
	for l.wait(b.ctx) { // what is cut is not read: the sender fills the buffers of the system and waits
		data, err := next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil && p.o.Network == Tezi {
			chance, err = p.handshake(b, l == p.up, data)
			l.sees(data, false)
		}
		if err != nil || !l.wait(b.ctx) {
			break
		}
		f := l.decide(data, time.Now(), chance, true)
		if f.times == 0 {
			break
		}
		select {
		case queue <- piece{f.due, data}:
		case <-b.ctx.Done():
		}
		if p.o.Network == Tezi {
			l.sees(data, true)
		}
	}
	p.breakBoth(b)
}

// pieces reads what comes.
func pieces(from io.Reader) func() ([]byte, error) {
	return func() ([]byte, error) {
		data := make([]byte, 16<<10)
		n, err := from.Read(data)
		return data[:n], err
	}
}

// frames reads frame by frame. What is none is an error.
func frames(from io.Reader) func() ([]byte, error) {
	r := bufio.NewReaderSize(from, 64<<10)
	return func() ([]byte, error) {
		head, err := r.Peek(4)
		if err != nil {
			if len(head) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		n, err := codec.FrameLen(head)
		if err != nil {
			return nil, err
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		return data, nil
	}
}

// deliver writes what has been read, each piece when it is due.
func (p *Proxy) deliver(b *both, queue <-chan piece, to *net.TCPConn) {
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
	_ = to.CloseWrite() // fails only if it is broken
}
