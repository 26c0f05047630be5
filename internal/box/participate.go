package box

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// ParticipantOptions are what a participant process needs to know.
type ParticipantOptions struct {
	Role      string
	Dir       string
	Listen    string
	Cluster   uint32
	Boot      uint32
	WindowMax int
	Durable   bool
	Roles     rundir.Roles
	Profile   host.Profile // pinned: its first core is for the participant's loop
	Log       *slog.Logger
	LinkLog   *slog.Logger // connects and disconnects; nil discards
}

// Participate runs one participant in this process until the engine has finished and gone, or ctx
// ends. listening is called once it can be reached.
func Participate(ctx context.Context, o ParticipantOptions, listening func(addr string)) error {
	id, err := rundir.NodeOf(o.Role)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return err
	}
	unpin, err := o.Profile.Pin(0)
	if err != nil {
		return err
	}
	defer unpin()
	bell := ringbuf.NewBell(waitOf(o.Profile))
	l, err := transport.Listen(o.Listen, transport.ListenOptions{
		Hello:  codec.Hello{Node: uint8(id), Role: o.Role},
		Want:   codec.Hello{Node: engineNode, Role: "engine"},
		Header: codec.Header{Cluster: o.Cluster, Boot: o.Boot},
		OutCap: answerRingBytes, InCap: batchRingBytes, Bell: bell, Log: o.LinkLog,
	})
	if err != nil {
		return err
	}
	defer l.Close() //nolint:errcheck // nothing is left to send
	role, err := rundir.NewRole(o.Role, o.Dir, o.Roles)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Role, err)
	}
	node, err := participant.Open(participant.Config{
		Node: id, Engine: engineNode, Dir: o.Dir, Cluster: o.Cluster, Boot: o.Boot, WindowMax: o.WindowMax, Durable: o.Durable,
	}, role, l.Link(), bell)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Role, err)
	}
	if st := node.Status(); st.AppliedBatches > 0 {
		o.Log.Info("state rebuilt from the journal", "role", o.Role, "batches", st.AppliedBatches, "trades", role.AppliedTrades())
	}
	listening(l.Addr().String())
	if err := node.Run(ctx); err != nil {
		return fmt.Errorf("%s: %w", o.Role, err)
	}
	return nil
}
