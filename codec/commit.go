package codec

import (
	"encoding/binary"
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/mutant"
)

// Body of a FrameMessage, little endian: fixed part, then the batch header if there is a batch,
// then the tail: the batch's payload, positions and generations of a State, or the veto bits.
//
//	  0  u8   message kind      1  u8  reason     2  u8  1 = a batch follows   3  u8  0
//	  4  u32  generation of the batch             8  u32 items of the batch, positions of a State
//	 12  u32  length of the tail
//	 16  ballot (16)   u64 epoch, u32 boot, u8 node, 3 x 0
//	 32  u64  seq      40 u64 chain    48 u64 commit   56 u64 commit chain   64 u64 applied
//	 72  last elected (16)   88 last attempt (16)
//	104  u64  pre-committed  112 u64 its chain  120 u64 voted  128 u64 its chain  136 u64 applied chain
//	144  batch: u64 seq, u64 parent, u64 parent chain, u64 digest, u64 chain
//	     of a snapshot: u64 offset, u64 total, u64 digest, 16 x 0
//	184  u64  incarnation     192 u64 truncate
//	200  tail
const messageBodySize = 200

// MessageSize is the size of m's whole frame in bytes.
func MessageSize(m *batch3pc.Message) int {
	tail, more := messageTail(m)
	return FrameHeaderSize + messageBodySize + len(tail) + len(more)
}

// messageTail is the part of m that has no fixed size, in two pieces.
func messageTail(m *batch3pc.Message) (tail, more []byte) {
	switch {
	case m.Batch != nil:
		return m.Batch.Payload, nil
	case m.Kind == batch3pc.KindState:
		return m.Tail, m.Generations
	case m.Kind == batch3pc.KindSnapshot:
		return m.Chunk, nil
	}
	return m.Veto, nil
}

func appendBallot(dst []byte, b batch3pc.Ballot) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, b.Epoch)
	dst = binary.LittleEndian.AppendUint32(dst, b.Boot)
	return append(dst, byte(b.Node), 0, 0, 0)
}

func ballotAt(b []byte) batch3pc.Ballot {
	return batch3pc.Ballot{
		Epoch: binary.LittleEndian.Uint64(b),
		Boot:  binary.LittleEndian.Uint32(b[8:]),
		Node:  batch3pc.NodeID(b[12]),
	}
}

// AppendMessage appends m as one sealed frame to dst, which must be empty apart from its capacity
// (a frame starts at offset 0), and returns it. h.Kind, From and To are filled in.
func AppendMessage(dst []byte, h Header, m *batch3pc.Message) []byte {
	h.Kind, h.From, h.To = FrameMessage, uint8(m.From), uint8(m.To)
	dst = BeginFrame(dst, h)
	var gen, count uint32
	var has byte
	tail, more := messageTail(m)
	if m.Batch != nil {
		gen, count, has = m.Batch.Generation, m.Batch.Count, 1
	} else if m.Kind == batch3pc.KindState {
		count = uint32(batch3pc.TailLen(m.Tail))
	}
	le := binary.LittleEndian
	dst = append(dst, byte(m.Kind), byte(m.Reason), has, 0)
	dst = le.AppendUint32(dst, gen)
	dst = le.AppendUint32(dst, count)
	dst = le.AppendUint32(dst, uint32(len(tail)+len(more)))
	dst = appendBallot(dst, m.Ballot)
	commitChain := m.CommitChain
	if mutant.Is(mutant.CommitChainLost) {
		commitChain = 0
	}
	for _, v := range [...]uint64{uint64(m.Seq), uint64(m.Chain), uint64(m.Commit), uint64(commitChain), uint64(m.Applied)} {
		dst = le.AppendUint64(dst, v)
	}
	dst = appendBallot(dst, m.LastElected)
	if mutant.Is(mutant.AttemptLost) {
		dst = appendBallot(dst, m.LastElected)
	} else {
		dst = appendBallot(dst, m.LastAttempt)
	}
	for _, v := range [...]uint64{uint64(m.PreCommitted), uint64(m.PreChain), uint64(m.Voted), uint64(m.VotedChain), uint64(m.AppliedChain)} {
		dst = le.AppendUint64(dst, v)
	}
	part := [5]uint64{m.Offset, m.Total, m.Digest}
	if b := m.Batch; b != nil {
		part = [5]uint64{uint64(b.Seq), uint64(b.Parent), uint64(b.ParentChain), b.Digest, uint64(b.Chain)}
	}
	for _, v := range part {
		dst = le.AppendUint64(dst, v)
	}
	dst = le.AppendUint64(dst, m.Incarnation)
	dst = le.AppendUint64(dst, uint64(m.Truncate))
	dst = append(dst, tail...)
	dst = append(dst, more...)
	SealFrame(dst)
	return dst
}

// Sight is what a message of the commit protocol shows to one who only sees it pass.
type Sight struct {
	Kind   batch3pc.Kind
	At     batch3pc.Seq // of Batch and Fill the batch, of Applied the applied watermark, else what the message is about
	Commit batch3pc.Seq // commit watermark
	Opens  bool         // of Batch and Fill: it opens a generation
}

// LookAt looks at a frame that was not checked, or at its beginning. It reports false where that is not
// the beginning of a message.
func LookAt(frame []byte) (s Sight, ok bool) {
	if len(frame) < FrameHeaderSize+messageBodySize || FrameKind(frame[11]) != FrameMessage {
		return s, false
	}
	body := frame[FrameHeaderSize:]
	u := func(off int) batch3pc.Seq { return batch3pc.Seq(binary.LittleEndian.Uint64(body[off:])) }
	s = Sight{Kind: batch3pc.Kind(body[0]), At: u(32), Commit: u(48)}
	switch s.Kind {
	case batch3pc.KindBatch, batch3pc.KindFill:
		s.At, s.Opens = u(144), binary.LittleEndian.Uint32(body[8:]) == batch3pc.CountGeneration
	case batch3pc.KindApplied:
		s.At = u(64)
	}
	return s, true
}

// unused is 0 if the fields that messages of the kind do not use are: so there is one encoding of each message (C1).
func unused(body []byte, kind batch3pc.Kind) uint64 {
	le := binary.LittleEndian
	u := func(off int) uint64 { return le.Uint64(body[off:]) }
	const behindNode = 40 // bits of the last word of a ballot, of which three bytes are 0
	rest := uint64(body[3]) | u(24)>>behindNode | u(80)>>behindNode | u(96)>>behindNode
	switch kind {
	case batch3pc.KindBatch, batch3pc.KindFill:
		return rest
	case batch3pc.KindSnapshot, batch3pc.KindSnapshotReq:
		return rest | u(4) | u(168) | u(176)
	case batch3pc.KindState:
		rest |= uint64(le.Uint32(body[4:]))
	default:
		rest |= u(4)
	}
	return rest | u(144) | u(152) | u(160) | u(168) | u(176)
}

// DecodeMessage reads the body of a FrameMessage into m. m.Batch, if the message has one, points to
// *batch, and payload, positions, generations, chunk and veto alias body. The error wraps
// ErrFrameBody; m and batch mean nothing then.
func DecodeMessage(body []byte, h Header, m *batch3pc.Message, batch *batch3pc.Batch) error {
	if len(body) < messageBodySize {
		return fmt.Errorf("%w: message of %d bytes, want at least %d", ErrFrameBody, len(body), messageBodySize)
	}
	le := binary.LittleEndian
	tail := body[messageBodySize:]
	if n := le.Uint32(body[12:]); int64(n) != int64(len(tail)) {
		return fmt.Errorf("%w: tail of %d bytes, header says %d", ErrFrameBody, len(tail), n)
	}
	u := func(off int) uint64 { return le.Uint64(body[off:]) }
	*m = batch3pc.Message{
		Kind: batch3pc.Kind(body[0]), Reason: batch3pc.Reason(body[1]),
		From: batch3pc.NodeID(h.From), To: batch3pc.NodeID(h.To), Ballot: ballotAt(body[16:]),
		Seq: batch3pc.Seq(u(32)), Chain: batch3pc.Chain(u(40)),
		Commit: batch3pc.Seq(u(48)), CommitChain: batch3pc.Chain(u(56)), Applied: batch3pc.Seq(u(64)),
		LastElected: ballotAt(body[72:]), LastAttempt: ballotAt(body[88:]),
		PreCommitted: batch3pc.Seq(u(104)), PreChain: batch3pc.Chain(u(112)),
		Voted: batch3pc.Seq(u(120)), VotedChain: batch3pc.Chain(u(128)), AppliedChain: batch3pc.Chain(u(136)),
		Incarnation: u(184), Truncate: batch3pc.Seq(u(192)),
	}
	if m.Kind < batch3pc.KindBatch || m.Kind > batch3pc.KindSnapshotReq {
		return fmt.Errorf("%w: unknown message kind %d", ErrFrameBody, m.Kind)
	}
	wantBatch, flag := m.Kind == batch3pc.KindBatch || m.Kind == batch3pc.KindFill, byte(0)
	if wantBatch {
		flag = 1
	}
	if body[2] != flag {
		return fmt.Errorf("%w: message kind %d with batch flag %d", ErrFrameBody, m.Kind, body[2])
	}
	if unused(body, m.Kind) != 0 {
		return fmt.Errorf("%w: message kind %d with something in a field that it does not use", ErrFrameBody, m.Kind)
	}
	switch m.Kind {
	case batch3pc.KindSnapshot, batch3pc.KindSnapshotReq:
		if len(tail) > batch3pc.SnapshotChunkMax || m.Kind == batch3pc.KindSnapshotReq && len(tail) > 0 {
			return fmt.Errorf("%w: a piece of a snapshot of %d bytes", ErrFrameBody, len(tail))
		}
		if m.Offset, m.Total, m.Digest = u(144), u(152), u(160); m.Kind == batch3pc.KindSnapshot {
			m.Chunk = tail
		}
		return nil
	case batch3pc.KindState:
		positions := uint64(le.Uint32(body[8:])) * batch3pc.TailEntrySize
		if positions > uint64(len(tail)) {
			return fmt.Errorf("%w: %d bytes of positions in a tail of %d", ErrFrameBody, positions, len(tail))
		}
		m.Tail, m.Generations = tail[:positions:positions], tail[positions:]
		return nil
	}
	if !wantBatch {
		m.Veto = tail
		return nil
	}
	*batch = batch3pc.Batch{
		Seq: batch3pc.Seq(u(144)), Parent: batch3pc.Seq(u(152)), ParentChain: batch3pc.Chain(u(160)),
		Digest: u(168), Chain: batch3pc.Chain(u(176)),
		Generation: le.Uint32(body[4:]), Count: le.Uint32(body[8:]), Payload: tail,
	}
	m.Batch = batch
	return nil
}
