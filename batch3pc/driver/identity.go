package driver

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// identityFile is the name of the file in a node's directory that says whose it is. It gets this name when it is
// whole and durable: a node that a crash has stopped in between must be able to start again.
const identityFile = "node"

// identityMax is how much of the file is read, in bytes.
const identityMax = 256

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
func (g *Group) owns(files disk.FS, dir, role string, self batch3pc.NodeID) (bool, error) {
	want := g.owner(role, self)
	f, err := files.Open(filepath.Join(dir, identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	got, err := io.ReadAll(io.NewSectionReader(f, 0, identityMax))
	if err := errors.Join(err, f.Close()); err != nil {
		return false, err
	}
	if string(got) != want+"\n" {
		line, _, _ := strings.Cut(string(got), "\n")
		return false, &WrongDirError{Dir: dir, Want: want, Got: line}
	}
	return true, nil
}

// owner is what the identity file of a node says.
func (g *Group) owner(role string, self batch3pc.NodeID) string {
	return fmt.Sprintf("%s %d of cluster %d", role, self, g.Cluster)
}

// claim makes sure that dir is, or becomes, the directory of the node.
func (g *Group) claim(files disk.FS, dir, role string, self batch3pc.NodeID) error {
	if owns, err := g.owns(files, dir, role, self); owns || err != nil {
		return err
	}
	path := filepath.Join(dir, identityFile)
	temp := path + ".tmp"
	if err := files.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := files.Create(temp)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(g.owner(role, self)+"\n"), 0)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return errors.Join(files.Rename(temp, path), files.SyncDir(dir))
}
