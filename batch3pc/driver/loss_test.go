package driver_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
)

// replica is an App whose state can be handed on: the payloads that it has applied, a line each.
type replica struct {
	mu       sync.Mutex
	lines    []byte
	applies  int
	restores int
}

func (r *replica) Vote(*batch3pc.Batch, bool) batch3pc.Vote { return batch3pc.Vote{Yes: true} }
func (r *replica) Drop(*batch3pc.Batch)                     {}

func (r *replica) Apply(b *batch3pc.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(append(r.lines, b.Payload...), '\n')
	r.applies++
}

func (r *replica) AppendSnapshot(dst []byte) []byte { return append(dst, r.lines...) }

func (r *replica) Restore(state []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = bytes.Clone(state)
	r.restores++
	return nil
}

func (r *replica) state() (lines string, applies, restores int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.lines), r.applies, r.restores
}

// replicas is a group of three of them over TCP, and who leads it.
type replicas struct {
	*cast
	apps [3]*replica
	lead *driver.CoordinatorNode
	want strings.Builder

	every uint64 // CheckpointBatches
}

func newReplicas(t *testing.T) *replicas { t.Helper(); return newReplicasWith(t, 10, nil) }

func newReplicasWith(t *testing.T, every uint64, adapt func(*driver.CoordinatorOptions)) *replicas {
	t.Helper()
	r := &replicas{every: every, cast: &cast{t: t, dir: t.TempDir(), addrs: map[batch3pc.NodeID]string{}, group: driver.Group{
		Cluster: 7, Participants: []batch3pc.NodeID{1, 2, 3}, Coordinators: []batch3pc.NodeID{engine}, WindowMax: 4, RetainMax: 4,
		Excludable: []batch3pc.NodeID{3}, Classes: []uint8{1, 1, 1}, LagMax: 10,
	}}}
	for i := range r.nodes {
		r.start(i)
	}
	r.lead = r.mustLead(engine, adapt)
	return r
}

func (r *replicas) start(i int) {
	r.t.Helper()
	r.apps[i] = &replica{}
	addr := r.addrs[batch3pc.NodeID(i+1)]
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	p := listen(r.t, addr, driver.ParticipantOptions{
		Group: r.group, Self: batch3pc.NodeID(i + 1), Dir: r.dirOf(i), App: r.apps[i], CheckpointBatches: r.every,
	})
	r.nodes[i], r.addrs[batch3pc.NodeID(i+1)] = p, p.Addr()
	r.t.Cleanup(func() { p.Close() })
}

func (r *replicas) dirOf(i int) string { return filepath.Join(r.dir, fmt.Sprint(i+1)) }

func (r *replicas) stop(i int) {
	r.t.Helper()
	if err := r.nodes[i].Close(); err != nil {
		r.t.Fatal(err)
	}
}

// commit commits n batches.
func (r *replicas) commit(n int) {
	r.t.Helper()
	for range n {
		line := fmt.Sprintf("line %d", r.want.Len())
		if err := r.lead.Commit(r.ctx(), 1, []byte(line)); err != nil {
			r.t.Fatal(err)
		}
		r.want.WriteString(line + "\n")
	}
}

// level waits until all have applied the same, which is all that was committed.
func (r *replicas) level() {
	r.t.Helper()
	for i, app := range r.apps {
		until(r.t, func() bool { lines, _, _ := app.state(); return lines == r.want.String() }, func() string {
			lines, _, _ := app.state()
			return fmt.Sprintf("participant %d has %d bytes, want %d; peers %+v", i+1, len(lines), r.want.Len(), r.lead.Peers())
		})
	}
}

// A log is cut at its checkpoints: a start replays from the last one on, and not from the beginning.
func TestLogIsReplayedFromItsCheckpoint(t *testing.T) {
	r := newReplicas(t)
	r.commit(60)
	r.level()
	r.stop(0)
	marks, err := filepath.Glob(filepath.Join(r.dirOf(0), "*.snapshot"))
	if err != nil || len(marks) == 0 {
		t.Fatalf("marks %v, %v", marks, err)
	}
	r.start(0)
	if lines, applies, restores := r.apps[0].state(); restores != 1 || applies > 45 || !strings.HasPrefix(r.want.String(), lines) {
		t.Fatalf("after a start: %d restores and %d batches", restores, applies)
	}
	r.commit(5)
	r.level()
}

// TestDamagedMarkIsSaid: a start that passes over a damaged mark, and replays from the one before it, says so: the next
// damage may be of that one.
func TestDamagedMarkIsSaid(t *testing.T) {
	r := newReplicas(t)
	r.commit(60)
	r.level()
	r.stop(0)
	marks, err := filepath.Glob(filepath.Join(r.dirOf(0), "*.snapshot"))
	if err != nil || len(marks) < 2 {
		t.Fatalf("marks %v, %v", marks, err)
	}
	newest := marks[len(marks)-1]
	if err := os.Truncate(newest, 10); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	p := listen(t, "127.0.0.1:0", driver.ParticipantOptions{
		Group: r.group, Self: 1, Dir: r.dirOf(0), App: &replica{}, CheckpointBatches: r.every, Log: slog.New(slog.NewTextHandler(&said, nil)),
	})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), filepath.Base(newest)) {
		t.Errorf("says %q, want that %s is damaged", said.String(), newest)
	}
}

// An excluded participant lags beyond what anybody remembers, gets the state of another one, and is a
// member again.
func TestLaggardGetsASnapshot(t *testing.T) {
	r := newReplicas(t)
	r.commit(3)
	r.stop(2)
	if err := r.lead.ChangeMembers(r.ctx(), []batch3pc.NodeID{1, 3}); !errors.Is(err, batch3pc.ErrMembership) {
		t.Fatalf("without participant 2: %v, want a MembershipError", err)
	}
	if err := r.lead.ChangeMembers(r.ctx(), []batch3pc.NodeID{1, 2}); err != nil {
		t.Fatal(err)
	}
	r.commit(60)
	r.start(2)
	r.readmit(3)
	r.commit(3)
	r.level()
	if _, _, restores := r.apps[2].state(); restores == 0 {
		t.Error("it has caught up batch by batch: nothing was tested")
	}
}

// readmit asks for all as members until the one that was away has caught up.
func (r *replicas) readmit(node batch3pc.NodeID, replaced ...batch3pc.NodeID) {
	r.t.Helper()
	var err error
	until(r.t, func() bool {
		err = r.lead.ChangeMembers(r.ctx(), r.group.Participants, replaced...)
		return err == nil || !errors.Is(err, batch3pc.ErrMembership) && !errors.Is(err, batch3pc.ErrNotActive)
	}, func() string {
		return fmt.Sprintf("participant %d is not let in: %v; peers %+v", node, err, r.lead.Peers())
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.lead.WaitActive(r.ctx()); err != nil {
		r.t.Fatal(err)
	}
}

// A participant whose directory is gone does not count, and says so, until its new log is named.
func TestLostDirectory(t *testing.T) {
	r := newReplicas(t)
	r.commit(30)
	r.stop(1)
	if err := os.RemoveAll(r.dirOf(1)); err != nil {
		t.Fatal(err)
	}
	r.start(1)
	until(t, func() bool {
		peers := r.lead.Peers()
		return len(peers) == 3 && peers[1].Trouble == batch3pc.TroubleIncarnation && !peers[1].Counts && peers[1].Incarnation != peers[1].Known
	}, func() string { return fmt.Sprintf("peers %+v", r.lead.Peers()) })
	before := r.lead.Status().Proposed
	if _, err := r.lead.Propose(r.ctx(), 1, []byte("in doubt")); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return r.lead.Status().Proposed > before }, func() string { return "it is not proposed" }) // behind the change it would have been voted for by the new log
	r.readmit(2, 2)
	r.commit(3)
	lines, _, _ := r.apps[0].state()
	if strings.Contains(lines, "in doubt") {
		t.Error("a batch was committed by a log that nobody knew")
	}
	r.level()
}

// Damage in the middle of a log is repaired from the others.
func TestDamagedLogIsRepaired(t *testing.T) {
	r := newReplicas(t)
	r.commit(8)
	r.level()
	r.stop(2)
	r.damage(2, "line 22")
	r.start(2)
	r.commit(3)
	r.level()
	if now := r.nodes[2].Status(); now.Repairing {
		t.Errorf("status %+v", now)
	}
}

// damage changes a byte of a participant's log where text is.
func (r *replicas) damage(i int, text string) {
	r.t.Helper()
	spoil(r.t, r.dirOf(i), text)
}

// spoil changes a byte of the log in dir where text is.
func spoil(t *testing.T, dir, text string) {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	slices.Sort(segments)
	b, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte(text))
	if at < 0 {
		t.Fatalf("no %q in %s", text, segments[0])
	}
	b[at] ^= 1
	if err := os.WriteFile(segments[0], b, 0o644); err != nil {
		t.Fatal(err)
	}
}
