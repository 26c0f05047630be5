package box

import (
	"context"
	"errors"
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

// Named checks that every host of the participants has an address. One that the name servers do not know now would be asked for
// again and again, while the run waits; that they do not answer may pass.
func Named(ctx context.Context, addrs map[string]string) error {
	for _, role := range rundir.RoleNames {
		host, _, err := net.SplitHostPort(addrs[role])
		if err != nil || host == "" {
			continue // none, or this one
		}
		_, err = net.DefaultResolver.LookupHost(ctx, host)
		var unknown *net.DNSError
		if errors.As(err, &unknown) && unknown.IsNotFound {
			return fmt.Errorf("participants: %s=%s: %w", role, addrs[role], err)
		}
	}
	return nil
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
