//tezi:pure

package driver

import (
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// ParticipantConfig configures a Participant.
type ParticipantConfig struct {
	Header codec.Header // Cluster, From and Boot of the frames that it sends
	// Async lets promises leave before the disk has kept them. It breaks every guarantee, and is for
	// measurements of what the disk costs.
	Async bool
	// TickNs is the interval of the Ticks of a Machine that has them, in nanoseconds.
	TickNs int64
	// Frame is given frames that are not the protocol's; nil: they are an error. From is the node at
	// the other end of the link; body is valid during the call.
	Frame func(from batch3pc.NodeID, h codec.Header, body []byte) error
}

// Participant connects the machine of one participant to its coordinators and its log. It is a
// duty cycle: whoever owns it calls Round, with the time, from one goroutine.
type Participant struct {
	outlet
	cfg     ParticipantConfig
	machine Machine
	ticker  ticker // the machine again, or nil
	tickNs  int64  // when the next Tick is due; 0: not known yet
	message batch3pc.Message
	batch   batch3pc.Batch
}

// NewParticipant connects machine, to which the log was replayed (Replay), to its coordinators.
func NewParticipant(cfg ParticipantConfig, machine Machine, log Log, coordinators []Peer) *Participant {
	p := &Participant{outlet: newOutlet(cfg.Header, log, cfg.Async, coordinators), cfg: cfg, machine: machine}
	p.ticker, _ = machine.(ticker)
	return p
}

// framesPerRound bounds what is taken from one link before records are flushed and waiting messages
// are sent.
const framesPerRound = 64

// Round takes what has arrived, writes and answers. nowNs is the time by any clock that does not go
// back. It reports whether anything had arrived. After an error the node must not go on: its log
// failed (D3), or a peer does not speak the protocol.
func (p *Participant) Round(nowNs int64) (worked bool, err error) {
	before := p.log.LSN()
	for i := range p.peers {
		w, err := p.poll(&p.peers[i])
		if err != nil {
			return true, err
		}
		worked = worked || w
	}
	if err := p.tick(nowNs); err != nil {
		return worked, err
	}
	if p.log.LSN() != before {
		if err := p.log.Flush(); err != nil {
			return worked, err
		}
	}
	return worked, p.release()
}

// Ready reports whether Round would find something: an event of a link, or a sync that ended. It is
// a few loads, and made to be polled.
func (p *Participant) Ready() bool { return p.ready() }

// WakeNs is when Round wants to be called at the latest; 0: not before Ready.
func (p *Participant) WakeNs() int64 { return p.tickNs }

// Connected counts the coordinators whose link is up.
func (p *Participant) Connected() int { return p.connected() }

func (p *Participant) poll(from *peer) (worked bool, err error) {
	for range framesPerRound {
		ev, frame := from.Link.Next()
		if ev == EventNone {
			return worked, nil
		}
		worked = true
		switch ev {
		case EventUp, EventDown:
			from.up = ev == EventUp
		case EventFrame:
			err = p.frame(from, frame)
		}
		from.Link.Release()
		if err != nil {
			return true, err
		}
	}
	return worked, nil
}

func (p *Participant) frame(from *peer, frame []byte) error {
	h, body := codec.TrustFrame(frame)
	if h.Kind == codec.FrameMessage {
		if err := from.decode(h, body, &p.message, &p.batch); err != nil {
			return err
		}
		return p.do(p.machine.Step(&p.message))
	}
	if p.cfg.Frame == nil {
		return fmt.Errorf("%w: frame of kind %d from node %d, want a message", codec.ErrFrameBody, h.Kind, from.Node)
	}
	return p.cfg.Frame(from.Node, h, body)
}

func (p *Participant) tick(nowNs int64) error {
	if p.ticker == nil || nowNs < p.tickNs {
		return nil
	}
	first := p.tickNs == 0
	p.tickNs = nowNs + p.cfg.TickNs
	if first {
		return nil
	}
	return p.do(p.ticker.Tick())
}
