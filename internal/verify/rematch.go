package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
)

// rematch matches the engine's command log again, batch by batch.
type rematch struct {
	core    *engine.Core
	open    *engine.Builder
	target  int
	reader  *journal.Reader
	cmds    []codec.Command // of the current record
	payload []byte
	decided engine.Decided      // highest decision in the log
	members []engine.Membership // changes of the members in the log
}

// openRematch reads the log once for its vetoes and decisions, which a core must know beforehand,
// and opens it again for the commands.
func openRematch(dir string, limits engine.Limits) (*rematch, error) {
	m := &rematch{target: limits.BatchTarget, open: engine.NewBuilder(0, 1)}
	vetoes, err := m.scan(dir)
	if err != nil {
		return nil, err
	}
	if m.core, err = engine.NewCore(limits, vetoes); err != nil {
		return nil, err
	}
	m.reader, err = journal.NewReader(dir)
	return m, err
}

func (m *rematch) scan(dir string) (vetoes []engine.Veto, err error) {
	r, err := journal.NewReader(dir)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	if first := r.First(); first > 1 {
		return nil, &TruncatedError{Dir: dir, First: first}
	}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return vetoes, nil
		}
		if err != nil {
			return nil, err
		}
		switch rec.Kind {
		case engine.RecordVeto:
			v, err := engine.DecodeVeto(rec.Body)
			if err != nil {
				return nil, err
			}
			vetoes = append(vetoes, v)
		case engine.RecordGeneration:
			c, err := engine.DecodeMembership(rec.Body)
			if err != nil {
				return nil, err
			}
			m.members = append(m.members, c)
		case engine.RecordDecided:
			if m.decided, err = engine.DecodeDecided(rec.Body); err != nil {
				return nil, err
			}
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
		m.cmds = cmds
	}
	c := &m.cmds[0]
	m.cmds = m.cmds[1:]
	return c, nil
}

// produces checks V4: matching up to the batch's last command gives exactly the batch.
func (m *rematch) produces(b *batch3pc.Batch, p *codec.Payload) error {
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

// rest matches what the log holds after the last committed batch.
func (m *rematch) rest() error {
	for {
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
