package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/capture"
)

// captureFlags are the flags of the commands that read a capture.
type captureFlags struct {
	capture.Options
	sessions string
}

func (c *captureFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Uint32Var(&c.Members, "members", nse.DefaultMembers, "members that orders are spread over when the capture does not name them")
	f.Uint32Var(&c.Clients, "clients", nse.DefaultClients, "clients per member when the capture does not name them")
	f.StringVar(&c.Symbol, "symbol", "CAPTURE", "name of the instrument of a CSV capture without a symbol column")
	f.Uint8Var(&c.PriceScale, "price-scale", 2, "decimal digits of the prices of a CSV capture")
}

// sessionsFlag is for the commands that make a flow of a capture.
func (c *captureFlags) sessionsFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.sessions, "sessions", capture.SessionsAuto.String(), "add what an NSE order file leaves out: auto (the phases of its day, and stop-loss orders triggered as recorded), stops (only the stop-loss orders) or off")
}

// derived checks what members, clients and prices are made with: to the package 0 is the default, here somebody asked for none.
func (c *captureFlags) derived() error {
	switch {
	case c.Members == 0:
		return configError{errors.New("--members 0: want 1 or more")}
	case c.Clients == 0:
		return configError{errors.New("--clients 0: want 1 or more")}
	case c.PriceScale == 0: // a price without decimal digits would be read as a hundredth of itself
		return configError{fmt.Errorf("--price-scale 0: want 1 to %d", commandcsv.PriceScaleMax)}
	}
	return nil
}

// options checks the flags.
func (c *captureFlags) options() (capture.Options, error) {
	if err := c.derived(); err != nil {
		return c.Options, err
	}
	for s := capture.SessionsAuto; s <= capture.SessionsOff; s++ {
		if c.sessions == s.String() {
			c.Sessions = s
			return c.Options, nil
		}
	}
	return c.Options, usageError{fmt.Errorf("--sessions %q: want auto, stops or off", c.sessions)}
}

func newReplay() *cobra.Command {
	cmd, job := replayJob()
	cmd.RunE = job.run
	groupFlags(cmd)
	return cmd
}

// replayJob is the command that replays a capture, and the work behind it.
func replayJob() (*cobra.Command, *job) {
	var (
		source captureFlags
		expect string
		strict bool
	)
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Replay a capture through the engine and commit its trades",
		Long: `Replay a capture: an NSE historical order file (.DAT, .DAT.gz), a command CSV, or
tezi's own capture (.tzc), recognised by content; "-" is standard input. The
engine matches; risk, settlement and market data run as processes of their own,
started and watched by this one; every trade is committed in three phases.

A damaged file ends the run with exit code 1: what was read before the damage is
committed and verifies. A record that cannot be read is rejected and counted; if
none can be, the exit code is 1 as well.

A file can wait: while trading is halted, nothing is read and no order is lost.

A run that was killed continues with --resume. With --backups the engine is a
process too, and backup engines take over when it dies.`,
		Example: `  tezi replay CASH_Orders_09092026.DAT.gz
  tezi replay day.tzc --rate 250k -o json
  tezi replay day.tzc --backups 1
  tezi replay commands.csv.gz --expect-fills fills.csv.gz --in-process --dir run1`,
		Args: wantArgs("FILE"),
	}
	j := &job{cmd: cmd}
	j.flags.flags(cmd)
	source.flags(cmd)
	source.sessionsFlag(cmd)
	cmd.Flags().StringVar(&expect, "expect-fills", "", "compare each fill with this list (CSV); exit 3 at any difference")
	cmd.Flags().BoolVar(&strict, "strict", false, "end the run at the first record that cannot be read")
	j.prepare = func(o *box.Options, args []string) (box.Source, func(), error) {
		var err error
		o.Strict = strict
		if expect != "" {
			if o.Expect, err = readFills(expect); err != nil {
				return nil, nil, err
			}
		}
		options, err := source.options()
		if err != nil {
			return nil, nil, err
		}
		if j.flags.backups > 0 && readOnce(args[0]) {
			return nil, nil, usageError{fmt.Errorf("--backups: each engine reads the capture, and %s can be read only once: want a file", args[0])}
		}
		in, err := capture.Open(args[0], options)
		if err != nil {
			return nil, nil, err
		}
		o.SourceName, o.SourceFormat, o.Done = args[0], in.Format().String(), in.Progress
		return in, func() { _ = in.Close() }, nil // read only
	}
	return cmd, j
}

// readOnce reports whether what is read from path is gone then, as from a pipe.
func readOnce(path string) bool {
	if path == "-" {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir() // that a directory is no capture is said by who opens it
}

// readFills reads a whole list of expected fills, gzipped or not.
func readFills(path string) ([]commandcsv.Fill, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	text, err := plain(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r, err := commandcsv.NewFillReader(text)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", path, err)}
	}
	fills := []commandcsv.Fill{}
	for {
		var fill commandcsv.Fill
		err := r.Next(&fill)
		if errors.Is(err, io.EOF) {
			return fills, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		fills = append(fills, fill)
	}
}

// plain returns the text of f, decompressed if it is gzip.
func plain(f *os.File) (io.Reader, error) {
	var magic [2]byte
	n, err := io.ReadFull(f, magic[:])
	if n == 0 && errors.Is(err, io.EOF) {
		return nil, usageError{errors.New("want a list of fills, got an empty file")}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if magic != [2]byte{0x1f, 0x8b} {
		return f, nil
	}
	return gzip.NewReader(f)
}
