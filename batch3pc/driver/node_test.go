package driver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
)

const (
	engine batch3pc.NodeID = 16
	backup batch3pc.NodeID = 17
)

// ledger is an App for running nodes, which refuses payloads that begin with "no", and is safe to look at from the test.
type ledger struct {
	mu      sync.Mutex
	applied []batch3pc.Seq
}

func (l *ledger) Vote(b *batch3pc.Batch, _ bool) batch3pc.Vote {
	if bytes.HasPrefix(b.Payload, []byte("no")) {
		return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: []byte{batch3pc.VetoTaker}}
	}
	return batch3pc.Vote{Yes: true}
}

func (l *ledger) Apply(b *batch3pc.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.applied = append(l.applied, b.Seq)
}

func (l *ledger) Drop(*batch3pc.Batch) {}

func (l *ledger) seqs() []batch3pc.Seq {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.applied)
}

// cast is a group of running nodes over TCP.
type cast struct {
	t     *testing.T
	dir   string
	group driver.Group
	apps  [3]*ledger
	nodes [3]*driver.ParticipantNode
	addrs map[batch3pc.NodeID]string
}

func newCast(t *testing.T) *cast {
	t.Helper()
	c := &cast{t: t, dir: t.TempDir(), addrs: map[batch3pc.NodeID]string{}, group: driver.Group{
		Cluster: 7, Participants: []batch3pc.NodeID{1, 2, 3}, Coordinators: []batch3pc.NodeID{engine, backup}, WindowMax: 4,
	}}
	for i := range c.nodes {
		c.start(i)
	}
	return c
}

func (c *cast) options(i int) driver.ParticipantOptions {
	return driver.ParticipantOptions{
		Group: c.group, Self: batch3pc.NodeID(i + 1), Dir: filepath.Join(c.dir, fmt.Sprint(i+1)), App: c.apps[i],
	}
}

// start starts participant i, again on its old address if it had one.
func (c *cast) start(i int) {
	c.t.Helper()
	c.apps[i] = &ledger{}
	addr := c.addrs[batch3pc.NodeID(i+1)]
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	p := listen(c.t, addr, c.options(i))
	c.nodes[i], c.addrs[batch3pc.NodeID(i+1)] = p, p.Addr()
	c.t.Cleanup(func() { p.Close() })
}

// listen starts a participant on an address that it may have had before.
func listen(t *testing.T, addr string, o driver.ParticipantOptions) (p *driver.ParticipantNode) {
	t.Helper()
	var err error
	until(t, func() bool { // somebody else on this machine may have the port for a moment
		p, err = driver.ListenParticipant(addr, o)
		return !errors.Is(err, syscall.EADDRINUSE)
	}, func() string { return err.Error() })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (c *cast) lead(self batch3pc.NodeID, adapt func(*driver.CoordinatorOptions)) (*driver.CoordinatorNode, error) {
	o := driver.CoordinatorOptions{Group: c.group, Self: self, Dir: filepath.Join(c.dir, fmt.Sprint(self)), Resend: 5 * time.Millisecond}
	if adapt != nil {
		adapt(&o)
	}
	n, err := driver.DialCoordinator(c.addrs, o)
	if err == nil {
		c.t.Cleanup(func() { n.Close() })
	}
	return n, err
}

func (c *cast) mustLead(self batch3pc.NodeID, adapt func(*driver.CoordinatorOptions)) *driver.CoordinatorNode {
	c.t.Helper()
	n, err := c.lead(self, adapt)
	if err == nil {
		err = n.WaitActive(c.ctx())
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// patience is for what must happen, on a loaded machine and under the race detector too.
const patience = 2 * time.Minute

// ctx is for what must happen: only a failing test waits so long.
func (c *cast) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	c.t.Cleanup(cancel)
	return ctx
}

// applied waits until all have applied seq, and compares what.
func (c *cast) applied(want ...batch3pc.Seq) {
	c.t.Helper()
	for i, app := range c.apps {
		until(c.t, func() bool { return slices.Equal(app.seqs(), want) }, func() string {
			return fmt.Sprintf("participant %d applied %v, want %v", i+1, app.seqs(), want)
		})
	}
}

// until yields until ok, or fails the test with what why says. Only a failing test waits long.
func until(t *testing.T, ok func() bool, why func() string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal(why())
		}
	}
}

// TestNodes: three participants and a coordinator over TCP. Each of them is closed and started again
// on its directory, and the stream goes on where it was.
func TestNodes(t *testing.T) {
	c := newCast(t)
	lead := c.mustLead(engine, nil)
	if err := lead.Commit(c.ctx(), 1, []byte("a")); err != nil {
		t.Fatal(err)
	}
	var refused *driver.RefusedError
	if err := lead.Commit(c.ctx(), 1, []byte("no")); !errors.As(err, &refused) || refused.Reason != batch3pc.ReasonVeto {
		t.Fatalf("error %v, want a RefusedError", err)
	}
	if err := lead.Commit(c.ctx(), 1, []byte("b")); err != nil {
		t.Fatal(err)
	}
	c.applied(2, 4) // 1 names everybody's log
	for i, p := range c.nodes {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		c.start(i)
		if err := lead.Commit(c.ctx(), 1, []byte("c")); err != nil {
			t.Fatal(err)
		}
	}
	c.applied(2, 4, 5, 6, 7)
	if err := lead.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := lead.Propose(c.ctx(), 1, nil); !errors.Is(err, driver.ErrClosed) {
		t.Errorf("proposed to a closed node: %v, want ErrClosed", err)
	}
	lead = c.mustLead(engine, nil)
	if err := lead.Commit(c.ctx(), 1, []byte("d")); err != nil {
		t.Fatal(err)
	}
	c.applied(2, 4, 5, 6, 7, 8)
	until(t, func() bool { return c.nodes[0].Status().AppliedBatches == 6 }, func() string {
		return fmt.Sprintf("status %+v, want 6 batches applied", c.nodes[0].Status())
	})
}

// TestStream: many proposals from many goroutines keep the order of their numbers, and the outcomes
// come in that order.
func TestStream(t *testing.T) {
	c := newCast(t)
	var told []uint64
	lead := c.mustLead(engine, func(o *driver.CoordinatorOptions) {
		o.Outcome = func(out *driver.Outcome) {
			if out.Err != nil {
				t.Errorf("proposal %d: %v", out.No, out.Err)
			}
			told = append(told, out.No)
		}
	})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				if _, err := lead.Propose(c.ctx(), 1, []byte("payload")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := lead.Drain(c.ctx()); err != nil {
		t.Fatal(err)
	}
	if err := lead.Close(); err != nil {
		t.Fatal(err)
	}
	if len(told) != 200 || !slices.IsSorted(told) || told[0] != 1 || told[199] != 200 {
		t.Errorf("%d outcomes, want 1 to 200 in order: %v", len(told), told)
	}
}

// TestFencedNode: a second coordinator takes over; the first one ends, and says that it does not know
// what became of what it held.
func TestFencedNode(t *testing.T) {
	c := newCast(t)
	told := make(chan error, 10)
	lead := c.mustLead(engine, func(o *driver.CoordinatorOptions) {
		o.InputGate = true
		o.Outcome = func(out *driver.Outcome) { told <- out.Err }
	})
	if _, err := lead.Propose(c.ctx(), 1, []byte("held")); err != nil {
		t.Fatal(err)
	}
	second := c.mustLead(backup, nil)
	<-lead.Done()
	if err := lead.Err(); !errors.Is(err, driver.ErrFenced) {
		t.Errorf("ended with %v, want ErrFenced", err)
	}
	if err := <-told; !errors.Is(err, driver.ErrInDoubt) {
		t.Errorf("outcome %v, want ErrInDoubt", err)
	}
	if err := second.Commit(c.ctx(), 1, []byte("a")); err != nil {
		t.Fatal(err)
	}
}

// TestGateNode: InputsDurable opens the gate.
func TestGateNode(t *testing.T) {
	c := newCast(t)
	lead := c.mustLead(engine, func(o *driver.CoordinatorOptions) { o.InputGate = true })
	no, err := lead.Propose(c.ctx(), 1, []byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	lead.InputsDurable(no)
	if err := lead.Drain(c.ctx()); err != nil {
		t.Fatal(err)
	}
	c.applied(2)
}

// TestBackPressure: with a participant gone, proposals pile up to a limit, and everybody who waits is
// told for whom. When it is back, all of them commit.
func TestBackPressure(t *testing.T) {
	c := newCast(t)
	lead := c.mustLead(engine, nil)
	if err := c.nodes[1].Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	until(t, func() bool {
		st := lead.Status() // before the proposal: what waits behind a window that is not full moves up
		full := st.Proposed >= st.Committed+batch3pc.Seq(c.group.WindowMax)
		switch _, err := lead.TryPropose(1, []byte("a")); {
		case err == nil:
			n++
		case !errors.Is(err, batch3pc.ErrNoRoom):
			t.Fatal(err)
		default:
			return full
		}
		return n > 2*c.group.WindowMax
	}, func() string { return "the window does not fill" })
	if n > 2*c.group.WindowMax {
		t.Fatal("no limit on what is in flight")
	}
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var missing *driver.UnavailableError
	if _, err := lead.Propose(soon, 1, nil); !errors.As(err, &missing) || !slices.Equal(missing.Missing, []batch3pc.NodeID{2}) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want one that names node 2", err)
	}
	if _, err := lead.Propose(t.Context(), 1, make([]byte, 1<<20)); !errors.Is(err, driver.ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
	c.start(1)
	if err := lead.Drain(c.ctx()); err != nil {
		t.Fatal(err)
	}
	if st := lead.Status(); int(st.Committed) != n+1 {
		t.Errorf("committed %d, want %d behind the entry that names the logs", st.Committed, n)
	}
}

// TestWrongNodes: a node of another cluster, a second process with one identity, a directory in use
// and one of another node are refused with an error that says so.
func TestWrongNodes(t *testing.T) {
	c := newCast(t)
	lead := c.mustLead(engine, nil)
	refused := func(name string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	_, err := driver.ListenParticipant("127.0.0.1:0", c.options(0))
	refused("directory in use", err, driver.ErrInUse)
	_, err = c.lead(engine, nil)
	refused("coordinator's directory in use", err, driver.ErrInUse)

	other, err := c.lead(backup, func(o *driver.CoordinatorOptions) { o.Group.Cluster, o.Dir = 8, t.TempDir() })
	if err != nil {
		t.Fatal(err)
	}
	var away *driver.UnavailableError
	until(t, func() bool {
		err = other.WaitActive(stopped())
		return errors.As(err, &away) && len(away.Refused) == 3
	}, func() string { return fmt.Sprintf("other cluster: %v, want ErrCluster from all three", err) })
	if !strings.Contains(err.Error(), "node 1: wrong peer: expected participant with PayloadMax 262144 (node 1) of cluster 8") {
		t.Errorf("error %q does not say what was expected", err)
	}

	twin, err := c.lead(engine, func(o *driver.CoordinatorOptions) { o.Dir = t.TempDir() })
	if err != nil {
		t.Fatal(err)
	}
	<-twin.Done()
	refused("twin", twin.Err(), driver.ErrTwin)
	if err := lead.Commit(c.ctx(), 1, []byte("a")); err != nil {
		t.Errorf("the first of the twins: %v", err)
	}

	if err := c.nodes[0].Close(); err != nil {
		t.Fatal(err)
	}
	o := c.options(0)
	o.Self, o.App = 2, &ledger{}
	var wrong *driver.WrongDirError
	if _, err = driver.ListenParticipant("127.0.0.1:0", o); !errors.As(err, &wrong) || wrong.Got != "participant 1 of cluster 7" {
		t.Errorf("another node's directory: %v, want WrongDirError", err)
	}
}

// stopped is a context that has ended.
func stopped() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// TestOptions: what cannot work is refused before anything is started.
func TestOptions(t *testing.T) {
	c := newCast(t)
	for name, adapt := range map[string]func(*driver.CoordinatorOptions){
		"window":      func(o *driver.CoordinatorOptions) { o.Group.WindowMax = -1 },
		"payload":     func(o *driver.CoordinatorOptions) { o.Group.PayloadMax = 1 << 30 },
		"nobody":      func(o *driver.CoordinatorOptions) { o.Group.Participants = nil },
		"twice":       func(o *driver.CoordinatorOptions) { o.Group.Participants = []batch3pc.NodeID{1, 1} },
		"not a node":  func(o *driver.CoordinatorOptions) { o.Self = 99 },
		"no address":  func(o *driver.CoordinatorOptions) { o.Group.Participants = []batch3pc.NodeID{1, 2, 4} },
		"both a role": func(o *driver.CoordinatorOptions) { o.Group.Coordinators = []batch3pc.NodeID{1} },
	} {
		if _, err := c.lead(backup, adapt); !errors.Is(err, driver.ErrConfig) {
			t.Errorf("%s: %v, want ErrConfig", name, err)
		}
	}
	o := c.options(0)
	o.Self, o.Dir = 9, t.TempDir()
	if _, err := driver.ListenParticipant("127.0.0.1:0", o); !errors.Is(err, driver.ErrConfig) {
		t.Errorf("a participant that is none: %v, want ErrConfig", err)
	}
}

// TestLocal: the same in one process, over rings.
func TestLocal(t *testing.T) {
	c := &cast{t: t, dir: t.TempDir(), group: driver.Group{Cluster: 7, Participants: []batch3pc.NodeID{1, 2, 3}, Coordinators: []batch3pc.NodeID{engine}}}
	var sites []driver.ParticipantOptions
	for i := range c.apps {
		c.apps[i] = &ledger{}
		sites = append(sites, c.options(i))
	}
	o := driver.CoordinatorOptions{Group: c.group, Self: engine, Dir: filepath.Join(c.dir, "engine")}
	if _, _, err := driver.StartLocal(o, sites[:2]); !errors.Is(err, driver.ErrConfig) {
		t.Errorf("with two of three: %v, want ErrConfig", err)
	}
	lead, nodes, err := driver.StartLocal(o, sites)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := lead.Commit(c.ctx(), 1, []byte("a")); err != nil {
			t.Fatal(err)
		}
	}
	c.applied(2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	if err := lead.Close(); err != nil {
		t.Error(err)
	}
	for _, p := range nodes {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}
