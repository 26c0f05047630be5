package driver

import (
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/transport"
)

// StartLocal starts a coordinator and all participants of a group in this process, connected by rings
// in memory: no sockets, no copies by the system, the same protocol and the same disks. When the
// coordinator is closed, the participants go on until they are closed, but nobody leads them. All Groups are the same.
// Errors: those of DialCoordinator and ListenParticipant, after which nothing runs.
func StartLocal(o CoordinatorOptions, participants []ParticipantOptions) (*CoordinatorNode, []*ParticipantNode, error) {
	c, err := openCoordinator(o)
	if err != nil {
		return nil, nil, err
	}
	var nodes []*ParticipantNode
	fail := func(err error) (*CoordinatorNode, []*ParticipantNode, error) {
		c.abandon()
		for _, p := range nodes {
			p.Close() //nolint:errcheck // the error that stopped us says more
		}
		return nil, nil, err
	}
	if len(participants) != len(c.group.Participants) {
		return fail(fmt.Errorf("%w: options of %d participants, want %d", ErrConfig, len(participants), len(c.group.Participants)))
	}
	links := map[batch3pc.NodeID]*transport.Link{}
	for _, po := range participants {
		if err := po.Group.withDefaults(); err != nil {
			return fail(err)
		}
		if !po.Group.agrees(&c.group) {
			return fail(fmt.Errorf("%w: the Group of participant %d is not that of the coordinator", ErrConfig, po.Self))
		}
		p, err := openParticipant(po)
		if err != nil {
			return fail(err)
		}
		ours, theirs := transport.Pair(c.group.ringBytes(), c.group.ringBytes(), c.bell, p.bell)
		links[p.self], p.links = ours, []*transport.Link{theirs}
		p.group.Coordinators = []batch3pc.NodeID{c.self}
		p.start()
		nodes = append(nodes, p)
	}
	for _, n := range c.group.Participants {
		if links[n] == nil {
			return fail(fmt.Errorf("%w: no options of participant %d", ErrConfig, n))
		}
		c.links = append(c.links, links[n])
	}
	if err := c.start(); err != nil {
		return fail(err)
	}
	return c, nodes, nil
}
