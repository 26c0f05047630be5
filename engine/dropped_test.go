package engine

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// say sends a frame, as whatever node and of whatever kind the header says.
func (p *testPeer) say(h codec.Header, body []byte) {
	b := p.out.Claim(codec.FrameHeaderSize + len(body))
	if b == nil {
		return
	}
	f := append(codec.BeginFrame(b[:0], h), body...)
	codec.SealFrame(f)
	p.out.Publish(len(f))
	p.engine.Ring()
}

// nonsense has a participant say something that means nothing here, another thing each time.
func (p *testPeer) nonsense(n int) {
	h := codec.Header{Kind: codec.FrameMessage, From: uint8(p.node)}
	switch n % 7 {
	case 0:
		p.say(h, nil)
	case 1:
		p.say(h, make([]byte, 500))
	case 2: // a yes in the name of another
		m := batch3pc.Message{Kind: batch3pc.KindYes, From: p.node%3 + 1, To: 16}
		b := p.out.Claim(codec.MessageSize(&m))
		if b == nil {
			return
		}
		codec.AppendMessage(b[:0], codec.Header{}, &m)
		p.out.Publish(len(b))
		p.engine.Ring()
	case 3:
		h.Kind = 255
		p.say(h, nil)
	case 4:
		h.Kind = codec.FrameFinish
		p.say(h, make([]byte, 16))
	case 5:
		h.Kind = codec.FrameFinished
		p.say(h, make([]byte, codec.SummarySize-8))
	case 6: // it has saved, and nobody has asked it to
		h.Kind = codec.FrameFinished
		p.say(h, make([]byte, codec.SummarySize))
	}
}

// TestNonsenseIsDropped: participants that say, between all that is right, whatever means nothing do not end the engine, and
// nothing of it counts. People are told now and then, and how often in the end.
func TestNonsenseIsDropped(t *testing.T) {
	cmds := randomFlow(61, 3000)
	b := newTestBox(t, nil)
	said := new(atomic.Uint64)
	for _, p := range b.peers {
		n := 0
		p.hold = func(m *batch3pc.Message) bool {
			if m.Kind == batch3pc.KindYes { // before it is asked to finish, after which it may say that it has
				p.nonsense(n)
				n++
				said.Add(1)
			}
			return false
		}
	}
	res, err := b.run(t, cmds)
	if err != nil {
		t.Fatal(err)
	}
	if res.Dropped != said.Load() || res.Dropped < 3*7 {
		t.Errorf("%d frames dropped, want %d, and enough of all kinds", res.Dropped, said.Load())
	}
	b.asWithout(t, cmds, res)
	for i, p := range res.Participants {
		if p.AppliedBatches == 0 {
			t.Errorf("participant %d ended with %+v", i, p)
		}
	}
	told := b.told(NoticeDropped, "a")
	if len(told) < 2 || told[0].Times != 1 || told[1].Times != 10 || told[0].Why == "" {
		t.Errorf("people were told %+v, want the 1st and the 10th, with a reason", told)
	}
}

// TestNothingButNonsense: a participant that says nothing else is as one that is silent. Trading goes on without it if it may,
// and else is halted, for which it is blamed.
func TestNothingButNonsense(t *testing.T) {
	for _, which := range []int{1, 2} {
		t.Run(fmt.Sprint(which), func(t *testing.T) {
			b := newTestBox(t, quick)
			p, on, n := b.peers[which], new(atomic.Bool), 0
			p.hold = func(*batch3pc.Message) bool {
				if on.Load() {
					p.nonsense(n)
					n++
				}
				return on.Load()
			}
			commit := b.engine.ports.Commit
			commits := 0
			b.engine.ports.Commit = func(c *Committed) error {
				if commits++; commits == 10 {
					on.Store(true)
				}
				return commit(c)
			}
			notify := b.engine.ports.Notify
			b.engine.ports.Notify = func(n Notice) {
				notify(n)
				if n.Kind == NoticeExcluded || n.Kind == NoticeHalted {
					on.Store(false)
				}
			}
			if which == 1 {
				b.engine.cfg.HaltEnds = false
				b.engine.cfg.StallNs, b.engine.cfg.HaltNs = int64(20*time.Millisecond), int64(40*time.Millisecond)
			}
			if _, err := b.run(t, randomFlow(62, 6000)); err != nil {
				t.Fatal(err)
			}
			want := NoticeExcluded
			if which == 1 {
				want = NoticeHalted
			}
			found := false
			for _, n := range b.notices {
				found = found || n.Kind == want
			}
			if !found {
				t.Errorf("nobody noticed: %+v", b.notices)
			}
		})
	}
}

// TestFinishedAgain: a participant that says again and again that it has saved is heard once. It once kept the clock from
// running by which the others, who never say so, end the run.
func TestFinishedAgain(t *testing.T) {
	b := newTestBox(t, nil)
	e := b.engine
	defer e.core.Close()
	p := &e.peers[0]
	p.asked = true
	summary := codec.Summary{AppliedBatches: 7}
	for e.nowNs = 1; e.nowNs <= 5; e.nowNs++ {
		e.finished(p, codec.AppendSummary(nil, summary))
		summary.AppliedBatches++
	}
	if e.progressNs != 1 || p.summary.AppliedBatches != 7 || len(b.notices) != 1 || p.dropped != 0 {
		t.Errorf("progress at %d with %+v, told %+v", e.progressNs, p.summary, b.notices)
	}
}
