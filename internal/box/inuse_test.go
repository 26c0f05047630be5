package box

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tezi-exchange/tezi/internal/rundir"
)

// TestOneLeads: a second engine is refused because another one leads; where a file cannot be locked at all, that is what is
// said. Every error was once told as another engine.
func TestOneLeads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), rundir.EngineDir)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	first, err := leads(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leads(dir); !errors.As(err, new(*rundir.RefusedError)) {
		t.Errorf("a second: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	taken, err := tryLock(first) // as a file that cannot be locked
	if path := new(os.PathError); taken || !errors.Is(err, syscall.EBADF) || !errors.As(err, &path) || path.Path != filepath.Join(dir, leaderLock) {
		t.Errorf("a file that cannot be locked: taken %v, %v", taken, err)
	}
}
