package batch3pc

import (
	"errors"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/internal/mutant"
)

// Checkpoint records the applied state and everything that is not applied yet, so that the log may
// begin with these records: the driver may cut what lies before the first of them as soon as all
// are durable and Status().Truncate has reached Status().Applied of this moment. Errors:
// ErrNoSnapshots, ErrRepairing; nothing has happened then.
func (p *Participant) Checkpoint() (Ready, error) {
	p.out.reset()
	app, ok := p.app.(Snapshotter)
	switch {
	case !ok:
		return p.out.ready, ErrNoSnapshots
	case p.lost:
		return p.out.ready, ErrRepairing
	}
	p.takeImage(app)
	p.recordImage(p.imageAt, p.image)
	for i := p.decided; i < p.log.len(); i++ {
		p.out.record(Record{Kind: RecordFill, Batch: p.log.at(i)})
	}
	return p.out.ready, nil
}

// Truncated tells that the driver has cut the log in front of the checkpoint at applied position at:
// batches at or below cannot be read from it any more.
func (p *Participant) Truncated(at Seq) { p.logRoot = max(p.logRoot, at) }

// Whole tells that the log has all batches from the first one on, although Recover has begun with a
// checkpoint in it. Call it behind Recover.
func (p *Participant) Whole() { p.logRoot = 0 }

// takeImage makes an image of the applied state, unless there is one.
func (p *Participant) takeImage(app Snapshotter) {
	if at := p.applied(); at != p.imageAt || len(p.image) == 0 {
		p.image, p.imageAt = p.appendImage(p.image[:0], app), at
		p.imageDigest = xxhash.Sum64(p.image)
	}
}

// recordImage writes an image at a position, piece by piece. Each piece says who wrote it and what
// it had promised and accepted, because the log may begin here.
func (p *Participant) recordImage(at Position, image []byte) {
	if p.incarnation != 0 {
		p.identified = true
		p.out.record(Record{Kind: RecordIdentity, Ballot: Ballot{Node: p.cfg.Self}, Incarnation: p.incarnation})
	}
	digest := xxhash.Sum64(image)
	for offset := uint64(0); offset < uint64(len(image)); offset += SnapshotChunkMax {
		p.out.record(Record{
			Kind: RecordSnapshot, Ballot: p.elected, Attempt: p.attempt, PreCommitted: p.pre, Seq: at.Seq, Chain: at.Chain,
			Offset: offset, Total: uint64(len(image)), Digest: digest, Chunk: chunkAt(image, offset),
		})
	}
}

// stepSnapshotReq serves a piece of a snapshot on behalf of another participant. The image that was
// taken for the first piece is served until another one is asked for: one that is newer than what
// is asked for would make the other begin again.
func (p *Participant) stepSnapshotReq(m *Message) {
	app, ok := p.app.(Snapshotter)
	if !ok || p.applied().Seq == 0 && !mutant.Is(mutant.SnapshotOfNothing) || p.lost {
		return
	}
	offset := m.Offset
	if len(p.image) == 0 || m.Seq == 0 && !mutant.Is(mutant.SnapshotOfNothing) || p.imageAt != (Position{m.Seq, m.Chain}) { // 0 names no image, not one of nothing
		offset = 0
		p.takeImage(app)
	}
	chunk := chunkAt(p.image, offset)
	if chunk == nil {
		return
	}
	s := p.answerAt(m, KindSnapshot, p.imageAt)
	s.Offset, s.Total, s.Digest, s.Chunk = offset, uint64(len(p.image)), p.imageDigest, chunk
	p.out.send(s)
}

// stepSnapshot takes a piece of the applied state of another participant, which stands for batches
// that nobody can send any more. The last piece makes it the state here; it is recorded before
// anything above it is acknowledged, like a batch.
func (p *Participant) stepSnapshot(m *Message) {
	app, ok := p.app.(Snapshotter)
	at := Position{m.Seq, m.Chain}
	if !ok || at.Seq > m.Commit || at.Seq <= p.applied().Seq || p.log.holds(at) || m.Total > p.cfg.SnapshotMax {
		return
	}
	took, whole := p.incoming.add(at, m.Offset, m.Total, m.Digest, m.Chunk)
	if !whole {
		if took || p.incoming.busy() {
			p.sendSnapshotReq(m)
		}
		return
	}
	if p.restore(app, p.incoming.data) != nil {
		p.badSnapshots++
		p.incoming.reset()
		return
	}
	p.promise(m.Ballot) // as in obey
	if !mutant.Is(mutant.SnapshotUnwritten) {
		p.recordImage(at, p.incoming.data)
	}
	p.incoming.reset()
	p.sendState(m)
}

// errImage is why an image is not restored that the App is not even asked about.
var errImage = errors.New("it is none, or of another position")

// restore makes the applied state that of an image. After an error nothing has changed.
func (p *Participant) restore(app Snapshotter, src []byte) error {
	m, ok := decodeImage(src)
	if !ok || m.at != p.incoming.at {
		return errImage
	}
	if err := app.Restore(m.state); err != nil {
		return err
	}
	if mutant.Is(mutant.SnapshotHalf) {
		return nil
	}
	// What was in doubt here lies on a branch that lost: it would hold the position otherwise. But what
	// is pre-committed and missing may lie above the position.
	p.log.reset(m.at, m.generation)
	p.decided, p.appliedBatches = 0, m.batches
	if !p.lost || p.pre.Seq <= m.at.Seq {
		p.pre = m.at
	}
	p.refused, p.pathBallot = 0, Ballot{}
	p.logRoot = m.at.Seq
	p.image, p.imageAt = p.image[:0], Position{}
	return nil
}

// sendSnapshotReq asks for the next piece.
func (p *Participant) sendSnapshotReq(m *Message) {
	r := p.answerAt(m, KindSnapshotReq, p.incoming.at)
	r.Offset = uint64(len(p.incoming.data))
	p.out.send(r)
}

// recoverSnapshot reads a piece of an image. One that is not above what is applied is a checkpoint in
// a log that was not cut, and says nothing new, unless behind a hole.
func (p *Participant) recoverSnapshot(r *Record) string {
	app, ok := p.app.(Snapshotter)
	if !ok {
		return "a snapshot, of an App that has none"
	}
	if r.Offset == 0 {
		p.incoming.reset() // a crash may have left pieces of the same image before it
	}
	first := p.log.tail() == (Position{}) && p.elected.IsZero()
	took, whole := p.incoming.add(Position{r.Seq, r.Chain}, r.Offset, r.Total, r.Digest, r.Chunk)
	if !took && p.hole {
		return "" // the piece before it is missing
	}
	if !took {
		return "a piece of a snapshot that does not follow the piece before it, or is damaged"
	}
	if !whole {
		return ""
	}
	defer p.incoming.reset()
	switch {
	case r.Seq > p.applied().Seq:
		if err := p.restore(app, p.incoming.data); err != nil {
			return "a snapshot that the App refuses: " + err.Error()
		}
	case p.hole && r.Seq == p.applied().Seq:
		p.drop(p.decided) // it may lie on a branch that was dropped in the hole
	default:
		return ""
	}
	if first || p.hole {
		// The pieces are followed by what was in doubt.
		p.elected, p.attempt, p.pre = r.Ballot, r.Attempt, r.PreCommitted
		p.lost, p.proved = true, true
	}
	return ""
}
