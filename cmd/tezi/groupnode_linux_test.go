package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
)

// The three participants of a run are of three classes, so none can hand its state to another. A group of the library
// whose participants are of one class is what shows snapshots on their way between processes:
//
//	groupnode participant N ADDR DIR        says "listening ADDR", and answers each line with its state
//	groupnode coordinator DIR ADDR ADDR ADDR
//
// A coordinator takes "commit FROM TO", the numbers of lines, and "members N...", and answers "ok" when that is done.
func init() { programs["groupnode"] = groupNode }

// testGroup is what its nodes agree on. Logs are short: who was away for more than a few batches needs a state.
var testGroup = driver.Group{
	Cluster: 7, Participants: []batch3pc.NodeID{1, 2, 3}, Coordinators: []batch3pc.NodeID{16}, WindowMax: 4, RetainMax: 4,
	Excludable: []batch3pc.NodeID{3}, Classes: []uint8{1, 1, 1}, LagMax: 10,
}

func groupNode() {
	args := os.Args[1:]
	var err error
	switch {
	case len(args) == 4 && args[0] == "participant":
		err = groupParticipant(args[1], args[2], args[3])
	case len(args) == 5 && args[0] == "coordinator":
		err = groupCoordinator(args[1], args[2:])
	default:
		err = fmt.Errorf("what is %q?", args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "groupnode:", err)
		os.Exit(1)
	}
}

// groupLine is line n of what the group commits, so long that a state of some dozens takes several pieces.
func groupLine(n int) []byte { return fmt.Appendf(nil, "line %d %s\n", n, strings.Repeat("x", 4096)) }

// groupLog is an App that keeps the lines that it has applied.
type groupLog struct {
	mu       sync.Mutex
	lines    []byte
	restores int
}

func (g *groupLog) Vote(*batch3pc.Batch, bool) batch3pc.Vote { return batch3pc.Vote{Yes: true} }
func (g *groupLog) Drop(*batch3pc.Batch)                     {}

func (g *groupLog) Apply(b *batch3pc.Batch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lines = append(g.lines, b.Payload...)
}

func (g *groupLog) AppendSnapshot(dst []byte) []byte { return append(dst, g.lines...) }

func (g *groupLog) Restore(state []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lines = bytes.Clone(state)
	g.restores++
	return nil
}

// state says what a group of these lines says, if it has applied each once.
func groupState(lines []byte) string {
	return fmt.Sprintf("%d %016x", bytes.Count(lines, []byte("\n")), xxhash.Sum64(lines))
}

func groupParticipant(number, addr, dir string) error {
	app := &groupLog{}
	o := driver.ParticipantOptions{Group: testGroup, Self: batch3pc.NodeID(number[0] - '0'), Dir: dir, App: app, CheckpointBatches: 10}
	p, err := driver.ListenParticipant(addr, o)
	for end := time.Now().Add(patience); errors.Is(err, syscall.EADDRINUSE) && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond) // somebody else on this machine has the port for a moment
		p, err = driver.ListenParticipant(addr, o)
	}
	if err != nil {
		return err
	}
	fmt.Println("listening", p.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if p.Err() != nil {
			break
		}
		app.mu.Lock()
		fmt.Println(groupState(app.lines))
		app.mu.Unlock()
	}
	return p.Close()
}

func groupCoordinator(dir string, addrs []string) error {
	where := map[batch3pc.NodeID]string{}
	for i, addr := range addrs {
		where[testGroup.Participants[i]] = addr
	}
	c, err := driver.DialCoordinator(where, driver.CoordinatorOptions{Group: testGroup, Self: testGroup.Coordinators[0], Dir: dir, Resend: 20 * time.Millisecond})
	if err != nil {
		return err
	}
	ctx := context.Background()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := c.WaitActive(ctx); err != nil {
			return err
		}
		var from, to int
		switch word, rest, _ := strings.Cut(in.Text(), " "); word {
		case "commit":
			_, err = fmt.Sscan(rest, &from, &to)
			for n := from; n < to && err == nil; n++ {
				err = c.Commit(ctx, 1, groupLine(n))
			}
		case "members":
			var members []batch3pc.NodeID
			for _, n := range strings.Fields(rest) {
				members = append(members, batch3pc.NodeID(n[0]-'0'))
			}
			err = changeMembers(ctx, c, members)
		}
		if err != nil {
			return err
		}
		fmt.Println("ok")
	}
	return c.Close()
}

// changeMembers asks for members until they are the members.
func changeMembers(ctx context.Context, c *driver.CoordinatorNode, members []batch3pc.NodeID) error {
	are := func() bool {
		return !slices.ContainsFunc(c.Peers(), func(p batch3pc.PeerStatus) bool { return p.Member != slices.Contains(members, p.Node) })
	}
	for c.Status().State != batch3pc.StateActive || !are() {
		err := c.ChangeMembers(ctx, members)
		if err != nil && !errors.Is(err, batch3pc.ErrMembership) && !errors.Is(err, batch3pc.ErrNotActive) {
			return err
		}
		time.Sleep(5 * time.Millisecond)
		if err := c.WaitActive(ctx); err != nil {
			return err
		}
	}
	return nil
}
