// Package transport carries frames between nodes.
//
// A Link is one ordered connection to one peer. Its user, one goroutine, never touches a socket and
// never waits for one: it claims room for a frame, publishes it, and reads events.
//
//	          Claim, Publish                          Next, Release
//	user A ──▶ [ out ring ] ──▶ writer ══ TCP ══▶ reader ──▶ [ in ring ] ──▶ user B
//	user A ◀── [ in ring ]  ◀── reader ◀═ TCP ═══ writer ◀── [ out ring ] ◀── user B
//
// Pair gives two links of one process, whose out ring is the other's in ring: no sockets, no
// copies, no checksums. Dial and Listen give the two ends of a TCP connection. They look the same
// to their users, apart from what only a network can do.
//
// # Carriers
//
// What a dialer asks for may take the frames off the connection (Carrier): memory that both processes
// map (shared.go), or UDP (udp.go). The connection stays, for the handshake and to say when the other
// side is gone; where memory or UDP cannot be had, the frames go over it; the log and
// Link.NotUsed say why.
//
// Each link has a writer of its own, which lives as long as its session and takes all that waits in one call. One
// writer for all peers would be a goroutine less, and would stand still for all of them behind the one that does not
// read.
//
// # A session
//
// The time of one connection is a session. The user sees it in the in ring: an EventUp, frames, an
// EventDown. Which frames of a session arrive is a prefix of what was sent; the protocol above must
// send again what matters, as it must after a crash anyway.
//
// A dialer comes back for ever, with growing and jittered pauses. A listener takes whoever passes
// the handshake, and the newest such connection replaces an older one, unless that is of another
// live process with the same identity. Several listeners can share a port: who connects is told
// apart by its node id. Hellos are exchanged both ways (handshake.go), so a node that was started
// with another cluster, role, node or protocol version is refused by name, on both sides in one
// line of the log, once.
//
// # Pressure
//
// If the user does not read, its in ring fills, the reader stops reading, the peer's kernel stops
// sending, the peer's out ring fills, and the peer's Claim returns nil. Nobody waits but readers
// and writers. A connection on which the peer acknowledges nothing for unackedMax is given up; that
// may also be a peer which did not read for so long. So is one on which the rest of a frame does not
// come within frameTimeout, nor any part worth the name: its length may be damaged, and longer than what was sent.
//
// # Invariants
//
//	I1  Frames arrive in the order they were published, whole and undamaged, each at most once.
//	I2  The events of a link are Up, frames, Down, Up, ...; a frame stands in its own session.
//	I3  A frame is sent in the session in which it was claimed, or never.
//	I4  No method waits for the peer, except Close, which waits at most closeFlush.
//	I5  After Close nothing is left: no goroutine, no socket, no timer.
//	I6  Nobody becomes the peer of a link without the handshake.
package transport
