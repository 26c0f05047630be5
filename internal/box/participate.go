package box

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// ParticipantOptions are what a participant process needs to know.
type ParticipantOptions struct {
	Role       string
	Dir        string
	Listen     string
	Cluster    uint32
	Boot       uint32
	WindowMax  int
	Durable    bool
	Checkpoint uint64       // batches between two checkpoints; 0: never
	CutLog     bool         // what lies before them goes
	Files      rounds.Files // sizes of its log; zero: the usual ones
	Roles      rundir.Roles

	DiskReserve uint64       // bytes that its disk keeps: with less room it votes for nothing new; 0: until it is full
	Profile     host.Profile // pinned: its first core is for the participant's loop
	Log         *slog.Logger
	LinkLog     *slog.Logger // connects and disconnects; nil discards
}

// Participate runs one participant in this process until the engine has finished and gone, or ctx
// ends. listening is called once it can be reached.
func Participate(ctx context.Context, o ParticipantOptions, listening func(addr string)) error {
	id, err := rundir.NodeOf(o.Role)
	if err != nil {
		return err
	}
	if err := rundir.Make(o.Dir); err != nil {
		return err
	}
	unpin, err := o.Profile.Pin(0)
	if err != nil {
		return err
	}
	defer unpin()
	defer o.Profile.Procs()()
	bell := ringbuf.NewBell(o.Profile.Wait())
	engines, addr, err := listenForEngines(ctx, &o, uint8(id), bell)
	if err != nil {
		return err
	}
	defer func() {
		for _, e := range engines {
			_ = e.Link.(*transport.Link).Close() // nothing is left to send
		}
	}()
	business, err := rundir.NewRole(o.Role, o.Dir, o.Roles)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Role, err)
	}
	role := &careful{Role: business, space: newSpace(o.Dir, o.DiskReserve, o.Log)}
	node, err := openNode(participant.Config{
		Node: id, Dir: o.Dir, Cluster: o.Cluster, Boot: o.Boot, WindowMax: o.WindowMax, Durable: o.Durable,
		CheckpointBatches: o.Checkpoint, Cut: o.CutLog, Files: o.Files, Full: tellFull(o.Log, o.Dir),
	}, o.Role, role, engines, bell, o.Log)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Role, err)
	}
	if st := node.Status(); st.AppliedBatches > 0 {
		o.Log.Info("state rebuilt from the journal", "role", o.Role, "batches", st.AppliedBatches, "trades", role.AppliedTrades())
	}
	role.live = true
	listening(addr)
	err = node.Run(ctx)
	tellBad(o.Log, o.Role, engines, node.Dropped())
	if err != nil {
		return fmt.Errorf("%s: %w", o.Role, err)
	}
	return nil
}

// openNode opens a participant on its log, and says what of the log it cannot use.
func openNode(cfg participant.Config, name string, role participant.Role, engines []rounds.Peer, bell *ringbuf.Bell, log *slog.Logger) (*participant.Node, error) {
	cfg.Dropped = func(n uint64) {
		log.Error("frames of an engine are not understood, and dropped: it has a fault, or is of another version", "role", name, "times", n)
	}
	cfg.Unreadable = func(err error) {
		log.Error("damaged log: it cannot supply the other participants", "role", name, "err", err)
	}
	node, err := participant.Open(cfg, role, engines, bell)
	if errors.Is(err, batch3pc.ErrNarrow) {
		return nil, &rundir.RefusedError{Dir: cfg.Dir, Why: fmt.Sprintf("its log has more undecided batches than --window %d: give a larger one", cfg.WindowMax)}
	}
	if err != nil {
		return nil, err
	}
	for _, d := range node.DamagedMarks() {
		log.Warn("damaged mark of the log: the log is read from further back", "role", name, "damage", d)
	}
	for _, h := range node.Holes() {
		log.Warn("damaged log: fetching what is missing from the other participants", "role", name, "hole", h)
	}
	return node, nil
}

// listenForEngines opens the participant's port for the engine and its backups, each with a link of
// its own. What the others do not use of their rings costs no memory.
func listenForEngines(ctx context.Context, o *ParticipantOptions, node uint8, bell *ringbuf.Bell) ([]rounds.Peer, string, error) {
	var all []transport.ListenOptions
	for i := range uint8(EngineNodes) {
		all = append(all, transport.ListenOptions{
			Hello:  codec.Hello{Node: node, Role: o.Role},
			Want:   codec.Hello{Node: engineNode + i, Role: "engine"},
			Header: codec.Header{Cluster: o.Cluster, Boot: o.Boot},
			OutCap: answerRingBytes, InCap: batchRingBytes, Bell: bell, Log: o.LinkLog,
		})
	}
	var listeners []*transport.Listener
	err := onPort(ctx, o, func() (err error) {
		listeners, err = transport.ListenAll(o.Listen, all)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	var engines []rounds.Peer
	for i, l := range listeners {
		engines = append(engines, rounds.Peer{Node: batch3pc.NodeID(engineNode + i), Link: l.Link()})
	}
	return engines, listeners[0].Addr().String(), nil
}

// A participant that is started again has to have the port where its engines look for it. While it was dead, that port was
// anybody's: a connection of another process may have it for a moment.
const (
	portWaitMax = 10 * time.Second
	portPause   = 50 * time.Millisecond
)

// onPort calls listen, again and again if it is such a start and the port is taken, but not for long.
func onPort(ctx context.Context, o *ParticipantOptions, listen func() error) error {
	said := false
	for end := time.Now().Add(portWaitMax); ; time.Sleep(portPause) {
		err := listen()
		if o.Boot <= 1 || !errors.Is(err, syscall.EADDRINUSE) || ctx.Err() != nil || time.Now().After(end) {
			return err
		}
		if !said {
			o.Log.Warn("waits for the port that it had", "role", o.Role, "for_at_most", portWaitMax, "err", err)
			said = true
		}
	}
}
