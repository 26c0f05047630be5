package rundir

import (
	"errors"
	"io"
	"path/filepath"

	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
)

// engineSnapshots is whose snapshots those of the command log are: all engines of a run have one log.
const engineSnapshots = 16

// CommandLog is the command log of a run, which may begin with a snapshot.
type CommandLog struct {
	Dir       string // of the log
	Snapshots *snapshot.Store
}

// NewCommandLog returns the command log of the run in dir, whose cluster is in the run file.
func NewCommandLog(dir string, cluster uint32) CommandLog {
	dir = filepath.Join(dir, EngineDir)
	id := snapshot.Identity{Cluster: cluster, Node: engineSnapshots, Kind: snapshot.Engine}
	return CommandLog{dir, snapshot.NewStore(disk.Real, dir, id)}
}

// Recover calls load with the newest snapshot that is whole, if there is one, and take with each record
// behind it. It reads beside a writer. It returns the place behind the last record.
func (l *CommandLog) Recover(load func(snapshot []byte) error, take func(kind uint8, body []byte) error) (journal.Position, error) {
	snap, _, err := l.Snapshots.Latest()
	if err == nil && snap.At.LSN > 0 {
		err = load(snap.Body)
	}
	if err != nil {
		return snap.At, err
	}
	r, err := journal.NewReaderOn(disk.Real, l.Dir, snap.At)
	if err != nil {
		return snap.At, err
	}
	defer r.Close() //nolint:errcheck // read only
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Position(), nil
		}
		if err == nil {
			err = take(rec.Kind, rec.Body)
		}
		if err != nil {
			return r.Position(), err
		}
	}
}
