package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench/profile"
)

// profiling is the flags by which a long-running command shows where its time goes.
type profiling struct {
	addr, cpu, mem, block, trace string
}

func (p *profiling) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.addr, "pprof", "", "serve live profiles on this address, such as 127.0.0.1:6060")
	f.StringVar(&p.cpu, "cpuprofile", "", "write a CPU profile to this file")
	f.StringVar(&p.mem, "memprofile", "", "write a heap profile to this file at the end")
	f.StringVar(&p.block, "blockprofile", "", "write a blocking profile (what goroutines waited for) to this file at the end")
	f.StringVar(&p.trace, "trace", "", "write an execution trace to this file")
}

// start begins what was asked for. The returned function ends it and writes the files.
func (p *profiling) start() (stop func() error, err error) {
	var undo []func() error
	stop = func() error {
		var errs []error
		for i := len(undo) - 1; i >= 0; i-- {
			errs = append(errs, undo[i]())
		}
		return errors.Join(errs...)
	}
	end, err := p.serve()
	if err != nil {
		return nil, err
	}
	undo = append(undo, end)
	for _, want := range []struct {
		flag, path string
		kind       profile.Kind
	}{{"cpuprofile", p.cpu, profile.CPU}, {"trace", p.trace, profile.Trace}, {"memprofile", p.mem, profile.Mem}, {"blockprofile", p.block, profile.Block}} {
		if want.path == "" {
			continue
		}
		end, err := want.kind.Start(want.path)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("--%s: %w", want.flag, err), stop())
		}
		undo = append(undo, end)
	}
	return stop, nil
}

func (p *profiling) serve() (func() error, error) {
	if p.addr == "" {
		return func() error { return nil }, nil
	}
	if err := wantAddress("pprof", p.addr); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		return nil, fmt.Errorf("--pprof: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go s.Serve(l) //nolint:errcheck // ends with Close
	fmt.Fprintf(os.Stderr, "profiles at http://%s/debug/pprof/\n", l.Addr())
	return s.Close, nil
}
