package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

func newEngine() *cobra.Command {
	var (
		dir        string
		rank       int
		supervised bool
	)
	cmd := &cobra.Command{
		Use:   "engine",
		Short: "Run a backup engine, which takes over when the leading one dies",
		Long: `Stand by for the engine of a run: follow its command log on the same machine, with
its state ready in memory, and continue where the log ends when that engine is gone.
An engine that is silent but alive still holds the log; it is fenced, and what it left
in doubt is decided, but nothing new is traded.

"tezi replay --backups" and "tezi up --backups" start and watch such processes. To do
it by hand, begin the run with --participants and start this command on the same
directory, with ranks 1, 2, 3. It ends with exit code 0 when the run is finished.`,
		Example: `  tezi replay day.tzc --dir run --participants risk=...,settlement=...,marketdata=...
  tezi engine --dir run --rank 1`,
		Args: wantArgs(),
	}
	cmd.Flags().StringVar(&dir, "dir", "tezi-run", "run directory")
	cmd.Flags().IntVar(&rank, "rank", 1, "place among the backup engines of the run, different for each: 1 to 3")
	cmd.Flags().BoolVar(&supervised, "supervised", false, "end when standard input ends, which means that the parent process is gone")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		lowest := 1
		if supervised {
			lowest = 0 // the supervisor's first engine; by hand, whatever began the run is that
		}
		if rank < lowest || rank > box.BackupsMax {
			return configError{fmt.Errorf("--rank %d: want %d to %d", rank, lowest, box.BackupsMax)}
		}
		ctx, cancel := context.WithCancelCause(cmd.Context())
		defer cancel(nil)
		if supervised {
			signal.Ignore(syscall.SIGPIPE)
			go obey(os.Stdin, cancel)
		}
		return standBy(ctx, cmd, dir, rank, supervised)
	}
	return cmd
}

// errOrphan ends an engine whose supervisor is gone: the participants end too, and nothing can be
// finished. The run can be taken up.
var errOrphan = errors.New("the process that started this engine is gone")

// obey waits for the supervisor to say that the engine is to finish, or to be gone.
func obey(stdin io.Reader, cancel context.CancelCauseFunc) {
	word, _ := bufio.NewReader(stdin).ReadString('\n')
	if word == box.FinishWord {
		cancel(context.Canceled)
		return
	}
	cancel(errOrphan)
}

func standBy(ctx context.Context, cmd *cobra.Command, dir string, rank int, supervised bool) error {
	run, err := rundir.Read(dir)
	if err != nil {
		return err
	}
	j, args, err := jobOf(run.Command)
	if err != nil {
		return &rundir.RefusedError{Dir: dir, Why: err.Error()}
	}
	j.started, j.flags.dir = run.Begun(), dir
	j.cmd.SetErr(cmd.ErrOrStderr())
	j.flags.standbys = max(j.flags.standbys, rank)
	o, err := j.flags.options(j.cmd)
	if err != nil {
		return err
	}
	if rank > 0 {
		o.Profile = o.Profile.From(box.StandbyStage(rank))
	}
	source, closeSource, err := j.prepare(o, args)
	if err != nil {
		return err
	}
	defer closeSource()
	o.Watched = supervised
	o.Progress, o.Expect = nil, nil // it has no terminal of its own, and does not see the run from its beginning
	if _, err := fmt.Fprintln(cmd.OutOrStdout(), box.StandingPrefix); err != nil {
		return err
	}
	if _, err := box.Stand(ctx, o, source, rank); !errors.Is(err, engine.ErrEnded) {
		return err
	}
	return nil
}
