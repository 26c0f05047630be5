package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	rpprof "runtime/pprof"
	"runtime/trace"
	"time"

	"github.com/spf13/cobra"
)

// profiling is the flags by which a long-running command shows where its time goes.
type profiling struct {
	addr, cpu, mem, trace string
}

func (p *profiling) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.addr, "pprof", "", "serve live profiles on this address, such as 127.0.0.1:6060")
	f.StringVar(&p.cpu, "cpuprofile", "", "write a CPU profile to this file")
	f.StringVar(&p.mem, "memprofile", "", "write a heap profile to this file at the end")
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
	for _, begin := range []func() (func() error, error){p.serve, p.startCPU, p.startTrace, p.heap} {
		end, err := begin()
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		if end != nil {
			undo = append(undo, end)
		}
	}
	return stop, nil
}

func (p *profiling) serve() (func() error, error) {
	if p.addr == "" {
		return nil, nil
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

func (p *profiling) startCPU() (func() error, error) {
	if p.cpu == "" {
		return nil, nil
	}
	f, err := os.Create(p.cpu)
	if err != nil {
		return nil, fmt.Errorf("--cpuprofile: %w", err)
	}
	if err := rpprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error { rpprof.StopCPUProfile(); return f.Close() }, nil
}

func (p *profiling) startTrace() (func() error, error) {
	if p.trace == "" {
		return nil, nil
	}
	f, err := os.Create(p.trace)
	if err != nil {
		return nil, fmt.Errorf("--trace: %w", err)
	}
	if err := trace.Start(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error { trace.Stop(); return f.Close() }, nil
}

// heap opens its file at the start, so that a path that cannot be written is known before a long run.
func (p *profiling) heap() (func() error, error) {
	if p.mem == "" {
		return nil, nil
	}
	f, err := os.Create(p.mem)
	if err != nil {
		return nil, fmt.Errorf("--memprofile: %w", err)
	}
	return func() error {
		runtime.GC() // so that the profile shows what is live now
		return errors.Join(rpprof.WriteHeapProfile(f), f.Close())
	}, nil
}
