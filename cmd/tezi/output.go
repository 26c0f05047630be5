package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/spf13/cobra"
)

// output is how a command reports.
type output struct{ format string }

func (o *output) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.format, "output", "o", "table", "how to report: table or json")
}

func (o *output) check() error {
	if o.format != "table" && o.format != "json" {
		return usageError{fmt.Errorf("-o %s: want table or json", o.format)}
	}
	return nil
}

func (o *output) json() bool { return o.format == "json" }

// checkedOutput is standard output that keeps its first error: a command that could not say what it was asked for has
// failed, whoever wrote, the help included.
type checkedOutput struct {
	to     io.Writer
	failed atomic.Pointer[error]
}

func (c *checkedOutput) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	if err != nil {
		c.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

// Fd is the file behind it, for those who ask whether it is a terminal; -1 if there is none.
func (c *checkedOutput) Fd() uintptr {
	if f, ok := c.to.(*os.File); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

func (c *checkedOutput) err() error {
	if err := c.failed.Load(); err != nil {
		return *err
	}
	return nil
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // there is a symbol A&B
	return e.Encode(v)
}

// newLog writes messages for people to standard error, at level warn unless verbose.
func newLog(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.String(slog.TimeKey, a.Value.Time().Format("15:04:05.000"))
		}
		return a
	}}))
}
