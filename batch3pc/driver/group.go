package driver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// Group is what all nodes of a commit group agree on.
type Group struct {
	Cluster      uint32            // a node of another cluster is refused
	Participants []batch3pc.NodeID // all of whom must vote yes; quorums are over these
	Coordinators []batch3pc.NodeID // who may coordinate; the numbers are not those of participants
	WindowMax    int               // batches undecided at a time; 0: 16
	RetainMax    int               // batches kept for participants that lag; 0: 4 x WindowMax
	PayloadMax   int               // bytes of a payload; 0: 256 KiB
	// Excludable participants may be left out of the members by ChangeMembers, and catch up as learners.
	Excludable []batch3pc.NodeID
	// Classes say which participants run the same business, in the order of Participants: one that lags
	// beyond what the others remember gets the state of another of the same number. Their Apps are
	// batch3pc.Snapshotters. 0, or no Classes at all: nobody's state can be handed on.
	Classes []uint8
	// LagMax is by how many batches an excluded participant may lag before the others cut their logs
	// without it, if it can be helped by a snapshot; 0: they never do.
	LagMax batch3pc.Seq
}

// Defaults of a Group, and the bounds of a link's rings in bytes.
const (
	windowDefault  = 16
	payloadDefault = 256 << 10
	ringMin        = 1 << 20
	ringMax        = 64 << 20
)

// ErrConfig is wrapped by the errors of groups and options that cannot work.
var ErrConfig = errors.New("driver: bad configuration")

func (g *Group) withDefaults() error {
	if g.WindowMax == 0 {
		g.WindowMax = windowDefault
	}
	if g.RetainMax == 0 {
		g.RetainMax = 4 * g.WindowMax
	}
	if g.PayloadMax == 0 {
		g.PayloadMax = payloadDefault
	}
	switch {
	case g.WindowMax < 1 || g.RetainMax < g.WindowMax:
		return fmt.Errorf("%w: WindowMax is %d and RetainMax %d, want 1 <= WindowMax <= RetainMax", ErrConfig, g.WindowMax, g.RetainMax)
	case g.PayloadMax < 0 || g.PayloadMax > codec.PayloadSizeMax:
		return fmt.Errorf("%w: PayloadMax is %d, want at most %d", ErrConfig, g.PayloadMax, codec.PayloadSizeMax)
	case len(g.Participants) == 0 || len(g.Coordinators) == 0:
		return fmt.Errorf("%w: %d participants and %d coordinators, want some", ErrConfig, len(g.Participants), len(g.Coordinators))
	}
	for i, n := range slices.Concat(g.Participants, g.Coordinators) {
		if n == 0 || slices.Index(slices.Concat(g.Participants, g.Coordinators), n) != i {
			return fmt.Errorf("%w: node %d is 0 or named twice", ErrConfig, n)
		}
	}
	return nil
}

// ringBytes is the size of a link's ring: it takes the batches of a whole window, and one of any
// size fits into half of it.
func (g *Group) ringBytes() int {
	frame := g.PayloadMax + codec.FrameSizeMax - codec.PayloadSizeMax
	want := max(4*frame, min((g.WindowMax+1)*frame, ringMax), ringMin)
	size := ringMin
	for size < want {
		size *= 2
	}
	return size
}

// identityFile is the name of the file in a node's directory that says whose it is.
const identityFile = "node"

// WrongDirError says that a directory belongs to another node.
type WrongDirError struct {
	Dir  string
	Want string // the node that was to be started
	Got  string // the node whose directory it is
}

// Error names both nodes.
func (e *WrongDirError) Error() string {
	return fmt.Sprintf("driver: %s is the directory of %s, want that of %s", e.Dir, e.Got, e.Want)
}

// owns reports whether dir is the directory of the node already, or a *WrongDirError.
func (g *Group) owns(dir, role string, self batch3pc.NodeID) (bool, error) {
	want := g.owner(role, self)
	switch got, err := os.ReadFile(filepath.Join(dir, identityFile)); {
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case string(got) != want+"\n":
		return false, &WrongDirError{Dir: dir, Want: want, Got: string(trimLine(got))}
	}
	return true, nil
}

// owner is what the identity file of a node says.
func (g *Group) owner(role string, self batch3pc.NodeID) string {
	return fmt.Sprintf("%s %d of cluster %d", role, self, g.Cluster)
}

// claim makes sure that dir is, or becomes, the directory of the node.
func (g *Group) claim(dir, role string, self batch3pc.NodeID) error {
	if owns, err := g.owns(dir, role, self); owns || err != nil {
		return err
	}
	want, path := g.owner(role, self), filepath.Join(dir, identityFile)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(want + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

func trimLine(b []byte) []byte {
	if n := slices.Index(b, '\n'); n >= 0 {
		return b[:n]
	}
	return b
}
