package codec

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/mutant"
)

// Body of a journal record of the commit protocol, little endian. The kind is the journal record's.
//
//	 0  ballot (16)  u64 epoch, u32 boot, u8 node, 3 x 0
//	16  u64  seq     24 u64 chain
//	32  batch, kinds RecordBatch and RecordFill only: u64 seq, u64 parent, u64 parent chain,
//	    u64 digest, u64 chain, u32 generation, u32 items
//	80  payload, to the end of the body
//	32  snapshot, kind RecordSnapshot only: ballot (16) last attempt, u64 pre-committed, u64 its chain,
//	    u64 offset, u64 total, u64 digest
//	88  chunk, to the end of the body
//
// In a RecordIdentity the node of the ballot is whose log it is, and seq is the incarnation.
//
// A body starts at a multiple of 8 in its file, so the payload does too, and DecodePayload can
// read it in place.
const (
	recordFixedSize = 32
	recordBatchSize = 80
	recordChunkAt   = 88
)

// RecordHole is the kind of a record in a participant's log that is none of the commit protocol's: it
// stands where records were lost, and says which. Its body is the journal's.
const RecordHole uint8 = 10

// RecordSizeMax is the largest body of a record.
const RecordSizeMax = max(recordBatchSize+PayloadSizeMax, recordChunkAt+batch3pc.SnapshotChunkMax)

// ErrRecord is wrapped by every error about the form of a record.
var ErrRecord = errors.New("codec: malformed commit record")

// recordHasBatch reports whether records of the kind carry a batch.
func recordHasBatch(kind batch3pc.RecordKind) bool {
	return kind == batch3pc.RecordBatch || kind == batch3pc.RecordFill
}

// recordSizes are the bounds of the size of a body.
func recordSizes(kind batch3pc.RecordKind) (least, most int) {
	switch {
	case recordHasBatch(kind):
		return recordBatchSize, RecordSizeMax
	case kind == batch3pc.RecordSnapshot:
		return recordChunkAt + 1, recordChunkAt + batch3pc.SnapshotChunkMax
	}
	return recordFixedSize, recordFixedSize
}

// AppendRecord appends the body of r to dst and returns the extended slice.
func AppendRecord(dst []byte, r *batch3pc.Record) []byte {
	return append(AppendRecordHead(dst, r), RecordPayload(r)...)
}

// RecordPayload is the end of the body of r, behind what AppendRecordHead appends: the payload of its
// batch, or a piece of a snapshot.
func RecordPayload(r *batch3pc.Record) []byte {
	if r.Batch != nil {
		return r.Batch.Payload
	}
	return r.Chunk
}

// AppendRecordHead appends the body of r without RecordPayload, which has to follow: a writer that
// takes a body in parts need not copy the payload first.
func AppendRecordHead(dst []byte, r *batch3pc.Record) []byte {
	if (r.Batch != nil) != recordHasBatch(r.Kind) {
		panic("codec: commit record with a batch that its kind has not, or without one that it has")
	}
	le := binary.LittleEndian
	ballot := r.Ballot
	if mutant.Is(mutant.RecordBallotLost) {
		ballot.Boot = 0
	}
	dst = appendBallot(dst, ballot)
	if r.Kind == batch3pc.RecordIdentity {
		return le.AppendUint64(le.AppendUint64(dst, r.Incarnation), 0)
	}
	dst = le.AppendUint64(dst, uint64(r.Seq))
	dst = le.AppendUint64(dst, uint64(r.Chain))
	if r.Kind == batch3pc.RecordSnapshot {
		dst = appendBallot(dst, r.Attempt)
		for _, v := range [...]uint64{uint64(r.PreCommitted.Seq), uint64(r.PreCommitted.Chain), r.Offset, r.Total, r.Digest} {
			dst = le.AppendUint64(dst, v)
		}
	}
	if b := r.Batch; b != nil {
		for _, v := range [...]uint64{uint64(b.Seq), uint64(b.Parent), uint64(b.ParentChain), b.Digest, uint64(b.Chain)} {
			dst = le.AppendUint64(dst, v)
		}
		dst = le.AppendUint32(dst, b.Generation)
		dst = le.AppendUint32(dst, b.Count)
	}
	return dst
}

// DecodeRecord reads the body of a record of the given kind into r. If the kind has a batch, it is
// read into *b, r.Batch points to it and its payload aliases body. The batch is not checked against
// its digest: that is the state machine's business. The error wraps ErrRecord; r and b mean nothing then.
func DecodeRecord(kind uint8, body []byte, r *batch3pc.Record, b *batch3pc.Batch) error {
	k := batch3pc.RecordKind(kind)
	if k < batch3pc.RecordBatch || k > batch3pc.RecordIdentity {
		return fmt.Errorf("%w: unknown kind %d", ErrRecord, kind)
	}
	if least, most := recordSizes(k); len(body) < least || len(body) > most {
		return fmt.Errorf("%w: kind %d with %d bytes, want %d to %d", ErrRecord, kind, len(body), least, most)
	}
	if body[13]|body[14]|body[15] != 0 {
		return fmt.Errorf("%w: % x where the ballot is padded with zeros", ErrRecord, body[13:16])
	}
	le := binary.LittleEndian
	u := func(off int) uint64 { return le.Uint64(body[off:]) }
	*r = batch3pc.Record{Kind: k, Ballot: ballotAt(body), Seq: batch3pc.Seq(u(16)), Chain: batch3pc.Chain(u(24))}
	switch {
	case k == batch3pc.RecordIdentity:
		if r.Chain != 0 || r.Ballot.Epoch != 0 || r.Ballot.Boot != 0 {
			return fmt.Errorf("%w: an identity with more than a node and an incarnation", ErrRecord)
		}
		r.Incarnation, r.Seq = u(16), 0
		return nil
	case k == batch3pc.RecordSnapshot:
		if body[45]|body[46]|body[47] != 0 {
			return fmt.Errorf("%w: % x where the ballot is padded with zeros", ErrRecord, body[45:48])
		}
		r.Attempt = ballotAt(body[32:])
		r.PreCommitted = batch3pc.Position{Seq: batch3pc.Seq(u(48)), Chain: batch3pc.Chain(u(56))}
		r.Offset, r.Total, r.Digest, r.Chunk = u(64), u(72), u(80), body[recordChunkAt:]
		return nil
	case !recordHasBatch(k):
		return nil
	}
	*b = batch3pc.Batch{
		Seq: batch3pc.Seq(u(32)), Parent: batch3pc.Seq(u(40)), ParentChain: batch3pc.Chain(u(48)),
		Digest: u(56), Chain: batch3pc.Chain(u(64)),
		Generation: le.Uint32(body[72:]), Count: le.Uint32(body[76:]), Payload: body[recordBatchSize:],
	}
	r.Batch = b
	return nil
}
