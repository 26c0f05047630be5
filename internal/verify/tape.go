package verify

import (
	"bytes"
	"errors"
	"iter"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant/marketdata"
)

// published is one batch as the tape has it. The payload is valid until the next one is taken.
type published struct {
	seq     batch3pc.Seq
	payload codec.Payload
	err     error // the tape could not be read; nothing follows
}

// tape takes the published batches one by one, in step with the logs.
type tape struct {
	next func() (published, bool)
	stop func()
}

var errStopped = errors.New("verify: stopped reading the tape")

func openTape(dir string) *tape {
	next, stop := iter.Pull(func(yield func(published) bool) {
		err := marketdata.ReadTape(dir, func(e *marketdata.TapeEntry) error {
			if !yield(published{seq: e.At.Seq, payload: e.Payload}) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(published{err: err})
		}
	})
	return &tape{next: next, stop: stop}
}

// published checks V7 for one committed batch: the tape has it next, or has ended, because market
// data was cut off before it could publish.
func (v *verifier) published(b *batch3pc.Batch, p *codec.Payload) error {
	if v.tapeEnded {
		return nil
	}
	at, ok := v.tape.next()
	switch {
	case !ok:
		v.tapeEnded, v.unseen = true, b.Seq
		return nil
	case at.err != nil:
		return at.err
	case at.seq != b.Seq:
		return violation("V7", "the tape has published batch %d where batch %d was committed", at.seq, b.Seq)
	case !bytes.Equal(codec.TradeBytes(at.payload.Trades), codec.TradeBytes(p.Trades)):
		return violation("V7", "the tape has published other trades for batch %d than were committed", b.Seq)
	}
	return nil
}

// unpublished checks V7 at the end. A participant that has finished has published everything. What
// the tape has beyond the logs' commit records was decided too, if it is the next batch that a
// quorum holds: a cut-off run may have lost the records of its last decisions, which are lazy.
func (v *verifier) unpublished() error {
	md := v.roles[len(v.roles)-1]
	if v.tapeEnded && md.result.Finished {
		return violation("V7", "market data finished without publishing batch %d", v.unseen)
	}
	for !v.tapeEnded {
		at, ok := v.tape.next()
		if !ok {
			return nil
		}
		if at.err != nil {
			return at.err
		}
		if holders := v.holders(at); holders < v.quorum() {
			return violation("V7", "the tape has published batch %d, which is not committed and which %d participants hold, want %d", at.seq, holders, v.quorum())
		}
	}
	return nil
}

// holders counts the participants that hold a published batch undecided at the end of their logs.
func (v *verifier) holders(at published) (n int) {
	for _, r := range v.roles {
		for _, b := range r.stream.decided.Held() {
			p, err := codec.DecodePayload(b.Payload)
			if err == nil && b.Seq == at.seq && bytes.Equal(codec.TradeBytes(p.Trades), codec.TradeBytes(at.payload.Trades)) {
				n++
				break
			}
		}
	}
	return n
}

func (v *verifier) quorum() int { return len(v.roles)/2 + 1 }
