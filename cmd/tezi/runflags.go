package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// runFlags are the flags of the commands that run the engine and its participants.
type runFlags struct {
	output
	profiling
	memory       memoryFlags
	dir          string
	force        bool
	resume       bool
	backups      int
	standbys     int // of the run that this process is an engine of, which another one began with --backups
	restarts     int
	inProcess    bool
	transport    string
	participants string
	cluster      uint32
	rate         string
	durable      bool
	verify       bool
	verbose      bool
	profile      string
	cpus         string
	batch        int
	batchAge     time.Duration
	window       int
	ordersMax    int
	instruments  int
	positionsMax int
	checkpoint   uint64
	snapshot     uint64
	cutLogs      bool
	halt         time.Duration
	haltEnds     bool
	wait         waitFlags
	roles        rundir.Roles
	reserve      uint64
}

func (r *runFlags) flags(cmd *cobra.Command) {
	r.output.flags(cmd)
	r.profiling.flags(cmd)
	r.memory.flags(cmd)
	d := engine.DefaultConfig()
	f := cmd.Flags()
	f.StringVar(&r.dir, "dir", "tezi-run", "run directory: logs, states, report")
	f.BoolVar(&r.force, "force", false, "replace an earlier run in the directory")
	f.BoolVar(&r.resume, "resume", false, "continue the run in the directory from where its command log ends; the source must be the same")
	f.IntVar(&r.backups, "backups", 0, "backup engines, at most 3; every engine is then a process of its own")
	f.IntVar(&r.restarts, "restarts-max", box.RestartsMax, "how often a process that keeps dying is restarted")
	f.BoolVar(&r.inProcess, "in-process", false, "run the participants inside this process, over rings")
	f.StringVar(&r.transport, "transport", box.TransportTCP, "between processes: tcp, udp, or shm (memory that both map)")
	f.StringVar(&r.participants, "participants", "", "use participants that are already running: risk=HOST:PORT,settlement=HOST:PORT,marketdata=HOST:PORT")
	f.Uint32Var(&r.cluster, "cluster", 1, "cluster id of the participants named by --participants")
	f.StringVar(&r.rate, "rate", "max", "open-loop pace: max, realtime, or commands per second such as 250k")
	f.BoolVar(&r.durable, "durable", true, "wait for the disk before a trade is committed; false only to measure")
	f.BoolVar(&r.verify, "verify", true, "prove the logs afterwards")
	f.BoolVarP(&r.verbose, "verbose", "v", false, "log more to standard error")
	f.StringVar(&r.profile, "profile", host.Auto, "threads: auto, pinned (a core for each busy stage) or shared")
	f.StringVar(&r.cpus, "cpus", "", "cores for the pinned profile, such as 2-6")
	f.IntVar(&r.batch, "batch", d.BatchTarget, "trades after which a batch is sealed")
	f.DurationVar(&r.batchAge, "batch-age", time.Duration(d.BatchAgeNs), "age at which a smaller batch is sealed, for each batch in flight")
	f.IntVar(&r.window, "window", d.WindowMax, "undecided batches in flight")
	f.IntVar(&r.ordersMax, "orders-max", d.OrdersMax, "resting orders over all books")
	f.IntVar(&r.instruments, "instruments-max", d.InstrumentsMax, "instruments")
	f.IntVar(&r.positionsMax, "positions-max", d.PositionsMax, "pairs of client and instrument")
	f.Uint64Var(&r.checkpoint, "checkpoint-every", participant.CheckpointBatches, "batches between the states that a participant writes into its log, where a restart begins; 0 = never")
	f.Uint64Var(&r.snapshot, "snapshot-every", box.SnapshotCommands, "commands between snapshots of the command log, where a restart begins; 0 = never")
	f.BoolVar(&r.cutLogs, "cut-logs", false, "discard the logs before their snapshots; a participant that loses its disk can then not be rebuilt from the others")
	f.DurationVar(&r.halt, "halt-after", time.Duration(d.HaltNs), "halt trading when no batch could be committed for this long, until batches commit again; meanwhile up refuses orders and replay waits")
	f.BoolVar(&r.haltEnds, "halt-ends", false, "a halt ends the run, with exit code 1")
	r.wait.flags(cmd)
	f.Uint64Var(&r.reserve, "disk-reserve-mib", box.DiskReserve>>20, "halt trading while a disk has less room than this; 0 = run until it is full")
	r.roles = rundir.DefaultRoles()
	riskFlags(cmd, &r.roles)
	settlementFlags(cmd, &r.roles)
}

func riskFlags(cmd *cobra.Command, r *rundir.Roles) {
	f := cmd.Flags()
	f.Int64Var(&r.MarginBps, "margin-bps", rundir.DefaultRoles().MarginBps, "risk: margin, in 1/100 of a per cent of the exposure")
	f.Int64Var(&r.ClientExposureMax, "client-exposure-max", 0, "limit of a client's exposure in paise, checked before matching and by risk; 0 = none")
	f.Int64Var(&r.MemberExposureMax, "member-exposure-max", 0, "limit of a member's exposure in paise, checked before matching and by risk; 0 = none")
	f.Int64Var(&r.TradeValueMax, "trade-value-max", 0, "limit of the value of an order, and of a trade, in paise, checked before matching and by risk; 0 = none")
}

func settlementFlags(cmd *cobra.Command, r *rundir.Roles) {
	cmd.Flags().StringArrayVar(&r.Holidays, "holiday", nil, "settlement: a day without settlement, yyyy-mm-dd; may be repeated")
}

// reserveBytes is --disk-reserve-mib in bytes; what does not fit would be less than was asked for, or nothing.
func reserveBytes(mib uint64) (uint64, error) {
	if mib > math.MaxUint64>>20 {
		return 0, configError{fmt.Errorf("--disk-reserve-mib %d: want at most %d", mib, uint64(math.MaxUint64>>20))}
	}
	return mib << 20, nil
}

// belong checks that no flag was given whose companion is missing: it would do nothing.
func (r *runFlags) belong(cmd *cobra.Command) error {
	switch {
	case cmd.Flags().Changed("cluster") && r.participants == "":
		return usageError{errors.New("--cluster is that of --participants, which is missing")}
	case cmd.Flags().Changed("new-log") && !r.resume:
		return usageError{errors.New("--new-log wants --resume")}
	}
	return nil
}

// settled are the flags whose settings a run keeps for its whole life.
var settled = []string{
	"force", "durable", "batch", "orders-max", "instruments-max", "positions-max",
	"margin-bps", "client-exposure-max", "member-exposure-max", "trade-value-max", "holiday", "expect-fills",
}

// options checks the flags and turns them into the options of a run.
func (r *runFlags) options(cmd *cobra.Command) (*box.Options, error) {
	stderr := cmd.ErrOrStderr()
	if err := r.check(); err != nil {
		return nil, err
	}
	for _, name := range settled {
		if r.resume && cmd.Flags().Changed(name) {
			return nil, usageError{fmt.Errorf("--%s: a resumed run keeps its own", name)}
		}
	}
	pace, err := box.ParsePace(r.rate)
	if err != nil {
		return nil, usageError{fmt.Errorf("--%w", err)}
	}
	o := &box.Options{
		Checkpoint: r.checkpoint, Snapshot: r.snapshot, CutLogs: r.cutLogs,
		Dir: r.dir, Force: r.force, Resume: r.resume, InProcess: r.inProcess, Transport: r.transport, Cluster: r.cluster, Engine: engine.DefaultConfig(),
		Roles: r.roles, Pace: pace, Verify: r.verify, Log: newLog(stderr, r.verbose), Messages: stderr,
	}
	if !box.KnownTransport(r.transport) {
		return nil, usageError{fmt.Errorf("--transport %s: want %s, %s or %s", r.transport, box.TransportTCP, box.TransportUDP, box.TransportShm)}
	}
	if err := r.alone(o); err != nil {
		return nil, err
	}
	if r.participants != "" {
		if r.inProcess {
			return nil, usageError{errors.New("--participants and --in-process exclude each other")}
		}
		if o.Participants, err = box.ParseParticipants(r.participants); err != nil {
			return nil, usageError{fmt.Errorf("--%w", err)}
		}
		o.Verify = false // their logs are elsewhere
	}
	if err := r.limits(); err != nil {
		return nil, err
	}
	e := &o.Engine
	r.engine(e, cmd.Name() == "up")
	if err := r.wait.apply(o); err != nil {
		return nil, err
	}
	probe := *e
	probe.Participants = make([]engine.Peer, len(rundir.RoleNames))
	if err := probe.Validate(); err != nil {
		return nil, configError{errors.New(flagNames.Replace(err.Error()))}
	}
	if o.DiskReserve, err = reserveBytes(r.reserve); err != nil {
		return nil, err
	}
	if err := r.threads(o); err != nil {
		return nil, err
	}
	var got host.Granted
	if o.Memory, got, err = r.memory.apply(o.Log); err != nil {
		return nil, err
	}
	o.MemoryGot, o.Refused = got.Summary, append(o.Profile.Refused(), got.Refused...)
	if !r.verbose && r.standbys == 0 { // with --verbose each is told, and of those that stand by the first engine has told it
		fmt.Fprintf(stderr, "threads: %s\nmemory: %s\n", strings.Join(o.Profile.Lines(), "; "), got.Summary)
	}
	if o.Executable, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("cannot find this program to start participants with: %w", err)
	}
	o.Progress = func(read func() bench.Status) func() { return bench.NewProgress(os.Stderr, read).Stop }
	return o, nil
}

// engine puts the flags that need no check of their own into the settings of an engine. live: the flow does not
// wait for a market that is halted.
func (r *runFlags) engine(e *engine.Config, live bool) {
	e.BatchTarget, e.BatchAgeNs, e.WindowMax = r.batch, int64(r.batchAge), r.window
	e.OrdersMax, e.InstrumentsMax, e.HaltNs = r.ordersMax, r.instruments, int64(r.halt)
	e.HaltEnds, e.HaltRejects = r.haltEnds, live
	e.PositionsMax = r.positionsMax
	e.ClientMargin, e.MemberMargin = engine.MarginOf(r.roles.ClientExposureMax), engine.MarginOf(r.roles.MemberExposureMax)
	e.OrderValueMax = r.roles.TradeValueMax
	e.RetainMax = max(e.RetainMax, e.WindowMax)
	e.StallNs = min(e.StallNs, e.HaltNs)
	e.Durable = r.durable
}

// threads chooses the thread profile, and tells what it got.
func (r *runFlags) threads(o *box.Options) (err error) {
	o.Profile, err = chooseThreads(o.Log, "--profile, --cpus", r.profile, box.Stages(max(r.backups, r.standbys)), r.cpus)
	return err
}

// chooseThreads chooses the thread profile, and tells what it got. flags are those that say what is wanted.
func chooseThreads(log *slog.Logger, flags, profile string, stages int, cpus string) (host.Profile, error) {
	p, err := host.Choose(profile, stages, cpus)
	if err != nil {
		err = fmt.Errorf("%s: %w", flags, err)
		if errors.Is(err, host.ErrTooFewCores) || errors.Is(err, host.ErrCore) {
			return p, configError{err}
		}
		return p, usageError{err}
	}
	for _, line := range p.Lines() {
		log.Info(line)
	}
	for _, line := range p.Refused() {
		log.Warn(line)
	}
	return p, nil
}

// alone checks the flags of a run with backup engines: what only one process can have is refused.
func (r *runFlags) alone(o *box.Options) error {
	o.Backups, o.Restarts = r.backups, r.restarts
	switch {
	case r.backups < 0 || r.backups > box.BackupsMax:
		return configError{fmt.Errorf("--backups %d: want 0 to %d", r.backups, box.BackupsMax)}
	case r.restarts < 1:
		return configError{fmt.Errorf("--restarts-max %d: want 1 or more", r.restarts)}
	case r.inProcess && r.transport != box.TransportTCP:
		return usageError{errors.New("--transport and --in-process exclude each other")}
	case r.backups > 0 && r.inProcess:
		return usageError{errors.New("--backups and --in-process exclude each other")}
	case r.backups > 0 && r.transport == box.TransportShm:
		return usageError{errors.New("--backups: several engines cannot share memory with a participant: want --transport tcp or udp")}
	case r.backups > 0 && r.participants != "":
		return usageError{errors.New("--backups starts participants of its own: with --participants, start further engines by \"tezi engine\"")}
	}
	return nil
}

// flagNames turns the engine's names of its settings into those of the flags.
var flagNames = strings.NewReplacer("engine: ", "", "batch3pc: bad configuration: ", "--deadlines, --deadline: ", " of participant 1", " of risk",
	" of participant 2", " of settlement", " of participant 3", " of marketdata", "BatchTarget", "--batch", "WindowMax", "--window",
	"OrdersMax", "--orders-max", "InstrumentsMax", "--instruments-max", "PositionsMax", "--positions-max",
	"ClientMargin", "--client-exposure-max", "MemberMargin", "--member-exposure-max", "OrderValueMax", "--trade-value-max")

// limits checks what would only be noticed when the participants start.
func (r *runFlags) limits() error {
	if r.batchAge < 0 {
		return configError{fmt.Errorf("--batch-age %v: want 0 or more", r.batchAge)}
	}
	if r.positionsMax < 1 {
		return configError{fmt.Errorf("--positions-max %d: want 1 or more", r.positionsMax)}
	}
	if r.halt <= 0 {
		return configError{fmt.Errorf("--halt-after %v: want more than 0", r.halt)}
	}
	for _, day := range r.roles.Holidays {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return usageError{fmt.Errorf("--holiday %q: want a day of the calendar as yyyy-mm-dd", day)}
		}
	}
	for _, name := range rundir.RoleNames {
		role, err := rundir.NewRole(name, "", r.roles) // without a directory it touches no file
		if err != nil {
			return configError{err}
		}
		if err := role.Close(); err != nil {
			return err
		}
	}
	return nil
}
