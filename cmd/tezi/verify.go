package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/verify"
)

func newVerify() *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "verify DIR",
		Short: "Prove from the logs of a run that its parts agree",
		Long: `Read the logs in a run directory and prove that engine, risk, settlement and
market data agree: the same batches with the same chain everywhere, each trade
applied once, the engine's command log matched again giving the same trades,
states and files recomputed from the batches, money and shares conserved.
Where logs were cut, the result says what could be proven and what rests on a snapshot.

A run that is still being written is refused where its logs, read at different
moments, do not match; one that has come to rest can be verified while its
processes live.

Exit code 3 if the proof fails, with the broken rule and the place.`,
		Example: "  tezi verify tezi-run",
		Args:    wantArgs("DIR"),
	}
	out.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := out.check(); err != nil {
			return err
		}
		var res *verify.Result
		var progress verify.Progress
		line := bench.NewProgress(os.Stderr, progress.Status)
		err := orInterrupted(cmd.Context(), 0, func() (err error) {
			res, err = verify.RunWatched(args[0], &progress)
			return err
		})
		line.Stop()
		var broken *verify.Violation
		if errors.As(err, &broken) {
			if busy := box.Free(args[0]); busy != nil { // between two writes its logs need not agree
				return busy
			}
		}
		if err != nil {
			return err
		}
		if out.json() {
			return writeJSON(cmd.OutOrStdout(), res)
		}
		return printVerified(cmd.OutOrStdout(), res)
	}
	return cmd
}

func printVerified(w io.Writer, r *verify.Result) error {
	state := "complete: every participant has finished"
	if !r.Complete {
		state = "cut off: what was committed agrees"
	}
	text := fmt.Sprintf("verified      %d batches, %d trades, chain %s\nrun           %s\nengine        %d commands matched again, books %s\n",
		r.Batches, r.Trades, r.Chain, state, r.Commands, r.StateHash)
	for _, x := range r.Excluded {
		until := "to the end"
		if x.To > 0 {
			until = fmt.Sprintf("to %d", x.To)
		}
		text += fmt.Sprintf("left out      %s, batches %d %s\n", x.Role, x.From, until)
	}
	if r.EngineRestsOn > 0 {
		text += fmt.Sprintf("              from command %d on: what was before rests on the snapshot behind batch %d\n", r.RematchedFrom, r.EngineRestsOn)
	}
	if r.Snapshots > 0 {
		text += fmt.Sprintf("              %d snapshots made again, and the same\n", r.Snapshots)
	}
	for _, p := range r.Participants {
		text += fmt.Sprintf("%-12s  %d batches committed, %d in doubt, state %s\n", p.Role, p.Batches, p.InDoubt, p.Digest)
		if p.Repairing > 0 {
			text += fmt.Sprintf("              a repair of its log was cut short: read as it is when the next start has put %d segments in place\n", p.Repairing)
		}
		if p.Checkpoints > 0 {
			text += fmt.Sprintf("              %d checkpoints are what the batches before them give\n", p.Checkpoints)
		}
		if p.RestsOn > 0 {
			text += fmt.Sprintf("              the state before batch %d rests on the checkpoint there\n", p.RestsOn)
		}
	}
	if r.FromTape > 0 {
		text += fmt.Sprintf("tape          the first %d batches are in no log any more: taken from here\n", r.FromTape)
	}
	if r.FirstTrade > 1 {
		text += fmt.Sprintf("              and it does not have those before trade %d\n", r.FirstTrade)
	}
	_, err := io.WriteString(w, text)
	return err
}
