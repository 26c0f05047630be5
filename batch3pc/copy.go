package batch3pc

import "encoding/binary"

// Machines can be copied and compared, so that a search may walk through their states. What a call
// leaves behind in buffers that the next one overwrites is no state.

// CopyFrom makes p an independent copy of o that calls app. The memory of p is reused.
func (p *Participant) CopyFrom(o *Participant, app App) {
	log, tail, generations, out := p.log, p.tail[:0], p.generations[:0], p.out
	image, incoming := append(p.image[:0], o.image...), append(p.incoming.data[:0], o.incoming.data...)
	*p = *o
	p.app, p.tail, p.generations, p.out = app, tail, generations, out
	p.image, p.incoming.data = image, incoming
	p.log = log
	p.log.copyFrom(&o.log)
	for i := range p.log.len() {
		b, from := p.log.at(i), o.log.at(i)
		payload := append(b.Payload[:0], from.Payload...)
		*b = *from
		b.Payload = payload
	}
}

// CopyFrom makes c a copy of o that shares nothing with it but the payloads of the batches. The
// memory of c is reused.
func (c *Coordinator) CopyFrom(o *Coordinator) {
	log, clock, peers, veto, out := c.log, c.clock, c.peers, c.refusal.Veto, c.out
	*c = *o
	c.out, c.log, c.clock = out, log, append(clock[:0], o.clock...)
	c.log.copyFrom(&o.log)
	copy(c.log.slots, o.log.slots)
	if len(peers) != len(o.peers) {
		peers = make([]progress, len(o.peers))
	}
	c.peers = peers
	for i := range peers {
		tail, generations := peers[i].reply.tail, peers[i].reply.generations
		peers[i] = o.peers[i]
		peers[i].reply.tail = append(tail[:0], o.peers[i].reply.tail...)
		peers[i].reply.generations = append(generations[:0], o.peers[i].reply.generations...)
	}
	c.refusal.Veto = append(veto[:0], o.refusal.Veto...)
}

// CopyFrom makes s an independent copy of o. The memory of s is reused.
func (s *Standby) CopyFrom(o *Standby) {
	c := s.coordinator
	if c == nil {
		c = new(Coordinator)
	}
	c.CopyFrom(o.coordinator)
	*s = *o
	s.coordinator = c
}

// copyFrom makes h a ring like o, in its own memory, whose batches the caller copies.
func (h *history) copyFrom(o *history) {
	if cap(h.slots) < len(o.slots) {
		h.slots = make([]Batch, len(o.slots))
	}
	h.slots = h.slots[:len(o.slots)]
	h.first, h.count, h.root = o.first, o.count, o.root
	h.rootGeneration, h.tailGeneration = o.rootGeneration, o.tailGeneration
}

// AppendState appends bytes that are equal for two participants of one configuration if and only if
// these behave alike from here on, as far as their Apps do, and but for how often they tell a standby that they
// have heard of their leader.
func (p *Participant) AppendState(dst []byte) []byte {
	dst = appendBallot(appendBallot(dst, p.elected), p.attempt)
	dst = AppendTail(dst, p.pre)
	dst = p.log.appendState(dst)
	dst = appendNumbers(dst, uint64(p.decided), p.appliedBatches, uint64(p.refused))
	dst = append(dst, flags(p.identified, p.begun, p.hole, p.proved, p.lost))
	dst = appendNumbers(dst, p.incarnation, uint64(p.truncate), uint64(p.logRoot), p.incoming.digest, uint64(len(p.incoming.data)))
	dst = AppendTail(AppendTail(dst, p.incoming.at), p.imageAt)
	return appendBallot(AppendTail(dst, p.path), p.pathBallot)
}

// AppendState appends bytes that are equal for two coordinators of one configuration if and only if
// these behave alike from here on, but for what Advance makes of the time. Status().Ignored, which
// nothing depends on, is not among them.
func (c *Coordinator) AppendState(dst []byte) []byte {
	dst = c.AppendOwnState(dst)
	for i := range c.peers {
		dst = c.peers[i].appendState(dst)
	}
	return dst
}

// AppendOwnState appends the part of AppendState that is about no participant.
func (c *Coordinator) AppendOwnState(dst []byte) []byte {
	dst = append(dst, byte(c.state), flags(c.refused, c.wishing))
	dst = appendBallot(dst, c.ballot)
	dst = appendNumbers(dst, c.epoch, uint64(c.patience), uint64(c.giveUp))
	dst = AppendTail(AppendTail(AppendTail(dst, c.base), c.preSent), c.committed)
	dst = appendNumbers(dst, uint64(c.inputs), uint64(c.logged), uint64(c.seqSeen), uint64(c.decided), uint64(c.truncate))
	dst = c.log.appendState(dst)
	if c.refused {
		dst = append(dst, byte(c.refusal.From), byte(c.refusal.Reason))
		dst = appendNumbers(dst, uint64(c.refusal.Seq))
		dst = append(dst, c.refusal.Veto...)
	}
	return dst
}

// AppendPeerState appends the part of AppendState that is about participant n, which must be one.
func (c *Coordinator) AppendPeerState(dst []byte, n NodeID) []byte { return c.peer(n).appendState(dst) }

func (p *progress) appendState(dst []byte) []byte {
	dst = append(dst, byte(p.phase), flags(p.member, p.wished, p.replaced, p.counts), byte(p.trouble), byte(p.snapshotFrom), flags(p.up, p.down, p.moved, p.based, p.accepted, p.fetching, p.asking))
	r := &p.reply
	dst = appendBallot(dst, r.attempt)
	dst = AppendTail(AppendTail(AppendTail(dst, r.pre), r.voted), r.applied)
	dst = append(appendNumbers(dst, uint64(len(r.tail))), r.tail...)
	dst = append(appendNumbers(dst, uint64(len(r.generations))), r.generations...)
	dst = AppendTail(AppendTail(AppendTail(dst, p.voted), p.fetched), p.want)
	dst = AppendTail(dst, p.snapshotAt)
	return appendNumbers(dst, p.snapshotOffset, p.incarnation, p.distrusted, uint64(p.serves), uint64(p.durable), uint64(p.acked), uint64(p.applied), uint64(p.sent), uint64(p.preSent),
		uint64(p.commitSent), uint64(p.wantLeft), uint64(p.helper), uint64(p.unanswered))
}

// appendState leaves out where in the ring a batch is, which nothing depends on, and all of a batch
// but its position, which names the rest.
func (h *history) appendState(dst []byte) []byte {
	dst = AppendTail(appendNumbers(dst, uint64(h.count)), h.root)
	for i := range h.count {
		dst = AppendTail(dst, h.at(i).Position())
	}
	return dst
}

func appendBallot(dst []byte, b Ballot) []byte {
	return appendNumbers(dst, b.Epoch, uint64(b.Node)<<32|uint64(b.Boot))
}

func appendNumbers(dst []byte, numbers ...uint64) []byte {
	for _, n := range numbers {
		dst = binary.LittleEndian.AppendUint64(dst, n)
	}
	return dst
}

func flags(list ...bool) (b byte) {
	for i, set := range list {
		if set {
			b |= 1 << i
		}
	}
	return b
}
