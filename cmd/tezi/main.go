package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/capture"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/inspect"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/sim"
	"github.com/tezi-exchange/tezi/internal/verify"
)

// Exit codes. A command line that is not understood, words and forms that a flag does not take included, or whose
// flags exclude each other, is usage; a setting that is understood and cannot work, because it is out of range or
// the machine does not have it, is configuration.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2 // also: the file is not a capture, or the directory cannot be used
	exitUnverified  = 3 // a fill differs, the logs do not agree, or a simulation broke an invariant
	exitConfig      = 78
	exitInterrupted = 130
	exitPipe        = 141 // nobody reads standard output any more; as a shell tells of SIGPIPE
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// usageError is a command line that cannot be carried out.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// configError is a setting that cannot work on this machine or with the other settings.
type configError struct{ error }

func (e configError) Unwrap() error { return e.error }

// run executes one command line and returns its exit code. Whatever goes wrong is said in one line, but that nobody reads
// the output: then the command ends in order, and leaves nothing behind. That nobody reads messages ends no run.
func run(args []string, stdout, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE)
	said := &messages{to: stderr}
	ctx, stop := interruptible(said)
	defer stop()
	out := &checkedOutput{to: stdout}
	root := newRoot(out, said)
	root.SetArgs(args)
	running := false
	root.PersistentPreRun = func(*cobra.Command, []string) { running = true }
	cmd, err := root.ExecuteContextC(ctx)
	said.end()
	if err == nil {
		if err = out.err(); err == nil {
			return exitOK
		}
		running = true // the command line was understood
	}
	code := exitCode(err)
	if code == exitPipe {
		return code
	}
	text := oneLine(err)
	if !running {
		code = exitUsage
		text += fmt.Sprintf(`; see "%s --help"`, cmd.CommandPath())
	}
	fmt.Fprintln(stderr, box.ErrorPrefix+text)
	return code
}

// oneLine is the text of err for people.
func oneLine(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	return strings.ReplaceAll(text, context.Canceled.Error(), "interrupted")
}

// exitCode maps an error to the exit code that programs may rely on.
func exitCode(err error) int {
	var (
		usage      usageError
		config     configError
		notCapture *capture.NotCaptureError
		mismatch   *box.MismatchError
		violation  *verify.Violation
		refused    *rundir.RefusedError
		failed     *sim.FailedError
		source     *box.SourceError
		pipe       *fs.PathError
	)
	switch {
	case errors.As(err, &pipe) && pipe.Path == os.Stdout.Name() && errors.Is(pipe, syscall.EPIPE):
		return exitPipe
	case errors.As(err, &mismatch), errors.As(err, &violation), errors.As(err, &failed), errors.Is(err, engine.ErrReplay), errors.Is(err, engine.ErrForgotten):
		return exitUnverified
	case errors.As(err, &usage), errors.As(err, &notCapture), errors.As(err, &refused), errors.As(err, &source),
		errors.Is(err, capture.ErrSymbol), errors.Is(err, inspect.ErrNoLog), errors.Is(err, journal.ErrInUse):
		return exitUsage
	case errors.As(err, &config), errors.Is(err, capture.ErrOptions), errors.Is(err, host.ErrTooFewCores), errors.Is(err, host.ErrCore):
		return exitConfig
	case errors.Is(err, engine.ErrFenced):
		return box.ExitFenced
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailure
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "tezi",
		Short: "An NSE-style trading core: match, commit by three phases, prove it",
		Long: `tezi matches orders by price and time, commits the trades in batches to risk,
settlement and market data by a three-phase commit (E3PC), and proves from the
logs that all of them agree.

Data goes to standard output, messages to standard error. Exit codes: 0 ok,
1 failure, 2 usage or not a capture, 3 verification failed, 75 another engine
leads, 78 bad configuration, 130 interrupted.`,
		Example: `  tezi generate --orders 300000
  tezi replay CASH_Orders_09092026.DAT.gz
  tezi verify tezi-run`,
		Args:          knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp())
	root.AddCommand(
		newReplay(), newUp(), newGenerate(), newConvert(), newInspect(), newVerify(), newBench(), newSim(), newDemo(), newEngine(), newParticipant(), newProxy(), newVersion(),
	)
	return root
}

// newHelp is cobra's, but that it knows what it does not know.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			of, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageError{fmt.Errorf("unknown command %q", strings.Join(args, " "))}
			}
			return of.Help()
		},
	}
}

// knownCommand is what the arguments of a command with commands of its own are checked with: none are left once a command is found.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	root.SuggestionsMinimumDistance = 2
	if like := root.SuggestionsFor(args[0]); len(like) > 0 {
		return usageError{fmt.Errorf("unknown command %q, did you mean %s?", args[0], strings.Join(like, " or "))}
	}
	return usageError{fmt.Errorf("unknown command %q", args[0])}
}
