package verify

import (
	"bytes"
	"errors"
	"iter"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/marketdata"
)

// tape takes the entries of the tape one by one, in step with the logs.
type tape struct {
	next func() (read, bool)
	stop func()
	head *marketdata.TapeEntry // the next one, until taken; its payload is valid as long
	end  bool
}

// read is an entry, or why there is none.
type read struct {
	entry *marketdata.TapeEntry
	err   error
}

var errStopped = errors.New("verify: stopped reading the tape")

func openTape(dir string) *tape {
	next, stop := iter.Pull(func(yield func(read) bool) {
		err := marketdata.ReadTape(dir, func(e *marketdata.TapeEntry) error {
			if !yield(read{entry: e}) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(read{err: err})
		}
	})
	return &tape{next: next, stop: stop}
}

// peek returns the next entry, or nil at the end.
func (t *tape) peek() (*marketdata.TapeEntry, error) {
	if t.head != nil || t.end {
		return t.head, nil
	}
	r, ok := t.next()
	if r.err != nil {
		return nil, r.err
	}
	t.head, t.end = r.entry, !ok
	return t.head, nil
}

// take makes the entry behind the head the next one.
func (t *tape) take() { t.head = nil }

// older returns the next batch as the tape has it, if it lies before all logs, of which first is the first
// batch; else nil. That it is what was committed then, the checkpoints of the logs say: they have to be
// the states that it gives.
func (v *verifier) older(first *batch3pc.Batch) (*batch3pc.Batch, error) {
	e, err := v.tape.peek()
	for err == nil && e != nil && e.Gap { // see begin
		v.tape.take()
		e, err = v.tape.peek()
	}
	if e == nil || err != nil || first != nil && e.At.Seq >= first.Seq {
		return nil, err
	}
	v.fromTape++
	b := &batch3pc.Batch{Seq: e.At.Seq, Chain: e.At.Chain, Count: uint32(len(e.Payload.Trades)), Payload: codec.AppendPayload(nil, &e.Payload)}
	if b.Seq <= v.last.Seq {
		return nil, violation("V7", "the tape has batch %d behind batch %d", b.Seq, v.last.Seq)
	}
	return b, nil
}

// published checks V7 for one committed batch: the tape has it next, or has ended, because market
// data was cut off before it could publish, or says that it has not published it.
func (v *verifier) published(b *batch3pc.Batch, p *codec.Payload) error {
	e, err := v.tape.peek()
	for e != nil && e.Gap && e.To < p.FirstTrade {
		v.tape.take()
		e, err = v.tape.peek()
	}
	switch {
	case err != nil:
		return err
	case e == nil:
		if v.unseen == 0 && !v.inState(b, p) {
			v.unseen = b.Seq
		}
		return nil
	case (e.Gap || e.At != b.Position()) && v.inState(b, p):
		return nil
	case e.Gap && e.From <= p.FirstTrade && p.FirstTrade <= e.To:
		if md := v.roles[len(v.roles)-1].stream; md.head == nil && md.last.Seq == b.Seq {
			v.passed = b.Seq
		}
		return nil
	case e.At != b.Position():
		return violation("V7", "the tape has published batch %d (chain %016x) where batch %d (chain %016x) was committed",
			e.At.Seq, uint64(e.At.Chain), b.Seq, uint64(b.Chain))
	case !bytes.Equal(codec.TradeBytes(e.Payload.Trades), codec.TradeBytes(p.Trades)):
		return violation("V7", "the tape has published other trades for batch %d than were committed", b.Seq)
	case !bytes.Equal(codec.InstrumentBytes(e.Payload.Instruments), codec.InstrumentBytes(p.Instruments)) ||
		e.Payload.FirstCommand != p.FirstCommand || e.Payload.LastCommand != p.LastCommand:
		return violation("V7", "the tape has published other instruments or commands for batch %d than were committed", b.Seq)
	}
	v.tape.take()
	return nil
}

// inState reports whether a batch came to market data as part of a state, and no gap of the tape can say so: gaps count
// trades, and it has definitions alone. A log that was cut does not tell a state of another from one of its own; the
// definitions are in it (V10).
func (v *verifier) inState(b *batch3pc.Batch, p *codec.Payload) bool {
	md := v.roles[len(v.roles)-1].stream
	own := md.head == nil && md.last.Seq == b.Seq
	return len(p.Trades) == 0 && !own && md.state.Seq >= b.Seq
}

// unpublished checks V7 at the end. A participant that has finished has published everything. What
// the tape has beyond the logs' commit records was decided too, if it is the next batch that a
// quorum holds: a cut-off run may have lost the records of its last decisions, which are lazy.
func (v *verifier) unpublished() error {
	md := v.roles[len(v.roles)-1]
	if v.unseen != 0 && md.result.Finished {
		return violation("V7", "market data finished without publishing batch %d", v.unseen)
	}
	if v.passed != 0 && md.result.Checkpoints == 0 && md.result.RestsOn == 0 {
		return violation("V7", "the tape says that batch %d came as part of a state, and the log of market data has the batch and no state", v.passed)
	}
	for {
		e, err := v.tape.peek()
		if e == nil || err != nil {
			return err
		}
		if holders := v.holders(e); !e.Gap && holders < v.quorum() {
			return violation("V7", "the tape has published batch %d, which is not committed and which %d participants hold, want %d", e.At.Seq, holders, v.quorum())
		}
		v.tape.take()
	}
}

// holders counts the participants that hold a published batch undecided at the end of their logs.
func (v *verifier) holders(e *marketdata.TapeEntry) (n int) {
	for _, r := range v.roles {
		for _, b := range r.stream.decided.Held() {
			p, err := codec.DecodePayload(b.Payload, nil)
			if err == nil && b.Position() == e.At && bytes.Equal(codec.TradeBytes(p.Trades), codec.TradeBytes(e.Payload.Trades)) {
				n++
				break
			}
		}
	}
	return n
}

func (v *verifier) quorum() int { return len(v.roles)/2 + 1 }
