package rundir

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// File is the name of the file that makes a directory a run directory.
const File = "run.json"

// Version is the version of the run directory's layout.
const Version = 4

// Run is the content of File: what was run.
type Run struct {
	Version   int           `json:"version"`
	Started   time.Time     `json:"started"`
	Source    string        `json:"source"`
	Format    string        `json:"format"`
	Transport string        `json:"transport"` // "tcp", "udp", "shm" or "rings"
	Durable   bool          `json:"durable"`
	Cluster   uint32        `json:"cluster"`
	Limits    engine.Limits `json:"limits"`
	Roles     Roles         `json:"roles"`

	// For other engines of the run.
	Resumed      time.Time         `json:"resumed,omitzero"`       // when it was last taken up
	Participants map[string]string `json:"participants,omitempty"` // role -> address; absent: only the process that runs it knows
	Command      []string          `json:"command,omitempty"`      // the command and flags that say source, pace and window
}

// Begun is when the run began, or was last taken up: what its limits of time count from.
func (r *Run) Begun() time.Time {
	if r.Resumed.IsZero() {
		return r.Started
	}
	return r.Resumed
}

// RefusedError says why a directory cannot be used for a run.
type RefusedError struct {
	Dir, Why string
}

func (e *RefusedError) Error() string { return e.Dir + ": " + e.Why }

// Read reads the run file of dir.
func Read(dir string) (Run, error) {
	path := filepath.Join(dir, File)
	body, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return Run{}, &RefusedError{dir, "not a run directory: it has no " + File}
	case errors.Is(err, syscall.ENOTDIR):
		return Run{}, &RefusedError{dir, "not a run directory: it is a file"}
	case err != nil:
		return Run{}, err
	}
	var r Run
	if err := json.Unmarshal(body, &r); err != nil {
		return Run{}, &RefusedError{dir, fmt.Sprintf("%s is damaged: %v", File, err)}
	}
	if r.Version != Version {
		return Run{}, &RefusedError{dir, fmt.Sprintf("layout version %d, this program knows %d", r.Version, Version)}
	}
	return r, nil
}

// Make makes a directory for a run or a part of one, durably, with those above it. It may be there. A *RefusedError: there is
// a file in its place.
func Make(dir string) error {
	err := disk.MakeDirs(disk.Real, dir)
	if errors.Is(err, syscall.ENOTDIR) {
		return &RefusedError{dir, "not a directory: give another one"}
	}
	return err
}

// Prepare makes dir an empty run directory, whose name is durable when it returns, and those of what is above it.
// It never removes anything but an earlier run, and that only with force.
func Prepare(dir string, force bool, r *Run) error { return prepare(disk.Real, dir, force, r) }

func prepare(files disk.FS, dir string, force bool, r *Run) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if !untouched(dir, entries) {
		old, err := Read(dir)
		switch {
		case err != nil:
			return &RefusedError{dir, "is not empty and holds no run: give another directory"}
		case !force:
			return &RefusedError{dir, fmt.Sprintf("holds the run of %s started %s: give another directory, --resume if it was cut off, or --force to replace it",
				old.Source, old.Started.Local().Format("2006-01-02 15:04:05"))}
		}
		if err := removeRun(dir); err != nil {
			return err
		}
	}
	if err := disk.MakeDirs(files, filepath.Join(dir, EngineDir)); err != nil {
		return err
	}
	return Write(dir, r)
}

// untouched reports whether a directory has nothing but what Prepare leaves that was cut short, by a full disk or a crash: no run file
// yet, and nothing in the log's directory.
func untouched(dir string, entries []os.DirEntry) bool {
	for _, e := range entries {
		switch e.Name() {
		case File + ".tmp":
		case EngineDir:
			if inside, err := os.ReadDir(filepath.Join(dir, EngineDir)); err != nil || len(inside) > 0 {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// Write replaces the run file of dir.
func Write(dir string, r *Run) error {
	body, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return ledger.WriteFile(filepath.Join(dir, File), append(body, '\n'))
}

// Names inside a run directory.
const (
	EngineDir  = "engine"      // the command log
	ReportFile = "report.json" // the report
)

// removeRun removes what a run leaves, and nothing else.
func removeRun(dir string) error {
	names := append([]string{EngineDir, ReportFile, ReportFile + ".tmp"}, RoleNames...)
	hgrm, err := filepath.Glob(filepath.Join(dir, "*.hgrm"))
	if err != nil {
		return err
	}
	for _, path := range hgrm {
		names = append(names, filepath.Base(path))
	}
	names = append(names, File) // last: as long as it is there, --force can begin again
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
