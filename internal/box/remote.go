package box

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/transport"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// remoteGroup is participants that somebody else has started ("tezi participant ROLE").
type remoteGroup struct{ ends []*transport.Link }

// ParseParticipants reads "risk=host:port,settlement=host:port,marketdata=host:port".
func ParseParticipants(s string) (map[string]string, error) {
	each := "want ROLE=HOST:PORT for each of " + strings.Join(rundir.RoleNames, ", ")
	addrs := map[string]string{}
	for part := range strings.SplitSeq(s, ",") {
		role, addr, _ := strings.Cut(part, "=")
		_, port, err := net.SplitHostPort(addr)
		if !slices.Contains(rundir.RoleNames, role) || err != nil || port == "" {
			return nil, fmt.Errorf("participants: %s, got %q", each, part)
		}
		if addrs[role] != "" {
			return nil, fmt.Errorf("participants: %s is named twice", role)
		}
		addrs[role] = addr
	}
	for i, role := range rundir.RoleNames {
		if addrs[role] == "" {
			return nil, fmt.Errorf("participants: %s is missing, %s", role, each)
		}
		for _, other := range rundir.RoleNames[:i] {
			if addrs[role] == addrs[other] {
				return nil, fmt.Errorf("participants: %s and %s have one address, %s", other, role, addrs[role])
			}
		}
	}
	return addrs, nil
}

func connectRemote(o *Options, run *rundir.Run, bell *ringbuf.Bell, as hello) *remoteGroup {
	g := &remoteGroup{}
	log := o.Log
	if o.Watched {
		log = quiet(log)
	}
	for i, role := range rundir.RoleNames {
		g.ends = append(g.ends, dial(run, o.Participants[role], batch3pc.NodeID(i+1), role, bell, log, o.Log, as))
	}
	return g
}

func (g *remoteGroup) links() []*transport.Link { return g.ends }

func (g *remoteGroup) stop() error {
	var first error
	for _, l := range g.ends {
		if err := l.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
