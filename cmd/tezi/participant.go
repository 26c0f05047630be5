package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// participantFlags are the flags of one participant process.
type participantFlags struct {
	profiling
	memory     memoryFlags
	options    box.ParticipantOptions
	supervised bool
	verbose    bool
	core       int
	reserve    uint64
}

func (p *participantFlags) flags(cmd *cobra.Command) {
	p.profiling.flags(cmd)
	p.memory.flags(cmd)
	p.options.Roles = rundir.DefaultRoles()
	o, f := &p.options, cmd.Flags()
	f.StringVar(&o.Dir, "dir", "", "directory of the journal and the state files (default ./ROLE)")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:0", "address to listen on; port 0 = any")
	f.Uint32Var(&o.Cluster, "cluster", 1, "cluster id; an engine of another cluster is refused")
	f.Uint32Var(&o.Boot, "boot", 1, "number of this start")
	f.IntVar(&o.WindowMax, "window", engine.DefaultConfig().RetainMax, "undecided batches it can hold")
	f.BoolVar(&o.Durable, "durable", true, "wait for the disk before acknowledging PRE-COMMIT; false only to measure")
	f.Uint64Var(&o.Checkpoint, "checkpoint-every", participant.CheckpointBatches, "batches between the states written into the log, where a restart begins; 0 = never")
	f.BoolVar(&o.CutLog, "cut-logs", false, "discard the log before its checkpoints; a participant that loses its disk can then not be rebuilt from the others")
	f.Uint64Var(&p.reserve, "disk-reserve-mib", box.DiskReserve>>20, "vote for nothing new while the disk has less room than this; 0 = run until it is full")
	f.IntVar(&p.core, "core", -1, "pin the participant to this core, where it spins; -1 = share")
	f.BoolVarP(&p.verbose, "verbose", "v", false, "log more to standard error")
	f.BoolVar(&p.supervised, "supervised", false, "end when standard input ends, which means that the parent process is gone")
	riskFlags(cmd, &o.Roles)
	settlementFlags(cmd, &o.Roles)
}

func newParticipant() *cobra.Command {
	var p participantFlags
	cmd := &cobra.Command{
		Use:   "participant ROLE",
		Short: "Run one participant: risk, settlement or marketdata",
		Long: `Run one participant of the commit group as a process of its own. It prints
the address it listens on, serves the engine that connects, and ends when the
engine has finished (exit 0) or on SIGTERM, after saving its state. Restarted on
the same directory, it rebuilds its state from its journal.

A new run needs participants with empty directories. To verify it afterwards, copy
the directories risk, settlement and marketdata into the engine's run directory.`,
		Example: `  tezi participant risk --dir risk --listen 127.0.0.1:7001 --cluster 1
  tezi replay day.tzc --cluster 1 --participants risk=127.0.0.1:7001,settlement=127.0.0.1:7002,marketdata=127.0.0.1:7003`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && slices.Contains(rundir.RoleNames, args[0]) {
				return nil
			}
			return usageError{fmt.Errorf("want one ROLE of %s, got %q", strings.Join(rundir.RoleNames, ", "), strings.Join(args, " "))}
		},
	}
	p.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return p.run(cmd, args[0]) }
	return cmd
}

func (p *participantFlags) run(cmd *cobra.Command, role string) error {
	if err := wantAddress("listen", p.options.Listen); err != nil {
		return err
	}
	o := p.options
	var err error
	if o.DiskReserve, err = reserveBytes(p.reserve); err != nil {
		return err
	}
	o.Role, o.Log = role, newLog(cmd.ErrOrStderr(), p.verbose)
	if !p.supervised || p.verbose {
		o.LinkLog = o.Log // a supervisor tells of its engine what there is to tell
	}
	if o.WindowMax < 1 {
		return configError{fmt.Errorf("--window %d: want 1 or more", o.WindowMax)}
	}
	if o.Dir == "" {
		o.Dir = role
	}
	switch {
	case p.core < -1:
		return usageError{fmt.Errorf("--core %d: want the number of a core, or -1 to share", p.core)}
	case p.core == -1:
		o.Log.Info("profile shared: nothing is pinned, as no --core was named")
	default:
		if o.Profile, err = chooseThreads(o.Log, "--core", host.Pinned, 1, strconv.Itoa(p.core)); err != nil {
			return err
		}
	}
	if _, _, err := p.memory.apply(o.Log); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	if p.supervised {
		signal.Ignore(syscall.SIGPIPE) // nobody reads what it says when that process is gone, and it still has to save
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	stop, err := p.start()
	if err != nil {
		return err
	}
	err = box.Participate(ctx, o, func(addr string) {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), box.ListeningPrefix+addr); err != nil {
			cancel() // nobody will find it; run tells why
		}
	})
	if perr := stop(); err == nil {
		err = perr
	}
	return err
}
