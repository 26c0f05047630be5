package main

import (
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/proxy"
)

func newProxy() *cobra.Command {
	var (
		out      output
		o        proxy.Options
		up, down string
		duration time.Duration
	)
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Forward TCP connections or UDP datagrams and spoil them, from a seed",
		Long: `Forward what comes to --listen to --target, and do to it what a bad network does.
Each direction has rules of its own, NAME=VALUE separated by commas: drop, dup and
flip (one bit), with a probability for each datagram or piece of a stream; delay
and jitter; rate in bytes a second; and cut, which lets nothing pass. On TCP a drop
breaks the connection, and dup does nothing. --flap takes the link down and up.

Ends on Ctrl-C or after --duration, and says what it has done.`,
		Example: `  tezi proxy --target 127.0.0.1:7001 --up drop=0.001,delay=2ms --down jitter=1ms --seed 7
  tezi proxy --network udp --target 127.0.0.1:7001 --down cut
  tezi proxy --target 127.0.0.1:7001 --flap 50ms -o json`,
		Args: wantArgs(),
	}
	out.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.Network, "network", "tcp", "tcp or udp")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:0", "address to listen on; port 0 = any")
	f.StringVar(&o.Target, "target", "", "address to forward to")
	f.Uint64Var(&o.Seed, "seed", 1, "of everything that happens by chance")
	f.StringVar(&up, "up", "", "rules from the client to the target")
	f.StringVar(&down, "down", "", "rules from the target to the client")
	f.DurationVar(&o.Flap, "flap", 0, "the link is up for so long, then down for so long; 0 = always up")
	f.DurationVar(&duration, "duration", 0, "end after so long; 0 = no limit")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if err := out.check(); err != nil {
			return err
		}
		if _, _, err := net.SplitHostPort(o.Target); err != nil || o.Network != "tcp" && o.Network != "udp" {
			return usageError{fmt.Errorf("want --target HOST:PORT and --network tcp or udp, got %q and %q", o.Target, o.Network)}
		}
		if o.Up, err = proxy.ParseRules(up); err != nil {
			return usageError{fmt.Errorf("--up: %w", err)}
		}
		if o.Down, err = proxy.ParseRules(down); err != nil {
			return usageError{fmt.Errorf("--down: %w", err)}
		}
		p, err := proxy.Start(o)
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.ErrOrStderr(), box.ListeningPrefix+p.Addr())
		var over <-chan time.Time
		if duration > 0 {
			over = time.After(duration)
		}
		select {
		case <-cmd.Context().Done():
		case <-over:
		}
		p.Close()
		s := p.Stats()
		if out.json() {
			return writeJSON(cmd.OutOrStdout(), s)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "connections  %d\nflaps        %d\nup           %s\ndown         %s\n",
			s.Connections, s.Flaps, counted(s.Up), counted(s.Down))
		return err
	}
	return cmd
}

// counted tells in words what happened to one direction.
func counted(c proxy.Counts) string {
	return fmt.Sprintf("%d pieces, %d bytes; %d dropped, %d duplicated, %d flipped", c.Pieces, c.Bytes, c.Dropped, c.Duplicated, c.Flipped)
}
