package transport

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// wire is the far side of a Link: what stands between its rings and its sockets. One goroutine,
// the keeper, gets a connection, serves it as one session and gets the next; it reads the socket
// itself and lends the writing to a second goroutine for the length of the session. So each ring
// has one producer and one consumer at any time.
type wire struct {
	link   *Link
	hello  codec.Hello
	header codec.Header
	want   codec.Hello
	bell   *ringbuf.Bell // the user's
	timing timing

	ctx      context.Context // done when the link is closed
	cancel   context.CancelFunc
	sessions uint64 // keeper: sessions so far, which is the number of the latest

	carrier  Carrier       // of the dialer
	deafTo   atomic.Uint64 // of the listener: a dialer's process on the way to which datagrams vanish; 0: none
	shareDir string        // where shared memory is made

	log       *slog.Logger
	unusedLog *slog.Logger // of what is not used
	logMu     sync.Mutex
	logLast   string   // last failure that was logged: the same one again is not news
	logLines  int      // failures that were logged since the last session
	logUnused []string // what is not used, and why, as it was logged
}

func newWire(o ListenOptions, t timing) *wire {
	if o.Bell == nil {
		panic("transport: a link needs the bell of its user")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Hello.Process == 0 {
		o.Hello.Process = rand.Uint64() | 1 // chance keeps two that claim to be one node apart
	}
	w := &wire{hello: o.Hello, header: o.Header, want: o.Want, bell: o.Bell, timing: t, log: o.Log, unusedLog: o.Log, shareDir: sharedDir}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.link = &Link{
		in:        ringbuf.NewFrames(o.InCap),
		out:       ringbuf.NewFrames(o.OutCap),
		wake:      ringbuf.NewBell(ringbuf.WaitPark),
		room:      ringbuf.NewBell(ringbuf.WaitPark),
		stampSize: stampSize,
		cluster:   o.Header.Cluster,
	}
	w.link.unused = w.unused
	return w
}

// claim returns room for n bytes in the in ring, and waits for it until the link is closed; then it
// returns nil. That wait is the back-pressure: the socket is not read meanwhile, so the peer's
// window closes.
func (w *wire) claim(n int) []byte {
	in := w.link.in
	for {
		if b := in.Claim(n); b != nil || w.ctx.Err() != nil {
			return b
		}
		w.link.room.Wait(func() bool { return in.Claim(n) != nil || w.ctx.Err() != nil })
	}
}

// claimWhile is claim for a session, and ends with it.
func (w *wire) claimWhile(n int, dead *atomic.Bool) []byte {
	in := w.link.in
	for {
		if b := in.Claim(n); b != nil || w.ctx.Err() != nil || dead.Load() {
			return b
		}
		w.link.room.Wait(func() bool { return in.Claim(n) != nil || w.ctx.Err() != nil || dead.Load() })
	}
}

// tell puts an event into the in ring, behind all frames that came before it (I2).
func (w *wire) tell(e Event) {
	b := w.claim(1)
	if b == nil {
		return // the link is closed: nobody will ask
	}
	b[0] = byte(e)
	w.link.in.Publish(1)
	w.bell.Ring()
}

// shut starts the end of everything: whoever of reader, writer and keeper waits for something now
// finds that the link is closed.
func (w *wire) shut() {
	w.cancel()
	w.link.room.Ring()
	w.link.wake.Ring()
}

// noLinkMax is how many failures are logged between two sessions: strangers can make up another one each time.
const noLinkMax = 64

// noLink counts and logs a connection that did not come up. A dialer that tries for hours, or a
// listener that is tried for hours, says the same thing once, and not everything.
func (w *wire) noLink(addr string, err error) {
	if w.ctx.Err() != nil {
		return
	}
	level := slog.LevelWarn // it may not be there yet
	if isRefusal(err) {
		level = slog.LevelError
	}
	text := plain(err).Error()
	w.logMu.Lock()
	news := text != w.logLast && w.logLines < noLinkMax
	if w.logLast = text; news {
		if w.logLines++; w.logLines == noLinkMax {
			text += " (and whatever comes before the next link is not told)"
		}
	}
	w.logMu.Unlock()
	if news {
		w.log.Log(context.Background(), level, "no link: "+text, "peer", name(w.want), "addr", addr)
	}
	w.link.failure.Store(&err)
	if isRefusal(err) {
		w.link.refusal.Store(&err)
		w.link.refused.Add(1)
		w.bell.Ring()
	}
}

// news makes the next failure worth a line again.
func (w *wire) news() {
	w.logMu.Lock()
	w.logLast, w.logLines = "", 0
	w.logMu.Unlock()
}

// errHungUp is an end of file where the peer is a program and not a file.
var errHungUp = errors.New("the peer closed the connection")

// plain strips the addresses that package net puts around an error: the ports of a connection
// differ each time, and the log line names the address by itself.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errHungUp
	}
	return err
}
