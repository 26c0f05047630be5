package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/internal/capture"
	"github.com/tezi-exchange/tezi/internal/inspect"
)

func newInspect() *cobra.Command {
	var (
		out    output
		source captureFlags
	)
	cmd := &cobra.Command{
		Use:   "inspect FILE|DIR",
		Short: "Show what a capture, a log or a run directory holds",
		Long: `Show what a capture file holds (format, commands by kind, instruments, time range,
damage), or what a log directory of a run holds (records by kind, watermarks, torn
tail). For a run directory, all four logs are shown. A segment is shown as its log;
a snapshot, and a participant's state.json, with what they say of themselves.`,
		Example: `  tezi inspect CASH_Orders_09092026.DAT.gz
  tezi inspect tezi-run
  tezi inspect tezi-run/risk -o json`,
		Args: wantArgs("FILE or DIR"),
	}
	out.flags(cmd)
	source.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := errors.Join(out.check(), source.derived()); err != nil {
			return err
		}
		dir, part := inspect.DirOf(args[0])
		if info, err := os.Stat(args[0]); err == nil && info.IsDir() {
			dir, part = filepath.Clean(args[0]), true
		}
		if part {
			return orInterrupted(cmd.Context(), 0, func() error { return inspectDir(cmd.OutOrStdout(), &out, dir) })
		}
		file, err := inspect.OneFile(args[0])
		switch {
		case err != nil:
			return err
		case file != nil && out.json():
			return writeJSON(cmd.OutOrStdout(), file)
		case file != nil:
			return file.WriteTable(cmd.OutOrStdout())
		}
		return inspectCapture(cmd, &out, source.Options, args[0])
	}
	return cmd
}

func inspectCapture(cmd *cobra.Command, out *output, o capture.Options, path string) error {
	o.Sessions = capture.SessionsOff // what the file holds, and not what follows from it
	var info *capture.Info
	err := orInterrupted(cmd.Context(), 0, func() (err error) {
		info, err = capture.Inspect(path, o)
		return err
	})
	if err != nil {
		return err
	}
	if out.json() {
		err = writeJSON(cmd.OutOrStdout(), info)
	} else {
		err = writeCapture(cmd.OutOrStdout(), info)
	}
	if err == nil {
		err = info.Err() // what could be read has been shown
	}
	return err
}

func inspectDir(w io.Writer, out *output, dir string) error {
	logs, unusable := inspect.Dir(dir)
	if logs == nil {
		return unusable
	}
	if out.json() {
		return errors.Join(writeJSON(w, logs), unusable)
	}
	for i, l := range logs {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := l.WriteTable(w); err != nil {
			return err
		}
	}
	return unusable
}

// writeCapture writes what a capture holds, for people.
func writeCapture(w io.Writer, i *capture.Info) error {
	row := func(name, format string, args ...any) string {
		return fmt.Sprintf("%-13s", name) + fmt.Sprintf(format, args...) + "\n"
	}
	file := i.File
	if i.Bytes > 0 {
		file += fmt.Sprintf(", %d bytes", i.Bytes) // nobody knows how long a pipe is
	}
	text := row("file", "%s", file) + row("format", "%s", i.Format)
	if i.GzipMembers > 0 {
		text += row("gzip", "%d members", i.GzipMembers)
	}
	k := &i.Kinds
	text += row("commands", "%d: %d new, %d cancel, %d modify, %d reduce%s", i.Commands, k.New, k.Cancel, k.Modify, k.Reduce,
		others(count{k.MassCancel, "mass cancel"}, count{k.Kill, "kill"}, count{k.Other, "of an unknown kind"}))
	text += row("of these", "%d market, %d IOC, %d stop-loss, %d disclosed, %d pre-open, %d algo",
		i.Flags.Market, i.Flags.IOC, i.Flags.StopLoss, i.Flags.Disclosed, i.Flags.PreOpen, i.Flags.Algo)
	if told := others(count{k.Phase, "phases"}, count{k.Rules, "rules"}, count{k.Limit, "limits"}); told != "" {
		text += row("exchange", "%s", told[2:])
	}
	if i.Commands > 0 {
		text += row("time", "%s to %s", time.Unix(0, i.FirstNs).In(ist).Format(timeLayout), time.Unix(0, i.LastNs).In(ist).Format(timeLayout))
	}
	if i.PriceMin != "" {
		text += row("prices", "%s to %s", i.PriceMin, i.PriceMax)
	}
	text += row("instruments", "%d", i.Instruments)
	for _, in := range i.Busiest {
		text += fmt.Sprintf("  %-28s%d\n", in.Name, in.Commands)
	}
	if i.Unreadable > 0 {
		text += row("unreadable", "%d records", i.Unreadable)
		for _, e := range i.Errors {
			text += "  " + e + "\n"
		}
	}
	_, err := io.WriteString(w, text)
	return err
}

// count is how many there are of what.
type count struct {
	n    uint64
	what string
}

// others lists the counts that are not 0, each behind a comma.
func others(counts ...count) (text string) {
	for _, c := range counts {
		if c.n > 0 {
			text += fmt.Sprintf(", %d %s", c.n, c.what)
		}
	}
	return text
}

// NSE's files count in Indian wall-clock time.
var ist = time.FixedZone("IST", 5*60*60+30*60)

const timeLayout = "2006-01-02 15:04:05.000000 MST"
