package batch3pc

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// Snapshotter is an App whose state can be handed to another participant of the same class: one
// that runs the same business, such as a replica. Without it a participant can only be brought up
// batch by batch, and its log cannot be cut.
type Snapshotter interface {
	App
	// AppendSnapshot appends the applied state, without what is only reserved. Equal state gives
	// equal bytes.
	AppendSnapshot(dst []byte) []byte
	// Restore replaces the whole state, reservations included, by one that AppendSnapshot gave. It is
	// all or nothing: after an error the state is what it was. state is read during the call only.
	Restore(state []byte) error
}

// An image is what travels and is stored as a snapshot, little endian:
//
//	 0  u32  1, the version        4  u32  0
//	 8  u64  seq, chain of the position
//	24  u64  batches applied up to it
//	32  the generation in force at it, see AppendGeneration
//	 …  the state of the App, to the end
const (
	imageVersion  = 1
	imageHeadSize = 32
)

// appendImage appends the image of an applied state.
func (p *Participant) appendImage(dst []byte, app Snapshotter) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, imageVersion)
	dst = AppendTail(dst, p.applied())
	dst = binary.LittleEndian.AppendUint64(dst, p.appliedBatches)
	g := p.log.generationAt(p.decided)
	return app.AppendSnapshot(AppendGeneration(dst, &g))
}

// image is a decoded one; state aliases the bytes.
type image struct {
	at         Position
	batches    uint64
	generation Generation
	state      []byte
}

func decodeImage(src []byte) (m image, ok bool) {
	if len(src) < imageHeadSize || binary.LittleEndian.Uint64(src) != imageVersion {
		return m, false
	}
	m.at, m.batches = TailAt(src[8:], 0), binary.LittleEndian.Uint64(src[24:])
	m.generation, m.state, ok = DecodeGeneration(src[imageHeadSize:])
	return m, ok && m.generation.At.Seq <= m.at.Seq
}

// Image is what a snapshot says.
type Image struct {
	At      Position // behind which batch
	Batches uint64   // applied up to it
	State   []byte   // of the App
}

// DecodeImage splits an image that was put together from the pieces of RecordSnapshot. State is part of
// src. ok is false if it is none.
func DecodeImage(src []byte) (m Image, ok bool) {
	i, ok := decodeImage(src)
	return Image{i.at, i.batches, i.state}, ok
}

// assembly puts an image together from its chunks, which come in order. Its memory grows with what
// has come, never with what somebody says will come.
type assembly struct {
	at            Position
	total, digest uint64
	data          []byte
}

// busy reports whether some of an image is there.
func (a *assembly) busy() bool { return len(a.data) > 0 }

func (a *assembly) reset() { *a = assembly{data: a.data[:0]} }

// add takes a chunk in if it is the next one, or the first one of another image. It reports whether
// the image is whole and undamaged then, and false for took if the chunk was of no use.
func (a *assembly) add(at Position, offset, total, digest uint64, chunk []byte) (took, whole bool) {
	if offset == 0 && (!a.busy() || at != a.at || total != a.total || digest != a.digest) {
		a.reset()
		a.at, a.total, a.digest = at, total, digest
	}
	size := uint64(len(a.data))
	if at != a.at || total != a.total || digest != a.digest || offset != size || len(chunk) == 0 || uint64(len(chunk)) > total-size {
		return false, false
	}
	a.data = append(a.data, chunk...)
	if uint64(len(a.data)) < total {
		return true, false
	}
	if xxhash.Sum64(a.data) != digest {
		a.reset()
		return false, false
	}
	return true, true
}

// chunkAt is the chunk of src that begins at offset, at most SnapshotChunkMax long.
func chunkAt(src []byte, offset uint64) []byte {
	if offset >= uint64(len(src)) {
		return nil
	}
	return src[offset:min(offset+SnapshotChunkMax, uint64(len(src)))]
}
