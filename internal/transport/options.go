package transport

import (
	"log/slog"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// DialOptions say whom to connect to, and as whom.
type DialOptions struct {
	Addr   string        // "host:port" of the peer's listener
	Hello  codec.Hello   // who we are; Process 0 draws one
	Header codec.Header  // template of the handshake's frames: Cluster, Shard and Boot count
	Want   codec.Hello   // who the peer must be; Node 0 and Role "" mean anyone
	OutCap int           // size of the out ring in bytes; a frame may take a little less than half
	InCap  int           // size of the in ring in bytes; too small for the peer's frames is an error that repeats
	Bell   *ringbuf.Bell // the user's bell, rung when there is something to read; required
	Log    *slog.Logger  // connects, disconnects and refusals; nil discards

	// Carrier is what the frames should go through. The listener has no say, but where it cannot, or we
	// cannot, they go over TCP; the log says why, and NotUsed.
	Carrier   Carrier
	LogUnused *slog.Logger // for what cannot be used, if that belongs elsewhere than the rest; nil: Log
}

// Carrier is what the frames of a session go through. Each has a TCP connection beside it.
type Carrier uint8

// The carriers.
const (
	TCP    Carrier = 0
	Shared Carrier = 1 // memory that both processes map
	UDP    Carrier = 2
)

// ListenOptions say who may connect, and to whom. The fields mean what they mean in DialOptions.
type ListenOptions struct {
	Hello  codec.Hello
	Header codec.Header
	Want   codec.Hello
	OutCap int
	InCap  int
	Bell   *ringbuf.Bell
	Log    *slog.Logger
}

// Limits and times of every connection.
const (
	handshakeTimeout = 5 * time.Second // from connect to the last frame of the handshake
	handshakesMax    = 16              // connections of a door that are in it; above, the oldest stranger gives way
	backoffMin       = 10 * time.Millisecond
	backoffMax       = time.Second      // also the age from which a session counts as stable
	closeFlush       = time.Second      // how long Close lets the peer take what is published
	frameTimeout     = 5 * time.Second  // for the rest of a frame that has begun: a damaged length waits for bytes that never come
	frameProgressMin = 64 << 10         // bytes of it in that time are a slow network, and it gets as long again; what a peer says that waits is less
	unackedMax       = 10 * time.Second // data or probes unanswered for so long: the host is dead
	socketBuffer     = 4 << 20          // bytes asked for in each direction; the system may give less
	readBuffer       = 16 << 10         // bytes read ahead: one read takes many small frames
	framesPerWrite   = 64               // frames in one writev
)

// timing holds the times of a link that tests must shorten or stretch.
type timing struct {
	handshake  time.Duration
	frame      time.Duration
	unacked    time.Duration // over UDP; over TCP the system counts
	flush      time.Duration
	backoffMin time.Duration
	backoffMax time.Duration

	shareDir string                // where a dialer makes shared memory; empty: sharedDir
	datagram int                   // bytes of a datagram; 0: by the way to the peer
	lossy    func(packets) packets // puts something between a session and its socket; nil: nothing
}

var defaultTiming = timing{handshake: handshakeTimeout, frame: frameTimeout, unacked: unackedMax, flush: closeFlush, backoffMin: backoffMin, backoffMax: backoffMax}
