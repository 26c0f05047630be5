package rounds_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// memLog is a Log in memory, whose disk works when the test says so.
type memLog struct {
	records [][]byte // kind, then body
	flushed uint64
	wanted  uint64
	synced  uint64
	failed  error
}

func (l *memLog) Append(kind uint8, head, payload []byte) error {
	if l.failed != nil {
		return l.failed
	}
	l.records = append(l.records, slices.Concat([]byte{kind}, head, payload))
	return nil
}
func (l *memLog) Flush() error            { l.flushed = l.LSN(); return l.failed }
func (l *memLog) LSN() uint64             { return uint64(len(l.records)) }
func (l *memLog) Want(lsn uint64)         { l.wanted = max(l.wanted, lsn) }
func (l *memLog) Synced() (uint64, error) { return l.synced, l.failed }

// sync is the disk: it makes durable what is wanted, of which all must be flushed.
func (l *memLog) sync(t *testing.T) {
	t.Helper()
	if l.wanted > l.flushed {
		t.Fatalf("wants record %d durable, flushed are %d", l.wanted, l.flushed)
	}
	l.synced = max(l.synced, l.wanted)
}

// memLink is one end of a Link in memory: what it publishes is what the other end reads.
type memLink struct {
	in, out *[]memEvent
	claimed []byte
	full    bool
}

type memEvent struct {
	event rounds.Event
	frame []byte
}

func memPair() (a, b *memLink) {
	ab, ba := []memEvent{{event: rounds.EventUp}}, []memEvent{{event: rounds.EventUp}}
	return &memLink{in: &ba, out: &ab}, &memLink{in: &ab, out: &ba}
}

func (l *memLink) Claim(n int) []byte {
	if l.full {
		return nil
	}
	l.claimed = make([]byte, n)
	return l.claimed
}
func (l *memLink) Publish(n int) {
	*l.out = append(*l.out, memEvent{rounds.EventFrame, l.claimed[:n]})
}
func (l *memLink) Next() (rounds.Event, []byte) {
	if len(*l.in) == 0 {
		return rounds.EventNone, nil
	}
	return (*l.in)[0].event, (*l.in)[0].frame
}
func (l *memLink) Release() { *l.in = (*l.in)[1:] }

// tell sends m over the link.
func (l *memLink) tell(m batch3pc.Message) {
	n := codec.MessageSize(&m)
	codec.AppendMessage(l.Claim(n)[:0], codec.Header{}, &m)
	l.Publish(n)
}

// heard takes the kinds of the messages that have come.
func (l *memLink) heard(t *testing.T) (kinds []batch3pc.Kind) {
	t.Helper()
	for ; ; l.Release() {
		ev, frame := l.Next()
		switch ev {
		case rounds.EventNone:
			return kinds
		case rounds.EventFrame:
			h, body, err := codec.CheckFrame(frame)
			var m batch3pc.Message
			var b batch3pc.Batch
			if err := errors.Join(err, codec.DecodeMessage(body, h, &m, &b)); err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, m.Kind)
		}
	}
}

// agree is an App that says yes and counts.
type agree struct {
	applied []batch3pc.Seq
	dropped int
}

func (a *agree) Vote(*batch3pc.Batch, bool) batch3pc.Vote { return batch3pc.Vote{Yes: true} }
func (a *agree) Apply(b *batch3pc.Batch)                  { a.applied = append(a.applied, b.Seq) }
func (a *agree) Drop(*batch3pc.Batch)                     { a.dropped++ }
