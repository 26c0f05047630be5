package transport

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/tezi-exchange/tezi/codec"
)

// The part of the handshake that is about shared memory. What goes wrong with the memory is no reason not to
// come up: it is said in one line of the log, once, and the session goes over the connection.

// What is not used, as the log says it.
const (
	noMemory  = "shared memory, using the connection"
	noUDP     = "UDP, using the connection"
	noOffload = "segmentation offload, sending datagrams one by one"
)

// makeShared makes the memory that is to be offered. It reports whether there is any.
func (p *peer) makeShared() bool {
	w := p.wire
	o := offer{token: rand.Uint64(), out: w.link.out.Cap(), in: w.link.in.Cap()}
	owner := fmt.Sprintf("tezi-%d-%d-%d-", w.header.Cluster, w.hello.Node, w.want.Node)
	s, err := o.create(w.shareDir, owner)
	if err != nil {
		w.notUsed(noMemory, err.Error())
		return false
	}
	p.lend(s)
	p.offered = o
	return true
}

// offerShared offers the memory and takes the listener's answer. The name of the memory has done its service then.
func (p *peer) offerShared() error {
	defer p.offered.remove(p.wire.shareDir)
	if err := p.send(codec.FrameShare, p.offered.append(nil)); err != nil {
		return err
	}
	_, why, err := p.handshakeFrame(codec.FrameShared)
	if err != nil || len(why) > 0 {
		p.unshare()
	}
	if err == nil && len(why) > 0 {
		p.wire.notUsed(noMemory, fmt.Sprintf("%s says: %s", name(p.wire.want), why))
	}
	return err
}

// takeShared answers an offer.
func (p *peer) takeShared(body []byte) error {
	w := p.wire
	o, err := decodeOffer(body)
	if err == nil && (o.out < w.link.in.Cap() || o.in < w.link.out.Cap()) {
		err = fmt.Errorf("%w: %d and %d bytes, want at least %d and %d", errTooFew, o.out, o.in, w.link.in.Cap(), w.link.out.Cap())
	}
	var s *shared
	if err == nil {
		s, err = o.open(w.shareDir)
	}
	if err != nil {
		w.notUsed(noMemory, err.Error())
		text := err.Error()
		return p.send(codec.FrameShared, []byte(text[:min(len(text), handshakeFrameMax-codec.FrameHeaderSize)]))
	}
	p.lend(s)
	return p.send(codec.FrameShared, nil)
}

func (p *peer) lend(s *shared) {
	s.conn, s.bell = p.conn, p.wire.bell
	p.shared = s
}

// hangUp gives up a connection that has not become a session, and what was to carry its frames.
func (p *peer) hangUp() {
	p.unshare()
	p.conn.Close()
}

// unshare gives up the memory or the socket of a handshake.
func (p *peer) unshare() {
	if p.shared != nil {
		p.shared.drop()
		p.shared = nil
	}
	if p.udp != nil {
		p.udp.socket.Close()
		p.udp = nil
	}
}

// notUsed says what is not used, and why: each once.
func (w *wire) notUsed(what, why string) {
	line := "no " + what + ": " + why
	w.logMu.Lock()
	known := slices.Contains(w.logUnused, line)
	if !known && len(w.logUnused) < unusedMax {
		w.logUnused = append(w.logUnused, line)
	}
	w.logMu.Unlock()
	if !known {
		w.unusedLog.Warn(line, "peer", name(w.want))
	}
}

// unusedMax bounds what a link remembers of reasons: a handful exist, but a peer may send any text.
const unusedMax = 8

// unused lists what is not used, and why.
func (w *wire) unused() (lines []string) {
	w.logMu.Lock()
	defer w.logMu.Unlock()
	for _, line := range w.logUnused {
		lines = append(lines, fmt.Sprintf("link to %s: %s", name(w.want), line))
	}
	return lines
}
