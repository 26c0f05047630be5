package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/box"
)

// job is a command that runs an engine: what its flags say, and how to open its source. Another
// process can make the same from the words of the command line (Options.Command).
type job struct {
	cmd     *cobra.Command
	flags   runFlags
	started time.Time // of the run, if it was begun, or taken up, by another process
	// prepare opens the source and fills in what the options say of it. The function closes it.
	prepare func(o *box.Options, args []string) (box.Source, func(), error)
}

// begun is when the run began, or was taken up.
func (j *job) begun() time.Time {
	if j.started.IsZero() {
		return time.Now()
	}
	return j.started
}

// run executes the command, and reports whatever came of it.
func (j *job) run(cmd *cobra.Command, args []string) error {
	if err := j.flags.belong(cmd); err != nil {
		return err
	}
	o, err := j.flags.options(cmd)
	if err != nil {
		return err
	}
	if err := box.Named(cmd.Context(), o.Participants); err != nil {
		return configError{fmt.Errorf("--%w", err)}
	}
	source, closeSource, err := j.prepare(o, args)
	if err != nil {
		return err
	}
	defer closeSource()
	if o.Backups > 0 && o.Expect != nil {
		return usageError{errors.New("--expect-fills wants one engine: leave out --backups")}
	}
	if o.Command, err = j.words(args); err != nil {
		return err
	}
	stop, err := j.flags.start()
	if err != nil {
		return err
	}
	var report *bench.Report
	if o.Backups > 0 {
		report, err = box.Supervise(cmd.Context(), o)
	} else {
		report, err = box.Execute(cmd.Context(), o, source)
	}
	if perr := stop(); err == nil {
		err = perr
	}
	if report == nil {
		return err
	}
	write := report.WriteTable
	if j.flags.json() {
		write = report.WriteJSON
	}
	if werr := write(cmd.OutOrStdout()); err == nil {
		err = werr
	}
	if err == nil && o.Participants != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: not verified, because the participants keep their logs elsewhere: copy their directories into %s, then \"tezi verify %s\"\n",
			o.Dir, o.Dir)
	}
	return err
}

// words are a command line from which another process, elsewhere, makes the same source and options: every flag that was
// given, then the file, with an absolute path.
func (j *job) words(args []string) ([]string, error) {
	words := []string{j.cmd.Name()}
	j.cmd.Flags().Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if several, ok := f.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, v := range values {
			words = append(words, "--"+f.Name+"="+v)
		}
	})
	for _, file := range args {
		if file != "-" {
			path, err := filepath.Abs(file)
			if err != nil {
				return nil, err
			}
			file = path
		}
		words = append(words, file)
	}
	return words, nil
}

// jobOf makes a job again from its words.
func jobOf(words []string) (j *job, args []string, err error) {
	if len(words) == 0 {
		return nil, nil, errors.New("its participants are reached by its own engine alone: begin it with --backups or --participants")
	}
	switch words[0] {
	case "replay":
		_, j = replayJob()
	case "up":
		_, j = upJob()
	default:
		return nil, nil, fmt.Errorf("its run file names a command %q, want replay or up", words[0])
	}
	if err := j.cmd.ParseFlags(words[1:]); err != nil {
		return nil, nil, err
	}
	f := &j.flags // what concerns the process that began the run, and not this one
	f.standbys = f.backups
	f.force, f.resume, f.backups, f.participants, f.inProcess, f.format = false, false, 0, "", false, "table"
	args = j.cmd.Flags().Args()
	return j, args, j.cmd.ValidateArgs(args)
}
