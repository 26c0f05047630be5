//tezi:pure

package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// The snapshot of a command log behind one of its records: what a Replica knows that has taken all records
// up to there. Little endian:
//
//	magic      8 bytes, the last is the version
//	counters   last command, highest batch number, settled batches, commands of the source, 1 if ended: u64 each
//	settled    the last settled step, in the bytes of RecordSealed and u64 1 if it opens a generation
//	decided    in the bytes of RecordDecided
//	epoch      u64 length, bytes of RecordEpoch; empty if no ballot was opened
//	source     u64 length, state of the digest
//	path       u64 n, n x 56: what is sealed and not settled, likewise
//	held       u64 length, n x 16: what participants have made durable, as in RecordHeld
//	vetoes     u64 n, each u64 length and the bytes of RecordVeto
//	waiting    u64 n, n x 64: the commands that are not settled
//	core       u64 length, bytes of Core.AppendState
//	members    u64 n, each u64 length and the bytes of RecordGeneration
//	checksum   u64, xxHash of all of it
//
// docs/formats/engine-snapshot.md draws it.
const replicaMagic = "TZREPL\x00\x01"

// AppendSnapshot appends what the log holds up to here. Equal logs give equal bytes.
func (r *Replica) AppendSnapshot(dst []byte) []byte {
	from, le := len(dst), binary.LittleEndian
	dst = append(dst, replicaMagic...)
	ended := uint64(0)
	if r.ended {
		ended = 1
	}
	for _, n := range [...]uint64{r.seq, uint64(r.seqSeen), r.batches, r.source.Commands, ended} {
		dst = le.AppendUint64(dst, n)
	}
	dst = appendStep(dst, r.settled)
	dst = appendDecided(dst, Decided(r.decided))
	dst = appendSized(dst, func(dst []byte) []byte {
		if r.epoch.Ballot.IsZero() {
			return dst
		}
		return codec.AppendRecord(dst, &r.epoch)
	})
	dst = appendSized(dst, func(dst []byte) []byte {
		state, err := r.source.digest.MarshalBinary()
		if err != nil {
			panic("engine: the digest of the source has no state: " + err.Error()) // it says that this never happens
		}
		return append(dst, state...)
	})
	dst = le.AppendUint64(dst, uint64(len(r.path)))
	for _, s := range r.path {
		dst = appendStep(dst, s)
	}
	dst = appendSized(dst, func(dst []byte) []byte {
		for node, seq := range r.held {
			if seq > 0 {
				dst = appendHeld(dst, Held{batch3pc.NodeID(node), seq})
			}
		}
		return dst
	})
	dst = le.AppendUint64(dst, uint64(len(r.vetoes)))
	for i := range r.vetoes {
		dst = appendSized(dst, func(dst []byte) []byte { return appendVeto(dst, &r.vetoes[i]) })
	}
	waiting := r.waiting[r.head:]
	dst = le.AppendUint64(dst, uint64(len(waiting)))
	dst = append(dst, codec.CommandBytes(waiting)...)
	dst = appendSized(dst, r.core.AppendState)
	dst = le.AppendUint64(dst, uint64(len(r.members)))
	for i := range r.members {
		dst = appendSized(dst, func(dst []byte) []byte { return appendMembership(dst, &r.members[i]) })
	}
	return le.AppendUint64(dst, xxhash.Sum64(dst[from:]))
}

// stepSize is the size of a step of the path: a sealed batch, or an entry that opens a generation.
const stepSize = sealedSize + 8

func appendStep(dst []byte, s Sealed) []byte {
	opens := uint64(0)
	if s.opens {
		opens = 1
	}
	return binary.LittleEndian.AppendUint64(appendSealed(dst, s), opens)
}

// RestoreReplica returns the replica of a log that goes on behind the snapshot, which AppendSnapshot has
// written with the same limits. It keeps nothing of data. The error wraps ErrSnapshot. As for RestoreCore any
// bytes may come; a batch of the path that nobody has sealed is found when it is settled.
func RestoreReplica(l Limits, data []byte) (*Replica, error) {
	r := &Replica{limits: l, source: NewSource()}
	if err := r.restore(data); err != nil {
		if r.core != nil {
			r.core.Close()
		}
		if errors.Is(err, ErrSnapshot) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return r, nil
}

func (r *Replica) restore(data []byte) error {
	n := len(data)
	if n < len(replicaMagic)+8 || string(data[:len(replicaMagic)]) != replicaMagic {
		return errors.New("another magic number or version")
	}
	if xxhash.Sum64(data[:n-8]) != binary.LittleEndian.Uint64(data[n-8:]) {
		return errors.New("another checksum")
	}
	in := snapshotReader{rest: data[len(replicaMagic) : n-8]}
	r.seq, r.seqSeen, r.batches, r.source.Commands, r.ended = in.word(), batch3pc.Seq(in.word()), in.word(), in.word(), in.bit()
	r.settled = in.step()
	if d, err := DecodeDecided(in.take(decidedSize)); err == nil {
		r.decided = batch3pc.Position(d)
	}
	if epoch := in.sized(); len(epoch) > 0 {
		if err := r.opened(epoch); err != nil {
			return err
		}
	}
	if err := r.source.digest.UnmarshalBinary(in.sized()); err != nil {
		return err
	}
	for range in.count(stepSize) {
		r.path = append(r.path, in.step())
	}
	if err := DecodeHeld(in.sized(), func(h Held) { r.held[h.Node] = h.Seq }); err != nil {
		return err
	}
	for range in.count(8) {
		v, err := DecodeVeto(in.sized())
		if err != nil {
			return err
		}
		r.vetoes = append(r.vetoes, v)
	}
	cmds, _ := codec.Commands(in.take(codec.CommandSize * in.count(codec.CommandSize)))
	r.waiting = slices.Clone(cmds)
	core := in.sized()
	for range in.count(8) {
		m, err := DecodeMembership(in.sized())
		if err != nil {
			return err
		}
		r.members = append(r.members, m)
	}
	if in.short || len(in.rest) != 0 {
		return errors.New("another length")
	}
	var err error
	if r.core, err = RestoreCore(r.limits, r.vetoes, core); err != nil {
		return err
	}
	r.open = NewBuilder(r.core.LastCommand(), r.core.NextTrade())
	return r.coherent()
}

// coherent checks that the parts fit each other.
func (r *Replica) coherent() error {
	last := r.settled
	for _, s := range r.path {
		if s.Parent != last.Seq || s.LastCommand < last.LastCommand {
			return fmt.Errorf("batch %d behind batch %d", s.Seq, last.Seq)
		}
		last = s
	}
	at := r.core.LastCommand()
	for i := range r.waiting {
		if at++; r.waiting[i].Seq != at {
			return fmt.Errorf("command %d where %d waits", r.waiting[i].Seq, at)
		}
	}
	if r.core.LastCommand() != r.settled.LastCommand || at != r.seq || last.LastCommand > r.seq || r.seqSeen < last.Seq {
		return fmt.Errorf("the core is at command %d, the last settled batch at %d, the last command is %d", r.core.LastCommand(), r.settled.LastCommand, r.seq)
	}
	return nil
}

// step reads a step of the path.
func (r *snapshotReader) step() Sealed {
	s, err := DecodeSealed(r.take(sealedSize))
	if err != nil {
		r.short = true
	}
	s.opens = r.bit()
	return s
}

// bit reads a word that is 0 or 1.
func (r *snapshotReader) bit() bool {
	n := r.word()
	if n > 1 {
		r.short = true
	}
	return n == 1
}

// count reads the number of elements of at least size bytes each that follow.
func (r *snapshotReader) count(size uint64) uint64 {
	n := r.word()
	if n > uint64(len(r.rest))/size {
		r.short, r.rest = true, nil
		return 0
	}
	return n
}

// RecoverReplica returns the replica of a whole log: from is its Log.Recover, or does the same.
func RecoverReplica(l Limits, from func(load func(snapshot []byte) error, take func(kind uint8, body []byte) error) error) (*Replica, error) {
	var r *Replica
	err := from(
		func(snapshot []byte) (err error) {
			r, err = RestoreReplica(l, snapshot)
			return err
		},
		func(kind uint8, body []byte) (err error) {
			if r == nil {
				if r, err = NewReplica(l); err != nil {
					return err
				}
			}
			return r.Take(kind, body)
		})
	if err == nil && r == nil {
		r, err = NewReplica(l)
	}
	if err != nil && r != nil {
		r.Close()
		return nil, err
	}
	return r, err
}
