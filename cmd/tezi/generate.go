package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/internal/capture"
)

// dayFlags choose a synthetic trading day.
type dayFlags struct {
	cfg    workload.Config
	date   string
	layout string
}

func (d *dayFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Uint64Var(&d.cfg.Seed, "seed", 1, "seed; equal flags make equal days, byte for byte")
	f.IntVar(&d.cfg.Instruments, "instruments", workload.InstrumentsDefault, "listed symbols")
	f.StringVar(&d.date, "date", workload.DateDefault.Format(time.DateOnly), "trading day, yyyy-mm-dd")
	f.Uint32Var(&d.cfg.Members, "members", workload.MembersDefault, "trading members")
	f.Uint32Var(&d.cfg.Clients, "clients", workload.ClientsDefault, "clients of each member")
	f.StringVar(&d.layout, "layout", workload.TimeOrder.String(), "order of the records: time (all symbols interleaved) or symbol (one after another, as in NSE's files)")
}

func (d *dayFlags) day() (*workload.Day, error) {
	date, err := time.Parse(time.DateOnly, d.date)
	if err != nil {
		return nil, usageError{fmt.Errorf("--date %q: want a day of the calendar as yyyy-mm-dd", d.date)}
	}
	d.cfg.Date = date.Add(12 * time.Hour) // at noon: the first moment of the year 1 would mean the default
	for _, n := range []struct {
		flag  string
		value int64
	}{{"instruments", int64(d.cfg.Instruments)}, {"members", int64(d.cfg.Members)}, {"clients", int64(d.cfg.Clients)}, {"orders", d.cfg.Orders}} {
		if n.value < 1 {
			return nil, configError{fmt.Errorf("--%s %d: want 1 or more", n.flag, n.value)}
		}
	}
	switch d.layout {
	case workload.TimeOrder.String():
		d.cfg.Layout = workload.TimeOrder
	case workload.SymbolOrder.String():
		d.cfg.Layout = workload.SymbolOrder
	default:
		return nil, usageError{fmt.Errorf("--layout %q: want %s or %s", d.layout, workload.TimeOrder, workload.SymbolOrder)}
	}
	day, err := workload.New(d.cfg)
	if errors.Is(err, workload.ErrConfig) {
		return nil, benchCase(err)
	}
	return day, err
}

func newGenerate() *cobra.Command {
	var (
		day dayFlags
		out string
	)
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Generate a synthetic trading day in NSE's file format",
		Long: `Generate a synthetic NSE trading day: deterministic, seeded, in constant memory.
The format follows the extension of --out: .DAT or .DAT.gz (NSE historical orders,
many gzip members), .csv or .csv.gz, .tzc.`,
		Example: `  tezi generate --orders 300000
  tezi generate --orders 20000000 --seed 7 --out big.tzc`,
		Args: wantArgs(),
	}
	day.flags(cmd)
	cmd.Flags().Int64Var(&day.cfg.Orders, "orders", workload.OrdersDefault, "order messages: entries, modifies and cancels")
	cmd.Flags().StringVar(&out, "out", "", "file to write (default CASH_Orders_DDMMYYYY.DAT.gz)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		d, err := day.day()
		if err != nil {
			return err
		}
		defer d.Close()
		if out == "" {
			out = "CASH_Orders_" + day.cfg.Date.Format("02012006") + ".DAT.gz"
		}
		format, err := capture.FormatOf(out)
		if err != nil {
			return usageError{err}
		}
		w, err := capture.Create(out, format, capture.CreateOptions{
			Options: capture.Options{Members: day.cfg.Members, Clients: day.cfg.Clients},
			Columns: commandcsv.AllColumns,
		})
		if err != nil {
			return err
		}
		n, err := writeDay(cmd, d, w)
		if err != nil {
			w.Abort()
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d order messages, %d instruments, seed %d\n", out, n, day.cfg.Instruments, day.cfg.Seed)
		return err
	}
	return cmd
}

// writeDay writes the whole day and returns the number of order messages.
func writeDay(cmd *cobra.Command, d *workload.Day, w *capture.Writer) (uint64, error) {
	var c codec.Command
	for n := 0; ; n++ {
		if n&0xffff == 0 && cmd.Context().Err() != nil {
			return 0, cmd.Context().Err()
		}
		err := d.Next(&c)
		if errors.Is(err, io.EOF) {
			return d.Stats().Messages, nil
		}
		if err == nil {
			err = w.Write(&c)
		}
		if err != nil {
			return 0, err
		}
	}
}
