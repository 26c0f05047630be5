package inspect

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// File is a file of a run, beside its logs, that can be shown.
type File interface {
	WriteTable(w io.Writer) error // for people; in JSON it is what it is
}

// OneFile inspects a file: a *Snapshot, a *State, or nil if it is neither, or none that can be looked into.
func OneFile(path string) (File, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() { // a pipe gives its bytes once
		return nil, nil
	}
	switch {
	case isSnapshot(path):
		return snapshotFile(path)
	case filepath.Base(path) == participant.StateFile:
		return stateFile(path)
	}
	return nil, nil
}

// DirOf returns the directory that a file is read as a part of: that of its log for a segment, and that of the run for its run
// file.
func DirOf(path string) (dir string, ok bool) {
	name := filepath.Base(path)
	if _, segment := journal.SegmentLSN(name); !segment && name != rundir.File {
		return "", false
	}
	info, err := os.Stat(path)
	return filepath.Dir(path), err == nil && info.Mode().IsRegular()
}

// Snapshot is what the file of a snapshot says of itself. It is whole.
type Snapshot struct {
	Path    string `json:"file"`
	Of      string `json:"of"` // whose log or tape: "engine", "participant" or "tape"
	Cluster uint32 `json:"cluster"`
	Node    uint32 `json:"node"`   // 16: any engine of the run
	Record  uint64 `json:"record"` // of that log, behind which it is the state
	Bytes   int    `json:"bytes"`  // of the state; 0 of a participant, whose log has it
}

func isSnapshot(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // read only
	head := make([]byte, len(snapshot.Magic))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == snapshot.Magic
}

func snapshotFile(path string) (File, error) {
	id, snap, err := snapshot.Read(disk.Real, path)
	if err != nil {
		return nil, err
	}
	return &Snapshot{path, id.Kind.String(), id.Cluster, id.Node, snap.At.LSN, len(snap.Body)}, nil
}

// WriteTable writes the snapshot for people.
func (s *Snapshot) WriteTable(w io.Writer) error {
	text := fmt.Sprintf("%s\n  snapshot    %s, behind record %d of its log: a start can read on from there\n", s.Path, s.Of, s.Record)
	if s.Of != snapshot.Tape.String() {
		text += fmt.Sprintf("  cluster     %d, node %d\n", s.Cluster, s.Node)
	}
	state := fmt.Sprintf("%d bytes, whole", s.Bytes)
	if s.Of == snapshot.Participant.String() {
		state = "in the log, as a checkpoint before that record"
	}
	_, err := io.WriteString(w, text+"  state       "+state+"\n")
	return err
}

// State is what a participant's state.json says of the state files beside it.
type State struct {
	Path string `json:"file"`
	participant.State
}

func stateFile(path string) (File, error) {
	s, err := participant.ReadState(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	if !slices.Contains(rundir.RoleNames, s.Role) { // of somebody else, under the same name
		return nil, nil
	}
	return &State{path, s}, nil
}

// WriteTable writes the state for people.
func (s *State) WriteTable(w io.Writer) error {
	when := "when it was interrupted: it may lag behind the others"
	if s.Finished {
		when = "at the end of the run"
	}
	_, err := fmt.Fprintf(w, "%s\n  saved       by %s, %s\n  applied     to %d: %d batches, %d trades\n  chain       %s\n  digest      %s\n",
		s.Path, s.Role, when, s.AppliedSeq, s.AppliedBatches, s.AppliedTrades, s.Chain, s.Digest)
	return err
}
