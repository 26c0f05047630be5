package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/internal/capture"
)

// convertGrace is how long a conversion that was interrupted may take to remove what it has written.
const convertGrace = 500 * time.Millisecond

func newConvert() *cobra.Command {
	var source captureFlags
	cmd := &cobra.Command{
		Use:   "convert IN OUT",
		Short: "Convert a capture into another format",
		Long: `Convert between the capture formats. IN is recognised by content, "-" is standard
input; OUT by its name: .DAT or .DAT.gz (NSE historical orders), .csv or .csv.gz
(command CSV), .tzc (tezi's own, compact and checksummed). OUT appears only when it
is complete. What the new format cannot represent is reported.`,
		Example: "  tezi convert CASH_Orders_09092026.DAT.gz day.tzc",
		Args:    wantArgs("IN", "OUT"),
	}
	source.flags(cmd)
	source.sessionsFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if _, err := capture.FormatOf(args[1]); err != nil {
			return usageError{err}
		}
		options, err := source.options()
		if err != nil {
			return err
		}
		var stats capture.Stats
		err = orInterrupted(cmd.Context(), convertGrace, func() (err error) {
			stats, err = capture.Convert(cmd.Context(), args[0], args[1], options)
			return err
		})
		if err != nil {
			return err
		}
		for _, note := range stats.Notes {
			fmt.Fprintln(cmd.ErrOrStderr(), "note: "+note.String())
		}
		text := fmt.Sprintf("%s: %d commands, %d instruments", args[1], stats.Commands, stats.Instruments)
		if stats.Unreadable > 0 {
			text += fmt.Sprintf(", %d unreadable records", stats.Unreadable)
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
		return err
	}
	return cmd
}
