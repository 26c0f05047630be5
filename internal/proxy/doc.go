// Package proxy forwards TCP connections or UDP datagrams and spoils them on the way, by rules and from
// a seed: what a bad network does, on one machine and without privileges.
//
//	client ── up ──▶ proxy ── up ──▶ target
//	client ◀─ down ─ proxy ◀─ down ─ target
//
// Each direction has rules of its own, so that a link can be cut one way, and they may change while it
// runs. What a rule means depends on the network: a lost segment of TCP is sent again by the system below,
// so a drop breaks the connection instead, and nothing is duplicated; a cut stops reading, as a partition
// stops acknowledgements.
//
// On the network "tezi" the proxy knows the frames of docs/formats/wire.md. It spoils messages and not
// parts of them, leaves the handshake alone, stands in between where the nodes speak UDP, and spoils their
// offers of shared memory, in which it could not see anything. There a rule can hold the link at a certain
// message (Mark), so that a fault can be done exactly there.
package proxy
