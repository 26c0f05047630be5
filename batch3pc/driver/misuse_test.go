package driver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
)

// local starts a group of one participant in this process.
func local(t *testing.T, adapt func(*driver.CoordinatorOptions)) (*driver.CoordinatorNode, *driver.ParticipantNode) {
	t.Helper()
	dir := t.TempDir()
	group := driver.Group{Cluster: 7, Participants: []batch3pc.NodeID{1}, Coordinators: []batch3pc.NodeID{engine}, WindowMax: 2}
	o := driver.CoordinatorOptions{Group: group, Self: engine, Dir: filepath.Join(dir, "c"), Resend: 5 * time.Millisecond}
	if adapt != nil {
		adapt(&o)
	}
	c, all, err := driver.StartLocal(o, []driver.ParticipantOptions{{Group: group, Self: 1, Dir: filepath.Join(dir, "p"), App: &ledger{}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); all[0].Close() })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.WaitActive(ctx); err != nil {
		t.Fatal(err)
	}
	return c, all[0]
}

// TestCountOfAGeneration: a count that no batch of items can have is refused, and is not the end of the node, which
// would leave whoever waits for the outcome waiting for ever.
func TestCountOfAGeneration(t *testing.T) {
	c, _ := local(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Commit(ctx, math.MaxUint32, nil); !errors.Is(err, batch3pc.ErrCount) {
		t.Errorf("committed so many items: %v, want ErrCount", err)
	}
	if no, err := c.TryPropose(math.MaxUint32, nil); !errors.Is(err, batch3pc.ErrCount) {
		t.Errorf("proposed so many items: number %d and %v, want ErrCount", no, err)
	}
	if err := c.Commit(ctx, 1, []byte("a")); err != nil {
		t.Errorf("the next batch: %v", err)
	}
}

// TestTryProposeAfterTheEnd: a node that has ended says so, also if its window was full when it ended, and whoever tries
// until there is room must not try for ever.
func TestTryProposeAfterTheEnd(t *testing.T) {
	c, p := local(t, nil)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for range 4 { // as many as go into the window and wait behind it
		if _, err := c.Propose(ctx, 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.TryPropose(1, nil); !errors.Is(err, driver.ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
}

// TestContextEndedBefore: nothing is proposed in a context that has ended before, also where there is room. It would be
// in doubt at once, for no reason.
func TestContextEndedBefore(t *testing.T) {
	c, p := local(t, nil)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	gone := new(driver.UnavailableError)
	if err := c.Commit(ctx, 1, []byte("a")); !errors.As(err, &gone) || !errors.Is(err, cause) || errors.Is(err, driver.ErrInDoubt) {
		t.Errorf("commit: %v, want an UnavailableError with its cause", err)
	}
	if no, err := c.Propose(ctx, 1, []byte("b")); no != 0 || !errors.As(err, &gone) {
		t.Errorf("propose: number %d and %v, want an UnavailableError", no, err)
	}
	if no, err := c.TryPropose(1, []byte("c")); no != 1 || err != nil {
		t.Errorf("number %d and %v, want 1: nothing was proposed before", no, err)
	}
	if err := errors.Join(p.Close(), c.Close()); err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(ctx, 1, nil); !errors.Is(err, driver.ErrClosed) {
		t.Errorf("after the end: %v, want ErrClosed", err)
	}
}

// TestInDoubtNamesWhoIsMissing: who gives up on a batch that was proposed is told for whom it waited, and not that
// nothing was proposed.
func TestInDoubtNamesWhoIsMissing(t *testing.T) {
	c, p := local(t, nil)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for c.Peers()[0].Connected {
		runtime.Gosched()
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	committed := make(chan error)
	before := c.Status().Proposed
	go func() { committed <- c.Commit(ctx, 1, []byte("a")) }()
	for c.Status().Proposed == before {
		runtime.Gosched()
	}
	cancel(cause)
	err := <-committed
	if !errors.Is(err, driver.ErrInDoubt) || !errors.Is(err, cause) || !strings.Contains(err.Error(), "node 1 is not connected") {
		t.Errorf("%v, want that it is in doubt, why it was not waited for, and that node 1 is missing", err)
	}
	if errors.As(err, new(*driver.UnavailableError)) {
		t.Errorf("%v is an UnavailableError, which says that nothing was proposed", err)
	}
}

// TestProposeFromOutcome: who is told that a batch is in doubt or aborted may try the next one at once, also while the
// node ends, which nothing that does not wait for the node may hold up.
func TestProposeFromOutcome(t *testing.T) {
	var c *driver.CoordinatorNode
	var tried []error
	c, p := local(t, func(o *driver.CoordinatorOptions) {
		o.Outcome = func(*driver.Outcome) {
			_, err := c.TryPropose(1, nil)
			tried = append(tried, err)
		}
	})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.TryPropose(1, nil); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Close() }()
	select {
	case err := <-ended:
		if err != nil || !slices.Equal(tried, []error{driver.ErrClosed}) {
			t.Errorf("closed: %v; tries from Outcome: %v, want ErrClosed", err, tried)
		}
	case <-time.After(patience):
		t.Fatal("the node does not end")
	}
}

// TestMissingInOneProcess: the error names a participant of the same process that is gone.
func TestMissingInOneProcess(t *testing.T) {
	c, p := local(t, nil)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := c.Propose(context.Background(), 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	until(t, func() bool { return !c.Peers()[0].Connected }, func() string { return fmt.Sprintf("%+v", c.Peers()) })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	gone := new(driver.UnavailableError)
	if err := c.Drain(ctx); !errors.As(err, &gone) || !slices.Equal(gone.Missing, []batch3pc.NodeID{1}) {
		t.Errorf("error %v, want an UnavailableError that names participant 1", err)
	}
}

// TestOptionsThatCannotWork: what cannot work is refused before anything begins.
func TestOptionsThatCannotWork(t *testing.T) {
	for name, adapt := range map[string]func(*driver.CoordinatorOptions){
		"a negative interval":  func(o *driver.CoordinatorOptions) { o.Resend = -time.Second },
		"a window without end": func(o *driver.CoordinatorOptions) { o.Group.WindowMax = 1 << 40 },
		"no directory":         func(o *driver.CoordinatorOptions) { o.Dir = "" },
		"who is left out is no participant": func(o *driver.CoordinatorOptions) {
			o.Group.Excludable = []batch3pc.NodeID{2}
		},
		"too many classes": func(o *driver.CoordinatorOptions) { o.Group.Classes = []uint8{1, 1} },
		"too many participants": func(o *driver.CoordinatorOptions) {
			for n := range batch3pc.NodeID(batch3pc.ParticipantsMax) {
				o.Group.Participants = append(o.Group.Participants, 100+n)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := driver.CoordinatorOptions{
				Group: driver.Group{Participants: []batch3pc.NodeID{1}, Coordinators: []batch3pc.NodeID{engine}},
				Self:  engine, Dir: filepath.Join(t.TempDir(), "c"),
			}
			adapt(&o)
			c, err := driver.DialCoordinator(map[batch3pc.NodeID]string{1: "127.0.0.1:1"}, o)
			if err == nil {
				c.Close()
			}
			if !errors.Is(err, driver.ErrConfig) {
				t.Errorf("error %v, want ErrConfig", err)
			}
			if _, err := os.Stat(o.Dir); o.Dir != "" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the directory was made all the same: %v", err)
			}
		})
	}
	for name, adapt := range map[string]func(*driver.Group){
		"who is left out is no participant": func(g *driver.Group) { g.Excludable = []batch3pc.NodeID{2} },
		"too many classes":                  func(g *driver.Group) { g.Classes = []uint8{1, 1} },
	} {
		o := driver.ParticipantOptions{Self: 1, Dir: filepath.Join(t.TempDir(), "p"), App: &ledger{}}
		o.Group = driver.Group{Participants: []batch3pc.NodeID{1}, Coordinators: []batch3pc.NodeID{engine}}
		adapt(&o.Group)
		p, err := driver.ListenParticipant("127.0.0.1:0", o)
		if err == nil {
			p.Close()
		}
		if !errors.Is(err, driver.ErrConfig) {
			t.Errorf("%s, says a participant: error %v, want ErrConfig", name, err)
		}
	}
	_, err := driver.ListenParticipant("127.0.0.1:0", driver.ParticipantOptions{
		Group: driver.Group{Participants: []batch3pc.NodeID{1}, Coordinators: []batch3pc.NodeID{engine}}, Self: 1, Dir: filepath.Join(t.TempDir(), "p"),
	})
	if !errors.Is(err, driver.ErrConfig) {
		t.Errorf("a participant without an App: error %v, want ErrConfig", err)
	}
}

// TestWaitActiveAfterTheEnd: a node that led when it was closed does not lead any more.
func TestWaitActiveAfterTheEnd(t *testing.T) {
	c, _ := local(t, nil)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for range 50 { // more than chance allows
		if err := c.WaitActive(context.Background()); !errors.Is(err, driver.ErrClosed) {
			t.Fatalf("error %v, want ErrClosed", err)
		}
	}
}

// TestAddressesThatCannotWork: what is no host:port is refused, and not dialled for ever.
func TestAddressesThatCannotWork(t *testing.T) {
	for _, addr := range []string{"", "localhost", "localhost:", "localhost:0", "localhost:99999", "[::1"} {
		o := driver.CoordinatorOptions{
			Group: driver.Group{Participants: []batch3pc.NodeID{1}, Coordinators: []batch3pc.NodeID{engine}},
			Self:  engine, Dir: filepath.Join(t.TempDir(), "c"),
		}
		c, err := driver.DialCoordinator(map[batch3pc.NodeID]string{1: addr}, o)
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, driver.ErrConfig) {
			t.Errorf("%q: error %v, want ErrConfig", addr, err)
		}
	}
}

// TestLocalGroupsAgree: in one process nobody shakes hands, so the start itself compares what the nodes have been told.
func TestLocalGroupsAgree(t *testing.T) {
	group := driver.Group{Cluster: 7, Participants: []batch3pc.NodeID{1}, Coordinators: []batch3pc.NodeID{engine}}
	for name, adapt := range map[string]func(*driver.Group){
		"cluster":      func(g *driver.Group) { g.Cluster = 8 },
		"coordinators": func(g *driver.Group) { g.Coordinators = []batch3pc.NodeID{backup} },
		"participants": func(g *driver.Group) { g.Participants = []batch3pc.NodeID{1, 2} },
		"payload":      func(g *driver.Group) { g.PayloadMax = 1 },
	} {
		dir := t.TempDir()
		other := driver.ParticipantOptions{Group: group, Self: 1, Dir: filepath.Join(dir, "p"), App: &ledger{}}
		adapt(&other.Group)
		c, all, err := driver.StartLocal(driver.CoordinatorOptions{Group: group, Self: engine, Dir: filepath.Join(dir, "c")}, []driver.ParticipantOptions{other})
		if err == nil {
			c.Close()
			all[0].Close()
		}
		if !errors.Is(err, driver.ErrConfig) {
			t.Errorf("another %s: error %v, want ErrConfig", name, err)
		}
	}
}

// many refuses what carries nothing, with a veto that no message has room for.
type many struct{ ledger }

func (m *many) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	if decided || len(b.Payload) > 0 {
		return batch3pc.Vote{Yes: true}
	}
	return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: bytes.Repeat([]byte{batch3pc.VetoTaker}, int(b.Count+3)/4)}
}

// TestVetoOfManyItems: of a veto that is larger than a message the first part is told, and nobody panics.
func TestVetoOfManyItems(t *testing.T) {
	dir := t.TempDir()
	group := driver.Group{Participants: []batch3pc.NodeID{1}, Coordinators: []batch3pc.NodeID{engine}}
	c, all, err := driver.StartLocal(driver.CoordinatorOptions{Group: group, Self: engine, Dir: filepath.Join(dir, "c")},
		[]driver.ParticipantOptions{{Group: group, Self: 1, Dir: filepath.Join(dir, "p"), App: &many{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer all[0].Close()
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	refused := new(driver.RefusedError)
	if err := c.Commit(ctx, 32<<20, nil); !errors.As(err, &refused) || len(refused.Veto) != batch3pc.VetoSizeMax {
		t.Errorf("error %v with %d bytes of the veto, want a RefusedError with %d", err, len(refused.Veto), batch3pc.VetoSizeMax)
	}
	if err := c.Commit(ctx, 1, []byte("a")); err != nil {
		t.Errorf("the next batch: %v", err)
	}
}

// TestPayloadMaxFalls: a log with a payload that is above PayloadMax by now does not fit through the links, which are
// made for it.
func TestPayloadMaxFalls(t *testing.T) {
	dir := t.TempDir()
	group := driver.Group{Participants: []batch3pc.NodeID{1}, Coordinators: []batch3pc.NodeID{engine}, PayloadMax: 100}
	for _, test := range []struct {
		max, size int
		want      error
	}{{1000, 500, nil}, {499, 0, driver.ErrConfig}, {500, 0, nil}} {
		group.PayloadMax = test.max
		c, all, err := driver.StartLocal(driver.CoordinatorOptions{Group: group, Self: engine, Dir: filepath.Join(dir, "c")},
			[]driver.ParticipantOptions{{Group: group, Self: 1, Dir: filepath.Join(dir, "p"), App: &ledger{}}})
		if !errors.Is(err, test.want) {
			t.Fatalf("PayloadMax %d: error %v, want %v", test.max, err, test.want)
		}
		if err == nil {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			err = errors.Join(c.Commit(ctx, 1, make([]byte, test.size)), c.Close(), all[0].Close())
			cancel()
		}
		if !errors.Is(err, test.want) {
			t.Fatalf("PayloadMax %d: %v", test.max, err)
		}
	}
}

// TestRetainMaxFalls: a log with more undecided batches than there is room for by now is refused in the words of the group.
// It once was as good as damaged, by a WindowMax that nobody had set.
func TestRetainMaxFalls(t *testing.T) {
	c := newCast(t)
	lead := c.mustLead(engine, nil)
	if err := c.nodes[1].Close(); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool {
		_, _ = lead.TryPropose(1, []byte("a")) // or there is no room, which is as well
		st := c.nodes[0].Status()
		return st.Voted > st.Applied+2
	}, func() string { return fmt.Sprintf("the window does not fill: %+v", c.nodes[0].Status()) })
	if err := c.nodes[0].Close(); err != nil {
		t.Fatal(err)
	}
	c.apps[0] = &ledger{}
	o := c.options(0)
	o.Group.WindowMax, o.Group.RetainMax = 2, 2
	if _, err := driver.ListenParticipant("127.0.0.1:0", o); !errors.Is(err, driver.ErrConfig) || !strings.Contains(err.Error(), "RetainMax is 2") {
		t.Errorf("%v, want ErrConfig that names RetainMax", err)
	}
	c.start(0)
}

// TestPayloadMaxDiffers: nodes that do not agree on it once came up, and lost the link at the first batch above the smaller
// one, for ever.
func TestPayloadMaxDiffers(t *testing.T) {
	c := newCast(t)
	other, err := c.lead(engine, func(o *driver.CoordinatorOptions) { o.Group.PayloadMax = 4711 })
	if err != nil {
		t.Fatal(err)
	}
	var away *driver.UnavailableError
	until(t, func() bool {
		err = other.WaitActive(stopped())
		return errors.As(err, &away) && len(away.Refused) == len(c.nodes)
	}, func() string { return fmt.Sprintf("%v, want that all three refuse", err) })
	if text := err.Error(); !errors.Is(err, driver.ErrRefused) || !strings.Contains(text, "PayloadMax 4711") || !strings.Contains(text, "PayloadMax 262144") {
		t.Errorf("%v, want ErrRefused with both", err)
	}
}

// TestHostHasNoAddress: whoever waits is told so, and of which host.
func TestHostHasNoAddress(t *testing.T) {
	c := newCast(t)
	c.addrs[2], c.addrs[3] = "nobody..invalid:7001", "nobody..invalid:7002"
	lead, err := c.lead(engine, nil)
	if err != nil {
		t.Fatal(err)
	}
	until(t, func() bool {
		err = lead.WaitActive(stopped())
		return strings.Contains(err.Error(), "nobody..invalid")
	}, func() string { return fmt.Sprintf("%v, want that it names the host", err) })
}

// TestFewerParticipantsThanThereAre: a coordinator that is told of fewer participants than the stream names does not lead,
// and whoever waits for it is told why.
func TestFewerParticipantsThanThereAre(t *testing.T) {
	c := newCast(t)
	lead := c.mustLead(engine, nil)
	if err := errors.Join(lead.Commit(c.ctx(), 1, []byte("a")), lead.Close()); err != nil {
		t.Fatal(err)
	}
	group := c.group
	group.Participants = group.Participants[:2]
	few, err := driver.DialCoordinator(c.addrs, driver.CoordinatorOptions{Group: group, Self: engine, Dir: filepath.Join(c.dir, "few"), Resend: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer few.Close()
	until(t, func() bool {
		all := few.Peers()
		return len(all) == 2 && all[0].Trouble == batch3pc.TroubleUnknown && all[1].Trouble == batch3pc.TroubleUnknown
	}, func() string { return fmt.Sprintf("%+v", few.Peers()) })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	gone := new(driver.UnavailableError)
	if err := few.WaitActive(ctx); !errors.As(err, &gone) || gone.Trouble[1] != batch3pc.TroubleUnknown || !strings.Contains(err.Error(), "node 2 does not count: Unknown") {
		t.Errorf("error %v, want an UnavailableError with the trouble of both", err)
	}
}
