package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// NextBoot returns the number of a start of an engine, which is durable when it returns. It is above every earlier
// number of the node in this directory, and at least the second of the start: of two processes of one engine the
// later one has the higher. A copy of the directory may give it out again, so nothing that has to be unique
// goes by it (rounds.BootNumber).
func NextBoot(dir string, node batch3pc.NodeID, now time.Time) (uint32, error) {
	path := filepath.Join(dir, EngineDir, fmt.Sprintf("boot-%d", node))
	boot := uint64(now.Unix())
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	if err == nil {
		last, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%s: want the number of the last start, got %q", path, b)
		}
		boot = max(boot, last+1)
	}
	return uint32(boot), ledger.WriteFile(path, strconv.AppendUint(nil, boot, 10))
}
