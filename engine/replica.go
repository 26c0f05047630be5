//tezi:pure

package engine

import (
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// Replica is what a command log says. It is fed the records of the log in order, of one that is
// complete or of one that still grows, and keeps a core that has matched what is decided; what
// comes after is kept as it is, because an election may still abort it:
//
//	log      commands ── Sealed ── commands ── Sealed ── commands
//	                       ▲ Decided             ▲ in doubt
//	core     ──────────────┘
//	waiting                 └───────────────────────────────────▶
//
// An engine that takes the log up goes on from here (Resume, Ports.Standby), and so does one that
// has to go back behind a veto.
type Replica struct {
	limits  Limits
	core    *Core
	open    *Builder
	settled Sealed          // the last batch that the core has matched; its parent does not matter
	path    []Sealed        // what is sealed and not settled, each the parent of the next
	waiting []codec.Command // waiting[head:] are the commands after settled
	head    int
	warm    int               // up to where of waiting the core has looked ahead
	vetoes  []Veto            // all of the log
	members []Membership      // all of the log
	held    [256]batch3pc.Seq // by participant: decided and durable there
	epoch   batch3pc.Record   // the highest ballot of the log
	seq     uint64            // last command
	seqSeen batch3pc.Seq      // highest number of any sealed batch, live or not
	batches uint64            // settled
	source  Source            // what came in from outside
	ended   bool              // RecordEnd: the run is finished
	payload []byte            // scratch
	decided batch3pc.Position // highest Decided of the log
}

// Source says how much of its source a command log holds: how many commands, and their digest, so
// that a source can be compared with the log before it is read on.
type Source struct {
	Commands uint64
	digest   xxhash.Digest
}

// NewSource returns the source of an empty log.
func NewSource() Source {
	var s Source
	s.digest.Reset()
	return s
}

// Add adds a command as the source gave it: without a sequence number. What the engine makes itself
// does not count.
func (s *Source) Add(c *codec.Command) {
	if c.Kind.Made() {
		return
	}
	bare := [1]codec.Command{*c}
	bare[0].Seq = 0
	s.Commands++
	_, _ = s.digest.Write(codec.CommandBytes(bare[:]))
}

// Digest is the hash of the commands so far.
func (s *Source) Digest() uint64 { return s.digest.Sum64() }

// ErrReplay is wrapped by every error about a command log that contradicts itself or what it
// produced before: a bug or a forgery, and nothing that anybody may trade on.
var ErrReplay = errors.New("engine: the command log does not give what was committed")

// NewReplica returns the replica of an empty log.
func NewReplica(l Limits) (*Replica, error) {
	core, err := NewCore(l, nil)
	if err != nil {
		return nil, err
	}
	return &Replica{limits: l, core: core, open: NewBuilder(0, 1), source: NewSource()}, nil
}

// Settled returns the last batch that the core has matched.
func (r *Replica) Settled() Sealed { return r.settled }

// Members returns the changes of the members that the log holds.
func (r *Replica) Members() []Membership { return r.members }

// Yield gives up the core, which the caller closes, and the commands behind it. The replica is of no
// use afterwards.
func (r *Replica) Yield() (*Core, []codec.Command) {
	core := r.core
	r.core = nil
	return core, r.waiting[r.head:]
}

// Close frees the core, unless an engine has taken it over.
func (r *Replica) Close() {
	if r.core != nil {
		r.core.Close()
		r.core = nil
	}
}

// Ended reports whether the log says that its run is finished.
func (r *Replica) Ended() bool { return r.ended }

// Commands returns the sequence number of the last command of the log.
func (r *Replica) Commands() uint64 { return r.seq }

// Source returns what the log holds of its source.
func (r *Replica) Source() Source { return r.source }

// SourceCommands returns how many commands of its source the log holds: the number in Source.
func (r *Replica) SourceCommands() uint64 { return r.source.Commands }

// Counts returns what the core has done: up to what is decided.
func (r *Replica) Counts() Counts { return r.core.Counts() }

// Decided returns the highest batch that the log calls decided.
func (r *Replica) Decided() batch3pc.Position { return r.decided }

// Take takes the next record of the log. The body is not kept. An error is final.
func (r *Replica) Take(kind uint8, body []byte) error {
	switch kind {
	case RecordCommands:
		return r.commands(body)
	case RecordSealed:
		s, err := DecodeSealed(body)
		if err != nil {
			return err
		}
		return r.sealed(s)
	case RecordDecided:
		d, err := DecodeDecided(body)
		if err != nil {
			return err
		}
		r.decided = batch3pc.Position(d)
		if d.Seq <= r.settled.Seq {
			return nil
		}
		return r.settle(r.decided, nil)
	case RecordVeto:
		v, err := DecodeVeto(body)
		if err != nil {
			return err
		}
		if v.From <= r.core.LastCommand() {
			return fmt.Errorf("%w: a veto from command %d on, decided up to %d", ErrReplay, v.From, r.core.LastCommand())
		}
		r.vetoes = append(r.vetoes, v)
		r.core.addVeto(v)
		return nil
	case RecordHeld:
		return DecodeHeld(body, func(h Held) { r.held[h.Node] = max(r.held[h.Node], h.Seq) })
	case RecordGeneration:
		m, err := DecodeMembership(body)
		if err != nil {
			return err
		}
		return r.changed(m)
	case uint8(batch3pc.RecordEpoch):
		return r.opened(body)
	case RecordEnd:
		r.ended = true
	}
	return nil
}

func (r *Replica) commands(body []byte) error {
	cmds, ok := codec.Commands(body)
	if !ok {
		return fmt.Errorf("%w: commands of %d bytes", ErrRecord, len(body))
	}
	for i := range cmds {
		if cmds[i].Seq != r.seq+1 {
			return fmt.Errorf("%w: command %d follows command %d", ErrReplay, cmds[i].Seq, r.seq)
		}
		r.seq++
		r.source.Add(&cmds[i])
	}
	r.waiting = append(r.waiting, cmds...)
	return nil
}

// sealed puts a batch on the path, behind its parent. What was behind that was aborted.
func (r *Replica) sealed(s Sealed) error {
	before, n := r.before(s.Parent)
	if before.Seq != s.Parent || s.Seq <= r.seqSeen || s.LastCommand < before.LastCommand || s.LastCommand > r.seq {
		return fmt.Errorf("%w: batch %d with parent %d and last command %d was sealed behind batch %d and command %d",
			ErrReplay, s.Seq, s.Parent, s.LastCommand, before.Seq, r.seq)
	}
	r.seqSeen = s.Seq
	r.path = append(r.path[:n], s)
	return nil
}

// before finds the step with that number on the path, or else what is settled, and how much of the path it ends.
func (r *Replica) before(parent batch3pc.Seq) (step Sealed, n int) {
	for n = len(r.path); n > 0; n-- {
		if r.path[n-1].Seq == parent {
			return r.path[n-1], n
		}
	}
	return r.settled, 0
}

func (r *Replica) opened(body []byte) error {
	var rec batch3pc.Record
	if err := codec.DecodeRecord(uint8(batch3pc.RecordEpoch), body, &rec, nil); err != nil {
		return err
	}
	if r.epoch.Ballot.Less(rec.Ballot) {
		r.epoch = rec
	}
	return nil
}

// end is the last batch of the path: the last one that was sealed and not known to be aborted.
func (r *Replica) end() Sealed {
	if n := len(r.path); n > 0 {
		return r.path[n-1]
	}
	return r.settled
}

// settle matches the batches of the path up to to, which is decided, and compares each with what
// was committed: equal chain, equal history. told, if not nil, is called for each.
func (r *Replica) settle(to batch3pc.Position, told func(s *Sealed, payload []byte) error) error {
	n := 0
	for n < len(r.path) && r.path[n].Seq < to.Seq {
		n++
	}
	if n == len(r.path) || r.path[n].Seq != to.Seq || r.path[n].Chain != to.Chain {
		return fmt.Errorf("%w: batch %d (chain %016x) is decided, and is not in the log behind batch %d",
			ErrReplay, to.Seq, uint64(to.Chain), r.settled.Seq)
	}
	for i := range n + 1 {
		if r.path[i].opens {
			r.settled = r.path[i]
			continue
		}
		if err := r.match(&r.path[i]); err != nil {
			return err
		}
		r.settled = r.path[i]
		r.batches++
		if told != nil {
			if err := told(&r.settled, r.payload); err != nil {
				return err
			}
		}
	}
	r.path = append(r.path[:0], r.path[n+1:]...)
	if r.head > len(r.waiting)/2 {
		r.waiting, r.head, r.warm = append(r.waiting[:0], r.waiting[r.head:]...), 0, 0
	}
	return nil
}

// match matches one batch, which follows what is settled, and checks that it comes out the same.
func (r *Replica) match(s *Sealed) error {
	for r.core.LastCommand() < s.LastCommand {
		if r.head == r.warm {
			r.warm += r.core.WarmLogged(r.waiting[r.head:])
		}
		if r.open.Full(r.limits.BatchTarget) && !r.core.Passes(&r.waiting[r.head]) {
			return fmt.Errorf("%w: commands up to %d give more trades than batch %d has", ErrReplay, r.core.LastCommand(), s.Seq)
		}
		r.core.Apply(&r.waiting[r.head], r.open)
		r.head++
	}
	r.payload = r.open.AppendPayload(r.payload[:0])
	b := batch3pc.Batch{
		Seq: s.Seq, Parent: r.settled.Seq, ParentChain: r.settled.Chain,
		Generation: s.Generation, Count: uint32(r.open.Trades()), Payload: r.payload,
	}
	b.Seal()
	if b.Chain != s.Chain || uint64(b.Count) != s.Trades {
		return fmt.Errorf("%w: matching commands %d to %d again gives %d trades and chain %016x, batch %d has %d and %016x",
			ErrReplay, r.open.first, s.LastCommand, b.Count, uint64(b.Chain), s.Seq, s.Trades, uint64(s.Chain))
	}
	r.open.Reset(r.core.LastCommand(), r.core.NextTrade())
	return nil
}
