package transport

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/tezi-exchange/tezi/codec"
)

// session is one connection from its Up to its Down. The keeper reads, a goroutine of its own
// writes; the session ends when the reader has ended.
type session struct {
	*peer
	number  uint64
	dead    atomic.Bool   // a newer connection has taken its place, or the reader has ended
	written chan struct{} // closed when the writer has ended

	records [][]byte    // writer: what waits in the out ring
	frames  [][]byte    // writer: those of them that belong to this session
	buffers net.Buffers // writer: a view of frames, which writing uses up
}

func (w *wire) newSession(p *peer) *session {
	w.sessions++
	return &session{
		peer: p, number: w.sessions, written: make(chan struct{}),
		records: make([][]byte, 0, framesPerWrite), frames: make([][]byte, 0, framesPerWrite),
	}
}

// serve runs a session to its end.
func (w *wire) serve(s *session) {
	l := w.link
	addr := s.conn.RemoteAddr().String()
	w.news()
	w.log.Info("link up", "peer", name(w.want), "addr", addr)
	w.dropWaiting()
	stop := context.AfterFunc(w.ctx, s.hurry)
	l.sessions.Add(1)
	l.refusal.Store(nil)
	l.failure.Store(nil)
	if s.shared != nil {
		s.shared.session = s.number
	}
	if old := l.offered.Swap(s.shared); old != nil {
		old.drop() // of a session that came and went before the user has looked
	}
	l.live.Store(s.number) // before the Up, so that the user who sees it can claim
	w.tell(EventUp)
	err := s.carry()
	l.live.Store(0)
	stop()
	s.kill()
	<-s.written
	if w.ctx.Err() == nil {
		w.log.Warn("link down", "peer", name(w.want), "addr", addr, "reason", plain(err))
	}
	w.tell(EventDown)
}

// carry moves frames until the session ends, and returns why it has.
func (s *session) carry() error {
	switch {
	case s.shared != nil:
		close(s.written) // the users write into each other's memory
		return s.why(s.hearBell())
	case s.udp != nil:
		return s.carryUDP()
	}
	go s.write()
	return s.why(s.readAll())
}

// why is the reason of a session that has ended with err.
func (s *session) why(err error) error {
	if s.dead.Load() {
		return errReplaced
	}
	return err
}

// hearBell wakes our user as often as the peer's asks for it.
func (s *session) hearBell() error {
	var bells [64]byte
	for {
		if _, err := s.read.Read(bells[:]); err != nil {
			return err
		}
		s.wire.bell.Ring()
	}
}

// dropWaiting empties the out ring of what was meant for earlier sessions.
func (w *wire) dropWaiting() {
	for w.link.out.Peek() != nil {
		w.link.out.Release()
		w.link.discarded.Add(1)
	}
}

// kill ends the session: what reader and writer do with the socket fails from now on. Any goroutine
// may call it.
func (s *session) kill() {
	s.dead.Store(true)
	s.conn.Close()
	s.wire.link.wake.Ring()
}

// hurry gives the session a last moment to send what is published: the link is being closed.
func (s *session) hurry() {
	if s.shared != nil {
		s.conn.Close() // what is published is with the peer already
		return
	}
	_ = s.conn.SetDeadline(time.Now().Add(s.wire.timing.flush)) // fails only if the connection is closed already
}

// readAll moves frames from the socket into the in ring until the connection ends, and returns why.
// If the link is being closed it reads on into nothing until the peer has hung up: to close a
// socket with unread data in it would reset the connection and destroy what is still on its way to
// the peer.
func (s *session) readAll() error {
	for s.wire.ctx.Err() == nil {
		if err := s.readFrame(); err != nil && s.wire.ctx.Err() == nil {
			return err
		}
	}
	_, err := io.Copy(io.Discard, s.read)
	return err
}

// errReplaced is why a session ends for which a newer connection has come.
var errReplaced = errors.New("replaced by a newer connection")

// readFrame moves one frame. It is read into its place in the in ring and published there only
// when it is whole and undamaged.
func (s *session) readFrame() error {
	in := s.wire.link.in
	head, err := s.read.Peek(4)
	if err != nil {
		return err
	}
	n, err := codec.FrameLen(head)
	if err != nil {
		return s.bad(BadLength, err)
	}
	if n > in.MaxFrame() {
		return s.bad(BadTooLarge, fmt.Errorf("frame of %d bytes, the in ring takes at most %d", n, in.MaxFrame()))
	}
	frame := s.wire.claim(n)
	if frame == nil {
		return s.wire.ctx.Err()
	}
	if err := s.readRest(frame); err != nil {
		return err
	}
	if err := s.check(frame); err != nil {
		return err
	}
	in.Publish(n)
	s.wire.bell.Ring()
	s.wire.link.countIn(uint64(n))
	return nil
}

// readRest reads a frame that has begun. A peer writes it in one go, so the rest is here or on its way, which may be slow.
func (s *session) readRest(frame []byte) error {
	if s.read.Buffered() >= len(frame) {
		_, err := io.ReadFull(s.read, frame)
		return err
	}
	for rest := frame; ; {
		s.readBefore(time.Now().Add(s.wire.timing.frame))
		n, err := io.ReadFull(s.read, rest)
		late := errors.Is(err, os.ErrDeadlineExceeded) && s.wire.ctx.Err() == nil
		if late && n >= frameProgressMin {
			rest = rest[n:]
			continue
		}
		s.readBefore(time.Time{})
		if late {
			err = s.bad(BadLength, fmt.Errorf("the rest of a frame of %d bytes does not come", len(frame)))
		}
		return err
	}
}

// readBefore sets a deadline for reading, or takes it away, but not that of a link that is being closed.
func (s *session) readBefore(t time.Time) {
	_ = s.conn.SetReadDeadline(t) // fails only if the connection is closed already
	if s.wire.ctx.Err() != nil {
		s.hurry()
	}
}

// check is the gate: nothing passes that is not an undamaged frame of our cluster.
func (s *session) check(frame []byte) error {
	if reason, err := badFrame(frame, s.wire.header.Cluster); err != nil {
		return s.bad(reason, err)
	}
	return nil
}

// badFrame says what is wrong with a frame of a session, if anything is.
func badFrame(frame []byte, cluster uint32) (BadReason, error) {
	kind, from, err := codec.VerifyFrame(frame)
	switch {
	case err != nil:
		return badReason(err), err
	case from != cluster:
		return BadCluster, fmt.Errorf("frame of cluster %d, want %d", from, cluster)
	case ofHandshake(kind):
		return BadKind, fmt.Errorf("handshake frame of kind %d after the handshake", kind)
	}
	return 0, nil
}

// ofHandshake reports whether a frame of the kind means nothing in a session.
func ofHandshake(kind codec.FrameKind) bool {
	return kind == codec.FrameHello || kind >= codec.FrameRefuse && kind <= codec.FrameUDP
}

func (s *session) bad(r BadReason, err error) error {
	s.wire.link.bad[r].Add(1)
	return fmt.Errorf("bad frame (%v): %w", r, err)
}

// badReason sorts the errors of codec.CheckFrame.
func badReason(err error) BadReason {
	switch {
	case errors.Is(err, codec.ErrFrameMagic):
		return BadMagic
	case errors.Is(err, codec.ErrFrameVersion):
		return BadVersion
	case errors.Is(err, codec.ErrFrameCRC):
		return BadChecksum
	default:
		return BadLength
	}
}

// write moves frames from the out ring into the socket until the session is dead, or the link is
// closed and everything published is sent.
func (s *session) write() {
	defer close(s.written)
	out, ctx := s.wire.link.out, s.wire.ctx
	ready := func() bool { return out.Peek() != nil || s.dead.Load() || ctx.Err() != nil }
	for {
		s.wire.link.wake.Wait(ready)
		if s.dead.Load() {
			return
		}
		closing := ctx.Err() != nil // before the look, so that what was published before is seen
		if s.records = out.PeekBatch(s.records[:0]); len(s.records) > 0 {
			if err := s.writeBatch(); err != nil {
				s.writeFailed()
				return
			}
			continue
		}
		if closing {
			_ = s.conn.CloseWrite() // fails only if there is nobody left to tell
			return
		}
	}
}

// writeBatch sends s.records in one system call.
func (s *session) writeBatch() error {
	l := s.wire.link
	s.frames = s.frames[:0]
	for _, r := range s.records {
		if binary.LittleEndian.Uint64(r) == s.number {
			s.frames = append(s.frames, r[stampSize:])
		}
	}
	fresh := uint64(len(s.frames))
	s.buffers = s.frames
	sent, err := s.buffers.WriteTo(s.conn)
	if err != nil {
		return err
	}
	l.discarded.Add(uint64(len(s.records)) - fresh)
	l.countOut(fresh, uint64(sent))
	l.out.ReleaseBatch(len(s.records))
	return nil
}

// writeFailed lets the reader end the session: it still finds what the peer sent before the failure,
// and then the end of the stream.
func (s *session) writeFailed() {
	s.wire.link.live.Store(0)
	_ = s.conn.CloseRead() // fails only if the connection is gone, and then so is the stream
}
