package commit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/textbook"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// textbookNode is a participant of another protocol: the production role, log and driver, and the
// other machine.
type textbookNode struct {
	*rounds.Participant
	machine *textbook.Participant
	role    participant.Role
	disk    *rounds.Disk
	link    *transport.Link
	bell    *ringbuf.Bell
	header  codec.Header
	finish  *batch3pc.Position // the end of the stream
	done    bool
}

func openTextbook(s *nodeSpec, dir string, role participant.Role, link *transport.Link, bell *ringbuf.Bell) (*textbookNode, error) {
	cfg := textbookConfig(s.Protocol)
	cfg.Self, cfg.WindowMax = batch3pc.NodeID(s.Node), s.Window
	machine, err := textbook.NewParticipant(cfg, role)
	if err != nil {
		return nil, err
	}
	disk, err := rounds.OpenDisk(dir, bell, rounds.Replay(machine))
	if err != nil {
		return nil, err
	}
	n := &textbookNode{
		machine: machine, role: role, disk: disk, link: link, bell: bell,
		header: codec.Header{Cluster: cluster, From: s.Node, Boot: boot},
	}
	n.Participant = rounds.NewParticipant(rounds.ParticipantConfig{
		Header: n.header, Async: !s.Durable, TickNs: int64(tickEvery), Other: n.other,
	}, machine, disk, []rounds.Peer{{Node: coordinatorNode, Link: link}})
	return n, nil
}

// Run serves until ctx ends, or until the coordinator has finished and gone.
func (n *textbookNode) Run(ctx context.Context) error {
	n.disk.Start()
	return errors.Join(rounds.Loop(ctx, n.bell, n), n.disk.Close(), n.role.Close())
}

// Round is a duty cycle, with the end of the stream.
func (n *textbookNode) Round(nowNs int64) (worked bool, err error) {
	worked, err = n.Participant.Round(nowNs)
	st := n.machine.Status()
	if err != nil || n.finish == nil || st.Applied != n.finish.Seq {
		return worked, err
	}
	if n.done && n.Connected() == 0 {
		return worked, rounds.ErrDone
	}
	if buf := n.link.Claim(codec.FrameHeaderSize + codec.SummarySize); !n.done && buf != nil {
		n.done = true
		h := n.header
		h.Kind = codec.FrameFinished
		frame := codec.AppendSummary(codec.BeginFrame(buf[:0], h), codec.Summary{
			AppliedBatches: st.AppliedBatches, AppliedTrades: n.role.AppliedTrades(),
			Chain: uint64(st.AppliedChain), Digest: n.role.Digest(), Syncs: n.disk.Syncs(),
		})
		codec.SealFrame(frame)
		n.link.Publish(len(frame))
	}
	return worked, nil
}

// other takes the coordinator's Finish.
func (n *textbookNode) other(_ batch3pc.NodeID, h codec.Header, body []byte) error {
	if h.Kind != codec.FrameFinish || len(body) != 16 {
		return fmt.Errorf("%w: frame of kind %d with %d bytes, want Finish with 16", codec.ErrFrameBody, h.Kind, len(body))
	}
	n.finish = &batch3pc.Position{Seq: batch3pc.Seq(binary.LittleEndian.Uint64(body)), Chain: batch3pc.Chain(binary.LittleEndian.Uint64(body[8:]))}
	return nil
}
