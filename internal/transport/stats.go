package transport

import (
	"sync/atomic"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// BadReason says why a connection was dropped on account of what came out of it.
type BadReason uint8

// The reasons.
const (
	BadLength   BadReason = iota // the length field is out of bounds
	BadTooLarge                  // longer than the in ring can ever take
	BadMagic                     // not a tezi frame
	BadVersion                   // a frame of another protocol version
	BadChecksum                  // the checksum does not match
	BadCluster                   // a frame of another cluster
	BadKind                      // a handshake frame after the handshake
	BadDatagram                  // damaged, or of another session; only that datagram is dropped
	BadReasonCount
)

var badNames = [BadReasonCount]string{
	"length", "too_large", "magic", "version", "checksum", "cluster", "kind", "datagram",
}

// String returns the stable lower-case name used in logs and reports.
func (r BadReason) String() string {
	if r < BadReasonCount {
		return badNames[r]
	}
	return "unknown"
}

// Stats are the counters of one link since it was made.
type Stats struct {
	FramesIn   uint64 // frames checked and passed on; in a Pair, frames released
	BytesIn    uint64
	FramesOut  uint64 // frames given to the socket; in a Pair, frames published
	BytesOut   uint64
	Resent     uint64 // datagrams sent again
	Duplicates uint64 // datagrams that arrived again
	Discarded  uint64 // frames published but never sent, because their session had ended
	Sessions   uint64 // connections that came up
	Reconnects uint64 // those of them after the first
	Refused    uint64 // handshakes that failed, on either side's account
	BadFrames  uint64 // sum over Bad
	Bad        [BadReasonCount]uint64
}

// counters holds the live Stats. Each group has one writer; the padding keeps the groups apart.
type counters struct {
	// The user's, of frames through shared memory: he may still be in a session when the connection of the next one
	// counts below.
	sharedFramesIn, sharedBytesIn   atomic.Uint64
	sharedFramesOut, sharedBytesOut atomic.Uint64

	_                              [128]byte
	framesIn, bytesIn              atomic.Uint64
	_                              [128]byte
	framesOut, bytesOut, discarded atomic.Uint64
	_                              [128]byte
	sessions, refused              atomic.Uint64
	resent, duplicates             atomic.Uint64
	bad                            [BadReasonCount]atomic.Uint64
}

func (c *counters) countIn(bytes uint64) {
	ringbuf.Count(&c.framesIn, 1)
	ringbuf.Count(&c.bytesIn, bytes)
}

func (c *counters) countOut(frames, bytes uint64) {
	ringbuf.Count(&c.framesOut, frames)
	ringbuf.Count(&c.bytesOut, bytes)
}

func (c *counters) countSharedIn(bytes uint64) {
	ringbuf.Count(&c.sharedFramesIn, 1)
	ringbuf.Count(&c.sharedBytesIn, bytes)
}

func (c *counters) countSharedOut(bytes uint64) {
	ringbuf.Count(&c.sharedFramesOut, 1)
	ringbuf.Count(&c.sharedBytesOut, bytes)
}

// Stats may be called by any goroutine.
func (c *counters) Stats() Stats {
	s := Stats{
		FramesIn: c.framesIn.Load() + c.sharedFramesIn.Load(), BytesIn: c.bytesIn.Load() + c.sharedBytesIn.Load(),
		FramesOut: c.framesOut.Load() + c.sharedFramesOut.Load(), BytesOut: c.bytesOut.Load() + c.sharedBytesOut.Load(),
		Discarded: c.discarded.Load(),
		Sessions:  c.sessions.Load(), Refused: c.refused.Load(), Resent: c.resent.Load(), Duplicates: c.duplicates.Load(),
	}
	s.Reconnects = max(s.Sessions, 1) - 1
	for i := range c.bad {
		s.Bad[i] = c.bad[i].Load()
		s.BadFrames += s.Bad[i]
	}
	return s
}
