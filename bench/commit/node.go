package commit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// nodeSpec says what one process of a case is. It travels as JSON on the command line.
type nodeSpec struct {
	Floor     bool        `json:"floor"` // no participant, but its share of the floor
	Node      uint8       `json:"node"`
	Dir       string      `json:"dir"`
	Window    int         `json:"window"`
	Durable   bool        `json:"durable"`
	Transport string      `json:"transport"`
	Protocol  string      `json:"protocol"`
	Bytes     int         `json:"bytes"` // of a batch's message, for the floor
	Addr      string      `json:"addr"`  // where to listen
	Profile   profile.Set `json:"profile"`
}

// usage is what a process says on its standard output when it ends.
type usage struct {
	CPUNs   int64  `json:"cpu_ns"` // user and system time of the whole process
	Mallocs uint64 `json:"mallocs"`
}

// role of a participant: the three in turn.
func (s *nodeSpec) role() string { return rundir.RoleNames[(int(s.Node)-1)%len(rundir.RoleNames)] }

// name of its process.
func (s *nodeSpec) name() string { return fmt.Sprintf("node-%d-%s", s.Node, s.role()) }

// listening starts the line by which a node says where it listens.
const listening = "listening "

// RunNode is the main function of a process that a case has started: spec is the argument behind
// Options.Command. It ends when its standard input does, or with its coordinator.
func RunNode(ctx context.Context, spec string, in io.Reader, out io.Writer) error {
	var s nodeSpec
	if err := json.Unmarshal([]byte(spec), &s); err != nil {
		return fmt.Errorf("commit: want a node that a benchmark has started: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	stop, err := s.Profile.Start(s.name())
	if err != nil {
		return err
	}
	say := func(addr string) { fmt.Fprintln(out, listening+addr) }
	if s.Floor {
		err = serveFloor(ctx, &s, say)
	} else {
		err = serveParticipant(ctx, &s, say)
	}
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(spent())
}

// spent is what this process has used.
func spent() usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // fails only for a wrong argument
	return usage{CPUNs: r.Utime.Nano() + r.Stime.Nano(), Mallocs: m.Mallocs}
}

// Identity of the coordinator and of the cluster.
const (
	coordinatorNode = 16
	coordinatorRole = "engine"
	cluster         = 1
	boot            = 1
	ringBytes       = 16 << 20
)

// ringFor is the size of a ring that takes a frame of n bytes.
func ringFor(n int) int { return max(ringBytes, 4*n) }

// runner is a participant that is ready to run.
type runner interface {
	Run(ctx context.Context) error
}

// openNode makes the production node of a participant behind the link, or one of another protocol.
func openNode(s *nodeSpec, link *transport.Link, bell *ringbuf.Bell) (runner, error) {
	dir := filepath.Join(s.Dir, fmt.Sprintf("node-%d", s.Node))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	role, err := rundir.NewRole(s.role(), dir, rundir.DefaultRoles())
	if err != nil {
		return nil, err
	}
	if s.Protocol != ProtocolE3PC {
		return openTextbook(s, dir, role, link, bell)
	}
	return participant.Open(participant.Config{
		Node: batch3pc.NodeID(s.Node), Dir: dir, Cluster: cluster, Boot: boot, WindowMax: s.Window, Durable: s.Durable,
	}, role, []rounds.Peer{{Node: coordinatorNode, Link: link}}, bell)
}

func serveParticipant(ctx context.Context, s *nodeSpec, say func(addr string)) error {
	bell := ringbuf.NewBell(ringbuf.WaitPark)
	l, err := transport.Listen(s.Addr, transport.ListenOptions{
		Hello:  codec.Hello{Node: s.Node, Role: s.role()},
		Want:   codec.Hello{Node: coordinatorNode, Role: coordinatorRole},
		Header: codec.Header{Cluster: cluster, Boot: boot},
		OutCap: ringBytes, InCap: ringFor(s.Bytes), Bell: bell, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	defer l.Close() //nolint:errcheck // nothing is left to send
	node, err := openNode(s, l.Link(), bell)
	if err != nil {
		return err
	}
	say(l.Addr().String())
	return node.Run(ctx)
}

// addressOf takes the address out of a node's first line.
func addressOf(line string) (string, error) {
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), listening)
	if !ok {
		return "", fmt.Errorf("commit: a node said %q, want %q and an address", strings.TrimSpace(line), listening)
	}
	return addr, nil
}

// endPatience is how long a node may take to save its state and end.
const endPatience = 20 * time.Second
