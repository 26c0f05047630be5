package box

import (
	"cmp"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/profile"
	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/transport"
)

// engineNode is the node id of the engine; participants have 1, 2, 3. Backup engines have the next ones.
const engineNode = 16

// BackupsMax bounds the backup engines: each participant keeps a link for each of them.
const BackupsMax = 3

// EngineNodes are the node ids of the engines that a participant listens for.
const EngineNodes = 1 + BackupsMax

// Options of a run.
type Options struct {
	Dir          string
	Force        bool              // replace an earlier run in Dir
	Resume       bool              // take up the run in Dir; its limits, roles and durability count
	InProcess    bool              // participants as goroutines over rings
	Transport    string            // one of those below, where participants are processes
	Participants map[string]string // role -> address of participants that run already; nil: start them
	Cluster      uint32            // of participants that run already; otherwise chosen
	Backups      int               // engines that stand by, as processes; 0: the engine is this process
	Command      []string          // how other engines make the source and the options again
	Watched      bool              // the process that started this one watches the participants, and tells what becomes of them
	Restarts     int               // how often in a row a process that dies is started again; 0: RestartsMax
	Executable   string            // this program, to start participants with
	Engine       engine.Config     // Participants and Cluster are filled in
	Roles        rundir.Roles
	NewLogs      []string                 // roles whose logs are lost: the new ones count as soon as they have everything
	ExcludeAfter map[string]time.Duration // by role, of Excludable: commits go on without one that is missing for so long; 0: never
	Pace         Pace
	End          time.Time         // nothing new is taken from the source from then on; zero: no limit
	Strict       bool              // an unreadable record ends the run
	Expect       []commandcsv.Fill // nil: nothing expected
	Profile      host.Profile
	DiskReserve  uint64       // bytes that the disks keep: with less room nothing new is taken; 0: until they are full
	Memory       host.Memory  // for the processes that the run starts
	MemoryGot    string       // what this process asked for and got, for the report
	Refused      []string     // what the command asked the machine for in vain, and what it does instead: for the report
	Verify       bool         // prove the logs afterwards
	Checkpoint   uint64       // batches between two checkpoints of a participant's log; 0: never
	Snapshot     uint64       // commands between two snapshots of the command log; 0: never
	CutLogs      bool         // what lies before checkpoints and snapshots goes
	Files        rounds.Files // of the logs in this process
	Log          *slog.Logger
	Messages     io.Writer                                    // what the processes say that the run starts, line by line; nil: standard error
	Progress     func(read func() bench.Status) (stop func()) // starts a status line; nil: none

	// For whoever measures; nil and empty: nobody does.
	Recorder  *bench.Recorder                            // of the latencies, to be reset by Committed
	Budget    engine.Budget                              // of the trades' time, likewise
	Committed func(c *engine.Committed)                  // told of each decided batch, by the thread that records
	Ended     func(role string, processor time.Duration) // told of each participant's process that has ended what it has used
	Profiles  profile.Set                                // which the participants' processes write, too

	SourceName   string
	SourceFormat string
	Done         func() (read, total int64) // how far the source is, in bytes; nil: unknown
}

// The busy stages of a run, in the order of Profile.Pin. Participants that are processes pin themselves, to the core that
// their command line names. The stages of engines that stand by follow: see Stages.
const (
	stageMatcher = iota
	stageFeeder
	stageParticipants // the first of three

	BusyStages   = stageParticipants + 3
	engineStages = stageParticipants
)

// Stages is how many busy stages a run has with so many engines that stand by. Each of these follows the log as fast as the
// one that leads writes it, and on the cores of that one it would take them away from it.
func Stages(backups int) int { return BusyStages + backups*engineStages }

// StandbyStage is the first stage of the engine with a rank from 1 on.
func StandbyStage(rank int) int { return Stages(rank - 1) }

// Transports between processes.
const (
	TransportTCP = "tcp"
	TransportUDP = "udp"
	TransportShm = "shm" // memory that both processes map; a participant elsewhere is reached over TCP
)

// carriers says what they are to package transport.
var carriers = map[string]transport.Carrier{TransportTCP: transport.TCP, TransportUDP: transport.UDP, TransportShm: transport.Shared}

// KnownTransport reports whether there is a transport of that name.
func KnownTransport(name string) bool {
	_, ok := carriers[name]
	return ok
}

func (o *Options) messages() io.Writer { return cmp.Or[io.Writer](o.Messages, os.Stderr) }

// transport names how the participants are reached.
func (o *Options) transport() string {
	if o.InProcess {
		return "rings"
	}
	return o.Transport
}

// coresUsed is how many cores the run may use.
func (o *Options) coresUsed() int {
	m := host.Detect()
	return m.Usable()
}

func nodeConfig(o *Options, run *rundir.Run, i int, boot uint32) participant.Config {
	return participant.Config{
		Node: batch3pc.NodeID(i + 1), Dir: rundir.RoleDir(o.Dir, rundir.RoleNames[i]), Cluster: run.Cluster,
		Boot: boot, WindowMax: o.Engine.RetainMax, Durable: run.Durable,
		CheckpointBatches: o.Checkpoint, Cut: o.CutLogs, Files: o.Files, Full: tellFull(o.Log, rundir.RoleDir(o.Dir, rundir.RoleNames[i])),
	}
}
