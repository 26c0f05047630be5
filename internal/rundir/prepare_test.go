package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// names is a file system that knows which directories have durable names.
type names struct {
	disk.FS
	durable map[string]bool
}

func (n names) SyncDir(dir string) error {
	entries, err := n.FS.List(dir)
	for _, name := range entries {
		n.durable[filepath.Join(dir, name)] = true
	}
	return errors.Join(err, n.FS.SyncDir(dir))
}

// TestPreparedRunHasDurableName: a power cut after Prepare once took the run directory, or one above it, with all
// that was committed in it.
func TestPreparedRunHasDurableName(t *testing.T) {
	files := names{disk.Real, map[string]bool{}}
	dir := filepath.Join(t.TempDir(), "runs", "today")
	for _, force := range []bool{false, true} {
		if err := prepare(files, dir, force, &Run{Version: Version}); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{filepath.Dir(dir), dir, filepath.Join(dir, EngineDir)} {
			if !files.durable[path] {
				t.Errorf("force %t: a power cut takes %s", force, path)
			}
		}
		delete(files.durable, filepath.Join(dir, EngineDir)) // with force it is another one
	}
	if _, err := Read(dir); err != nil {
		t.Error(err)
	}
}

// TestPrepareAgain: a run directory whose preparation was cut short, as by a full disk, has no run file and nothing in its log. It
// is taken for an empty one. Nobody could use it, not even with force.
func TestPrepareAgain(t *testing.T) {
	dir := t.TempDir()
	engine := filepath.Join(dir, EngineDir)
	write := func(path string) {
		t.Helper()
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(engine, 0o700); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(dir, File+".tmp"))
	if err := Prepare(dir, false, &Run{Version: Version}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, File)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(engine, "00000000000000000001.journal"), filepath.Join(dir, "thesis.tex")} {
		write(path)
		if err := Prepare(dir, true, &Run{Version: Version}); !errors.As(err, new(*RefusedError)) {
			t.Errorf("with %s: %v, want it refused", filepath.Base(path), err)
		}
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}
