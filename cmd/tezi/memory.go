package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/internal/host"
)

// memoryFlags are the flags of commands that may ask for memory of a better kind.
type memoryFlags struct {
	lock bool
	gc   string
}

func (m *memoryFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&m.lock, "lock-memory", false, "keep all memory from being swapped out (mlockall)")
	f.StringVar(&m.gc, "gc", "default", "garbage collector: default, off (until memory runs short), or a percentage of growth (GOGC)")
}

// apply asks the machine and says what it got; a refusal is a warning, not an end.
func (m *memoryFlags) apply(log *slog.Logger) (host.Memory, host.Granted, error) {
	gc, err := host.ParseGC(m.gc)
	if err != nil {
		return host.Memory{}, host.Granted{}, usageError{fmt.Errorf("--gc: %w", err)}
	}
	w := host.Memory{Lock: m.lock, GC: gc}
	got := w.Apply()
	for _, line := range got.Lines {
		log.Info(line)
	}
	for _, line := range got.Refused {
		log.Warn(line)
	}
	return w, got, nil
}
