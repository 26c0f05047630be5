package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// rematch matches the engine's command log again, batch by batch. A log that was cut begins with a snapshot:
// what lies before is not matched again, and what follows rests on it.
type rematch struct {
	core      *engine.Core
	open      *engine.Builder
	target    int
	reader    *journal.Reader
	cmds      []codec.Command // of the current record
	warm      int             // of them, over how many the core has looked ahead
	payload   []byte
	decided   engine.Decided      // highest decision in the log
	decisions []engine.Decided    // all that are behind the snapshot, until the batches come to them
	members   []engine.Membership // changes of the members, all of the run
	ended     bool                // the log says that the run is finished
	base      engine.Sealed       // the last batch that is in the snapshot; 0: there is none
	reached   bool                // base was met
	from      uint64              // first command that is matched again
	snapshots int                 // that were made again
	progress  *Progress
}

// openRematch makes the snapshots of the log again, reads it for its vetoes and decisions, which a core must
// know beforehand, and opens it again for the commands.
func openRematch(log rundir.CommandLog, limits engine.Limits, p *Progress) (*rematch, error) {
	all, err := log.Snapshots.All()
	if err != nil {
		return nil, err
	}
	r, err := journal.NewReader(log.Dir)
	if err != nil {
		return nil, err
	}
	cut := r.First() > 1
	if err := r.Close(); err != nil {
		return nil, err
	}
	m := &rematch{target: limits.BatchTarget, reached: true, progress: p}
	base := snapshot.Snapshot{}
	if cut && len(all) > 0 {
		base, all = all[0], all[1:]
	}
	replica, err := restored(log.Dir, limits, base)
	if err != nil {
		return nil, err
	}
	defer replica.Close()
	if m.snapshots, err = remake(log, limits, base, all, p); err != nil {
		return nil, err
	}
	if m.base = replica.Settled(); m.base.Seq > 0 {
		m.reached = false
	}
	m.decided, m.members = engine.Decided(replica.Decided()), replica.Members()
	if err := m.scan(log.Dir, base.At, replica); err != nil {
		return nil, err
	}
	m.core, m.cmds = replica.Yield()
	p.commands.Add(uint64(len(m.cmds))) // what was in doubt when the snapshot was made is matched first
	p.total.Add(uint64(len(m.cmds)))
	m.open, m.from = engine.NewBuilder(m.core.LastCommand(), m.core.NextTrade()), m.core.LastCommand()+1
	m.reader, err = journal.NewReaderOn(disk.Real, log.Dir, base.At)
	return m, err
}

// restored is the replica of a snapshot, or of nothing.
func restored(dir string, limits engine.Limits, s snapshot.Snapshot) (*engine.Replica, error) {
	if s.At.LSN == 0 {
		return engine.NewReplica(limits)
	}
	r, err := engine.RestoreReplica(limits, s.Body)
	if err != nil {
		return nil, violation("V10", "%s: the snapshot of record %d: %v", dir, s.At.LSN, err)
	}
	return r, nil
}

// remake makes each snapshot again, from the one before it and the records between them, and compares the
// two (V10).
func remake(log rundir.CommandLog, limits engine.Limits, base snapshot.Snapshot, all []snapshot.Snapshot, p *Progress) (n int, err error) {
	for _, s := range all {
		r, err := restored(log.Dir, limits, base)
		if err != nil {
			return n, err
		}
		err = upTo(log.Dir, r, base.At, s.At, p)
		same := err == nil && bytes.Equal(r.AppendSnapshot(make([]byte, 0, len(s.Body))), s.Body)
		r.Close()
		switch {
		case errors.Is(err, engine.ErrReplay):
			return n, violation("V4", "%v", err)
		case err != nil:
			return n, err
		case !same:
			return n, violation("V10", "the engine's snapshot of record %d is not what the log up to there gives", s.At.LSN)
		}
		n++
		base = s
	}
	return n, nil
}

// upTo lets r take the records behind after, up to one.
func upTo(dir string, r *engine.Replica, after, to journal.Position, p *Progress) error {
	reader, err := journal.NewReaderOn(disk.Real, dir, after)
	if err != nil {
		return err
	}
	defer reader.Close() //nolint:errcheck // read only
	for reader.Position().LSN < to.LSN {
		rec, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return violation("V10", "the engine has a snapshot of record %d, the log ends with record %d", to.LSN, reader.Position().LSN)
		}
		before := r.Commands()
		if err == nil {
			err = r.Take(rec.Kind, rec.Body)
		}
		if err != nil {
			return err
		}
		p.commands.Add(r.Commands() - before)
	}
	if at := reader.Position(); at != to {
		return violation("V10", "the engine has a snapshot of record %v of a log, this one has %v there", to, at)
	}
	return nil
}

// scan takes vetoes and decisions behind a position, and counts the commands there.
func (m *rematch) scan(dir string, after journal.Position, to *engine.Replica) error {
	r, err := journal.NewReaderOn(disk.Real, dir, after)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // read only
	commands := m.progress.commands.Load()
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			m.progress.total.Store(commands)
			return nil
		}
		if err != nil {
			return err
		}
		switch rec.Kind {
		case engine.RecordCommands:
			cmds, _ := codec.Commands(rec.Body) // what is none is told when it is matched
			commands += uint64(len(cmds))
		case engine.RecordVeto:
			if err := to.Take(rec.Kind, rec.Body); err != nil {
				return err
			}
		case engine.RecordGeneration:
			c, err := engine.DecodeMembership(rec.Body)
			if err != nil {
				return err
			}
			m.members = append(m.members, c)
		case engine.RecordEnd:
			m.ended = true
		case engine.RecordDecided:
			d, err := engine.DecodeDecided(rec.Body)
			if err != nil {
				return err
			}
			if d.Seq <= m.decided.Seq {
				return violation("V8", "the engine's log goes from the decision of batch %d to that of batch %d", m.decided.Seq, d.Seq)
			}
			m.decided, m.decisions = d, append(m.decisions, d)
		}
	}
}

// next returns the next command of the log, or nil at its end.
func (m *rematch) next() (*codec.Command, error) {
	for len(m.cmds) == 0 {
		rec, err := m.reader.Next()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if rec.Kind != engine.RecordCommands {
			continue
		}
		cmds, ok := codec.Commands(rec.Body)
		if !ok {
			return nil, fmt.Errorf("engine log, record %d: %d bytes are not whole commands", rec.LSN, len(rec.Body))
		}
		m.cmds, m.warm = cmds, 0
		m.progress.commands.Add(uint64(len(cmds)))
	}
	if m.warm == 0 {
		m.warm = m.core.WarmLogged(m.cmds)
	}
	c := &m.cmds[0]
	m.cmds, m.warm = m.cmds[1:], m.warm-1
	return c, nil
}

// produces checks V4: matching up to the batch's last command gives exactly the batch.
func (m *rematch) produces(b *batch3pc.Batch, p *codec.Payload) error {
	if m.reached = m.reached || b.Seq > m.base.Seq && m.baseIsChange(); !m.reached {
		return m.before(b, p)
	}
	for m.core.LastCommand() < p.LastCommand {
		c, err := m.next()
		if err != nil {
			return err
		}
		if c == nil {
			return violation("V4", "batch %d holds trades of command %d, the command log ends at %d", b.Seq, p.LastCommand, m.core.LastCommand())
		}
		if c.Seq != m.core.LastCommand()+1 {
			return violation("V4", "the command log goes from command %d to %d", m.core.LastCommand(), c.Seq)
		}
		if m.open.Full(m.target) && !m.core.Passes(c) {
			return violation("V4", "batch %d: the command log gives more trades than it holds", b.Seq)
		}
		m.core.Apply(c, m.open)
	}
	m.payload = m.open.AppendPayload(m.payload[:0])
	if !bytes.Equal(m.payload, b.Payload) {
		return violation("V4", "batch %d: matching commands %d to %d again gives other trades", b.Seq, p.FirstCommand, p.LastCommand)
	}
	m.open.Reset(m.core.LastCommand(), m.core.NextTrade())
	return nil
}

// agrees checks V8 for a committed batch or entry: what the engine's log calls decided is this history and no other. Where only the
// tape is there, entries are not.
func (m *rematch) agrees(at batch3pc.Position, entries bool) error {
	for ; len(m.decisions) > 0 && m.decisions[0].Seq <= at.Seq; m.decisions = m.decisions[1:] {
		switch d := m.decisions[0]; {
		case d.Seq < at.Seq && entries:
			return violation("V8", "the engine has decided batch %d (chain %016x), which was not committed", d.Seq, uint64(d.Chain))
		case d.Seq == at.Seq && d.Chain != at.Chain:
			return violation("V8", "the engine has decided batch %d with chain %016x, committed was chain %016x", d.Seq, uint64(d.Chain), uint64(at.Chain))
		}
	}
	return nil
}

// baseIsChange reports whether what the snapshot ends with is no batch, but a change of the members, which V9 is about.
func (m *rematch) baseIsChange() bool {
	at := batch3pc.Position{Seq: m.base.Seq, Chain: m.base.Chain}
	return slices.ContainsFunc(m.members, func(c engine.Membership) bool { return c.Generation.At == at })
}

// before checks a batch that the snapshot has swallowed: the last one must be the one that it names (V10).
func (m *rematch) before(b *batch3pc.Batch, p *codec.Payload) error {
	if b.Seq < m.base.Seq {
		return nil
	}
	m.reached = true
	next := p.FirstTrade + uint64(len(p.Trades))
	if b.Seq != m.base.Seq || b.Chain != m.base.Chain || p.LastCommand != m.base.LastCommand || next != m.core.NextTrade() {
		return violation("V10", "the engine's log begins with a snapshot behind batch %d (chain %016x), command %d and trade %d; committed was batch %d (chain %016x) with command %d and trade %d",
			m.base.Seq, uint64(m.base.Chain), m.base.LastCommand, m.core.NextTrade()-1, b.Seq, uint64(b.Chain), p.LastCommand, next-1)
	}
	return nil
}

// result tells what was done.
func (m *rematch) result(r *Result) {
	r.Commands, r.StateHash = m.core.Counts().Commands, participant.Hex(m.core.StateHash())
	r.RematchedFrom, r.EngineRestsOn, r.Snapshots = m.from, uint64(m.base.Seq), m.snapshots
}

// rest matches what the log holds after the last committed batch.
func (m *rematch) rest() error {
	if !m.reached && !m.baseIsChange() {
		return violation("V10", "the engine's log begins with a snapshot behind batch %d, which was not committed", m.base.Seq)
	}
	for {
		if n := m.open.Trades(); m.ended && n > 0 {
			return violation("V4", "the command log says that the run is finished, and its commands up to %d give %d trades that were not committed", m.core.LastCommand(), n)
		}
		c, err := m.next()
		if err != nil || c == nil {
			return err
		}
		if c.Seq != m.core.LastCommand()+1 {
			return violation("V4", "the command log goes from command %d to %d", m.core.LastCommand(), c.Seq)
		}
		if m.open.Full(m.target) {
			m.open.Reset(m.core.LastCommand(), m.core.NextTrade())
		}
		m.core.Apply(c, m.open)
	}
}

func (m *rematch) close() error {
	if m.core != nil {
		m.core.Close()
	}
	if m.reader == nil {
		return nil
	}
	return m.reader.Close()
}
