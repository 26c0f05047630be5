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
//
// A body starts at a multiple of 8 in its file, so the payload does too, and DecodePayload can
// read it in place.
const (
	recordFixedSize = 32
	recordBatchSize = 80
)

// RecordSizeMax is the largest body of a record.
const RecordSizeMax = recordBatchSize + PayloadSizeMax

// ErrRecord is wrapped by every error about the form of a record.
var ErrRecord = errors.New("codec: malformed commit record")

// recordHasBatch reports whether records of the kind carry a batch.
func recordHasBatch(kind batch3pc.RecordKind) bool {
	return kind == batch3pc.RecordBatch || kind == batch3pc.RecordFill
}

// AppendRecord appends the body of r to dst and returns the extended slice.
func AppendRecord(dst []byte, r *batch3pc.Record) []byte {
	dst = AppendRecordHead(dst, r)
	if r.Batch != nil {
		dst = append(dst, r.Batch.Payload...)
	}
	return dst
}

// AppendRecordHead appends the body of r without the payload of its batch, which has to follow:
// a writer that takes a body in parts need not copy the payload first.
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
	dst = le.AppendUint64(dst, uint64(r.Seq))
	dst = le.AppendUint64(dst, uint64(r.Chain))
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
// its digest: that is the state machine's business.
func DecodeRecord(kind uint8, body []byte, r *batch3pc.Record, b *batch3pc.Batch) error {
	k := batch3pc.RecordKind(kind)
	if k < batch3pc.RecordBatch || k > batch3pc.RecordEpoch {
		return fmt.Errorf("%w: unknown kind %d", ErrRecord, kind)
	}
	has := recordHasBatch(k)
	if has && len(body) < recordBatchSize || !has && len(body) != recordFixedSize {
		return fmt.Errorf("%w: kind %d with %d bytes, want %d for the fixed part and at least %d with a batch", ErrRecord, kind, len(body), recordFixedSize, recordBatchSize)
	}
	if body[13]|body[14]|body[15] != 0 {
		return fmt.Errorf("%w: % x where the ballot is padded with zeros", ErrRecord, body[13:16])
	}
	le := binary.LittleEndian
	u := func(off int) uint64 { return le.Uint64(body[off:]) }
	*r = batch3pc.Record{Kind: k, Ballot: ballotAt(body), Seq: batch3pc.Seq(u(16)), Chain: batch3pc.Chain(u(24))}
	if !has {
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
