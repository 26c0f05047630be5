package box

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// SourceError says that a source is not the one that a run was begun with.
type SourceError struct {
	Source string
	Why    string
}

func (e *SourceError) Error() string {
	return fmt.Sprintf("%s: not the source of this run: %s", e.Source, e.Why)
}

// reopen reads what the run in the directory was begun with and takes its settings, on which its
// results depend. Nothing is changed.
func (b *box) reopen() error {
	run, err := rundir.Read(b.o.Dir)
	if err != nil {
		return err
	}
	o := b.o
	b.run = run
	o.Engine.Limits, o.Roles, o.Engine.Durable = run.Limits, run.Roles, run.Durable
	if o.Participants != nil && o.Cluster != run.Cluster {
		return &rundir.RefusedError{Dir: o.Dir, Why: fmt.Sprintf("its cluster is %d, not %d", run.Cluster, o.Cluster)}
	}
	return nil
}

// openLog opens the command log and reads it, if there is anything in it.
func (b *box) openLog() (err error) {
	if b.replica, err = engine.NewReplica(b.o.Engine.Limits); err != nil {
		return err
	}
	dir := filepath.Join(b.o.Dir, rundir.EngineDir)
	b.log, err = journal.Open(dir, journal.Options{}, func(r journal.Record) error { return b.replica.Take(r.Kind, r.Body) })
	if err != nil {
		return err
	}
	if b.replica.Ended() {
		return &rundir.RefusedError{Dir: b.o.Dir, Why: "its run is finished, there is nothing to take up"}
	}
	if t := b.log.Tail(); t.Torn {
		b.o.Log.Warn("the command log was cut off in the middle of a record, as a crash does", "file", t.File, "offset", t.Offset)
	}
	return nil
}

// unfinish takes back what the participants say of the end of the stream: it goes on.
func unfinish(dir string) error {
	for _, name := range rundir.RoleNames {
		if err := participant.Unfinish(rundir.RoleDir(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// skip reads the source as far as the log holds it, and compares the two.
func (f *feed) skip(logged engine.Source, name string) error {
	read := engine.NewSource()
	var c codec.Command
	for read.Commands < logged.Commands {
		err := f.next(&c)
		if errors.Is(err, io.EOF) {
			return &SourceError{name, fmt.Sprintf("it ends after %d commands, the command log holds %d", read.Commands, logged.Commands)}
		}
		if err != nil {
			return err
		}
		read.Add(&c)
	}
	if got, want := read.Digest(), logged.Digest(); got != want {
		return &SourceError{name, fmt.Sprintf("its first %d commands have digest %016x, those in the command log %016x", read.Commands, got, want)}
	}
	return nil
}
