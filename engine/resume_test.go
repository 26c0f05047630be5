package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

var errCrash = errors.New("crash")

// crashing is a life of an engine that dies at its nth commit. It leaves participants that live on and
// a log of which any part that nobody was promised may be lost.
type crashing struct {
	log   *memoryLog
	peers []*testPeer
	boot  uint32
	held  uint64 // records of the log when the present engine took it up
}

// life runs one engine on what the last one has left: to the end of cmds, or until it has committed dieAt batches and
// dies; r, if any, draws how much of the log is lost that nobody relies on. It returns the trades that this life has
// published.
func (c *crashing) life(t *testing.T, r *rand.Rand, cmds []codec.Command, dieAt int, veto func(*codec.Trade) uint8) (*testBox, Result, error) {
	t.Helper()
	c.boot++
	b := newTestBox(t, func(b *testBox) {
		b.cfg.Boot, b.cfg.VetoesMax = c.boot, 1<<30
		if c.log != nil {
			b.log = c.log
		}
		for i, p := range b.peers {
			if c.peers != nil {
				p.machine, p.app = c.peers[i].machine, c.peers[i].app
			}
		}
		b.peers[0].app.veto = veto
	})
	c.log, c.peers = b.log, b.peers
	kept := uint64(len(b.log.kinds)) // that are durable when it dies
	before := kept
	publish, commits := b.engine.ports.Commit, 0
	b.engine.ports.Commit = func(cm *Committed) error {
		if commits++; commits == dieAt {
			kept = before + b.engine.log.safe.Load()
			return errCrash
		}
		return publish(cm)
	}
	res, err := b.run(t, cmds[b.source.Commands:])
	if errors.Is(err, errCrash) {
		n := len(b.log.kinds)
		if r != nil {
			n = int(kept) + r.IntN(n-int(kept)+1)
		}
		b.log.kinds, b.log.bodies = b.log.kinds[:n], b.log.bodies[:n]
		if r != nil && r.IntN(2) == 0 { // the next life begins with a snapshot
			if err := b.log.cut(b.cfg.Limits, b.log.cutAt+r.IntN(n-b.log.cutAt+1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return b, res, err
}

// TestResume: an engine that dies again and again, and loses what was not durable, or has its log cut behind
// a snapshot, ends with the trades and the books of one that never died (E11).
func TestResume(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			cmds := randomFlow(seed, 6000)
			var c crashing
			deaths := 0
			for {
				b, res, err := c.life(t, r, cmds, 1+r.IntN(20), nil)
				if errors.Is(err, errCrash) {
					if deaths++; deaths < 10 {
						continue
					}
					b, res, err = c.life(t, r, cmds, 0, nil)
				}
				if err != nil {
					t.Fatal(err)
				}
				want, core := matchAll(t, b.cfg.Limits, cmds, nil)
				defer core.Close()
				for _, p := range c.peers {
					sameTrades(t, p.app.applied, want)
				}
				if res.StateHash != core.StateHash() || res.Counts != core.Counts() {
					t.Errorf("after %d deaths: counts %+v, want %+v", deaths, res.Counts, core.Counts())
				}
				if res.CommittedTrades != uint64(len(want)) {
					t.Errorf("%d trades committed, want %d", res.CommittedTrades, len(want))
				}
				break
			}
			if deaths == 0 {
				t.Error("it never died: the test proves nothing")
			}
		})
	}
}

// TestResumeHonoursVetoes: what was refused stays out of the market when the log is taken up.
func TestResumeHonoursVetoes(t *testing.T) {
	const bad = 7
	veto := func(tr *codec.Trade) (bits uint8) {
		if tr.TakerClient == bad {
			bits |= batch3pc.VetoTaker
		}
		if tr.MakerClient == bad {
			bits |= batch3pc.VetoMaker
		}
		return bits
	}
	r := rand.New(rand.NewPCG(4, 4))
	cmds := randomFlow(4, 6000) // batches for all six, full as they may be
	var c crashing
	for range 6 {
		if _, _, err := c.life(t, r, cmds, 3+r.IntN(4), veto); !errors.Is(err, errCrash) {
			t.Fatalf("error %v, want the crash", err)
		}
	}
	b, res, err := c.life(t, r, cmds, 0, veto)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.log.vetoes()) < 2 || b.log.vetoes()[0].From > b.source.Commands {
		t.Fatalf("%d vetoes, none before the last life: the test proves nothing", len(b.log.vetoes()))
	}
	want, core := matchAll(t, b.cfg.Limits, cmds, b.log.vetoes())
	defer core.Close()
	for _, p := range c.peers {
		sameTrades(t, p.app.applied, want)
	}
	if res.StateHash != core.StateHash() {
		t.Error("state hash differs from a core that knew the vetoes from the beginning")
	}
}

// TestResumeRefuses: a log that does not give what was committed is not traded on.
func TestResumeRefuses(t *testing.T) {
	var c crashing
	if _, _, err := c.life(t, nil, randomFlow(21, 6000), 30, nil); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	limits := newTestBox(t, nil).cfg.Limits
	for name, tc := range map[string]struct {
		change func(kind uint8, body []byte, nth int) []byte
		want   error
	}{
		"another command": {func(kind uint8, body []byte, nth int) []byte {
			if cs, ok := codec.Commands(body); kind == RecordCommands && ok && nth < 5 {
				for i := range cs {
					if cs[i].Kind == codec.KindNew {
						cs[i].Qty++
					}
				}
			}
			return body
		}, ErrReplay},
		"a command is missing": {func(kind uint8, body []byte, nth int) []byte {
			if kind == RecordCommands && nth == 3 {
				return nil
			}
			return body
		}, ErrReplay},
		"a batch has another parent": {func(kind uint8, body []byte, nth int) []byte {
			if kind == RecordSealed && nth == 2 {
				body[32]++
			}
			return body
		}, ErrReplay},
		"another batch is decided": {func(kind uint8, body []byte, nth int) []byte {
			if kind == RecordDecided && nth == 1 {
				body[8]++
			}
			return body
		}, ErrReplay},
		"half a record": {func(kind uint8, body []byte, nth int) []byte {
			if kind == RecordCommands && nth == 1 {
				return body[:len(body)-1]
			}
			return body
		}, ErrRecord},
	} {
		t.Run(name, func(t *testing.T) {
			replica, err := NewReplica(limits)
			if err != nil {
				t.Fatal(err)
			}
			defer replica.Close()
			nth := map[uint8]int{}
			err = c.log.Replay(func(kind uint8, body []byte) error {
				nth[kind]++
				body = tc.change(kind, append([]byte(nil), body...), nth[kind])
				if body == nil {
					return nil
				}
				return replica.Take(kind, body)
			})
			if !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
		})
	}
}

// TestResumeNeedsItsParticipants: a log is not taken up with participants that know less than it
// calls decided, nor with those of another run.
func TestResumeNeedsItsParticipants(t *testing.T) {
	var one, other crashing
	for i, c := range []*crashing{&one, &other} {
		if _, _, err := c.life(t, nil, randomFlow(22+uint64(i), 6000), 30, nil); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
	}
	empty := crashing{log: &memoryLog{kinds: one.log.kinds, bodies: one.log.bodies}, boot: 1}
	if _, _, err := empty.life(t, nil, randomFlow(22, 6000), 0, nil); !errors.Is(err, ErrForgotten) {
		t.Errorf("empty participants: error %v, want ErrForgotten", err)
	}
	mixed := crashing{log: one.log, peers: other.peers, boot: 1}
	if _, _, err := mixed.life(t, nil, randomFlow(22, 6000), 0, nil); !errors.Is(err, ErrReplay) {
		t.Errorf("participants of another run: error %v, want ErrReplay", err)
	}
}

// TestLostCommandLog: an engine whose disk is lost, or is an old copy, does not mistake the ballots of its own former
// lives for those of another engine, and is refused with the reason: it cannot make again what is committed.
func TestLostCommandLog(t *testing.T) {
	var c crashing
	var old memoryLog
	for life := range 4 {
		if _, _, err := c.life(t, nil, randomFlow(23, 12000), 10+10*life, nil); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		if life == 1 {
			old = memoryLog{kinds: slices.Clone(c.log.kinds), bodies: slices.Clone(c.log.bodies)}
		}
	}
	lost := crashing{peers: c.peers, boot: c.boot}
	if _, _, err := lost.life(t, nil, randomFlow(23, 12000), 0, nil); !errors.Is(err, ErrForeign) {
		t.Errorf("no command log: error %v, want ErrForeign", err)
	}
	copied := crashing{log: &old, peers: c.peers, boot: c.boot + 1}
	if _, _, err := copied.life(t, nil, randomFlow(23, 12000), 0, nil); !errors.Is(err, ErrReplay) {
		t.Errorf("an old copy of the command log: error %v, want ErrReplay", err)
	}
}
