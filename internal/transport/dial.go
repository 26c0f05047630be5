package transport

import (
	"cmp"
	"context"
	"net"
	"time"
)

// Dial connects to o.Addr, and again whenever the connection is lost, until the link is closed. It
// returns at once; the first EventUp says that the peer is there and is the one that was wanted.
//
// Between attempts it waits 10 ms to 1 s, longer after each failure and never exactly as long as
// another dialer. A peer that refuses the handshake is asked again at the slow end of that.
func Dial(o DialOptions) *Link { return dial(o, defaultTiming) }

func dial(o DialOptions, t timing) *Link {
	w := newWire(ListenOptions{o.Hello, o.Header, o.Want, o.OutCap, o.InCap, o.Bell, o.Log}, t)
	w.carrier, w.unusedLog = o.Carrier, cmp.Or(o.LogUnused, w.log)
	if t.shareDir != "" {
		w.shareDir = t.shareDir
	}
	done := make(chan struct{})
	w.link.close = func() {
		w.shut()
		<-done
	}
	go func() {
		defer close(done)
		w.dialLoop(o.Addr)
	}()
	return w.link
}

// dialLoop is the life of a dialing link: connect, serve, wait, again.
func (w *wire) dialLoop(addr string) {
	retry := backoff{min: w.timing.backoffMin, max: w.timing.backoffMax}
	for w.ctx.Err() == nil {
		p, err := w.connect(addr)
		if err != nil {
			w.noLink(addr, err)
			pause(w.ctx, retry.afterFailure(isRefusal(err)))
			continue
		}
		began := time.Now()
		w.serve(w.newSession(p))
		pause(w.ctx, retry.afterSession(time.Since(began)))
	}
}

// connect makes one attempt: a connection and the dialer's half of the handshake.
func (w *wire) connect(addr string) (*peer, error) {
	d := net.Dialer{Timeout: w.timing.handshake}
	conn, err := d.DialContext(w.ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return w.shake(w.ctx, conn.(*net.TCPConn), (*peer).greetFirst)
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// shake sets up conn and runs one side's half of the handshake within the time for it. It closes
// the connection if that fails, and when ctx is done meanwhile.
func (w *wire) shake(ctx context.Context, conn *net.TCPConn, greet func(*peer) error) (*peer, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	p := newPeer(w, conn)
	err := tune(conn)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(w.timing.handshake))
	}
	if err == nil {
		err = greet(p)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		p.hangUp()
		return nil, err
	}
	return p, nil
}
