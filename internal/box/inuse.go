package box

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/tezi-exchange/tezi/internal/rundir"
)

// inUse returns an error if a process works in one of the run directory's logs. Replacing the run
// would pull the logs from under it.
func inUse(dir string) error {
	for _, name := range append([]string{rundir.EngineDir}, rundir.RoleNames...) {
		f, err := os.Open(filepath.Join(dir, name, "lock"))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			continue
		}
		if err != nil {
			return err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) // Close gives it back
		owner, _ := io.ReadAll(io.LimitReader(f, 32))                     // only decorates the error
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return &rundir.RefusedError{Dir: dir, Why: fmt.Sprintf("in use by process %s (%s)", strings.TrimSpace(string(owner)), name)}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	return nil
}
