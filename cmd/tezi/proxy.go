package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/proxy"
)

// proxyFlags are the flags of one proxy.
type proxyFlags struct {
	output
	options  proxy.Options
	up, down string
	duration time.Duration
}

func newProxy() *cobra.Command {
	var p proxyFlags
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Forward TCP or UDP traffic with seeded network faults",
		Long: `Forward traffic from --listen to --target, and do to it what a bad network does.
Each direction has its own rules, NAME=VALUE separated by commas: drop, dup and
flip (one bit), with a probability for each datagram or piece of a stream; delay
and jitter; rate in bytes a second; and cut, which lets nothing pass. On TCP a drop
breaks the connection, and dup does nothing. --flap takes the link down and up.

With --network tezi it stands between engine and participant, over TCP and UDP,
and can hold the link at a message: hold=PreCommit@10 before the first PreCommit
that reaches batch 10, pass=PreCommit@10 behind it. Kinds are those of
docs/PROTOCOL.md, DoCommit, and Generation for a batch that changes the members;
those that name no batch are counted.

While it runs it takes lines on standard input: "up RULES" and "down RULES" set new
rules, "go" lets a held link go on, "lose" breaks the connections and goes on.
Ends on Ctrl-C or after --duration, and says what it has done.`,
		Example: `  tezi proxy --target 127.0.0.1:7001 --up drop=0.001,delay=2ms --down jitter=1ms --seed 7
  tezi proxy --network udp --target 127.0.0.1:7001 --down cut
  tezi proxy --target 127.0.0.1:7001 --flap 50ms -o json
  tezi proxy --network tezi --target 127.0.0.1:7001 --up pass=Batch@10 --down hold=Yes@10`,
		Args: wantArgs(),
	}
	p.output.flags(cmd)
	o, f := &p.options, cmd.Flags()
	f.StringVar(&o.Network, "network", proxy.TCP, "tcp, udp or tezi")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:0", "address to listen on; port 0 = any")
	f.StringVar(&o.Target, "target", "", "address to forward to")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of everything random")
	f.StringVar(&p.up, "up", "", "rules from the client to the target")
	f.StringVar(&p.down, "down", "", "rules from the target to the client")
	f.DurationVar(&o.Flap, "flap", 0, "the link is up for this long, then down for this long; 0 = always up")
	f.DurationVar(&p.duration, "duration", 0, "end after this long; 0 = no limit")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return p.run(cmd) }
	return cmd
}

func (p *proxyFlags) run(cmd *cobra.Command) (err error) {
	o := &p.options
	if err := errors.Join(p.check(), wantAddress("listen", o.Listen)); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(o.Target); err != nil || !slices.Contains([]string{proxy.TCP, proxy.UDP, proxy.Tezi}, o.Network) {
		return usageError{fmt.Errorf("want --target HOST:PORT and --network tcp, udp or tezi, got %q and %q", o.Target, o.Network)}
	}
	if o.Flap < 0 || p.duration < 0 {
		return configError{fmt.Errorf("--flap %v and --duration %v: want 0 or more", o.Flap, p.duration)}
	}
	if o.Up, err = p.rules(p.up); err != nil {
		return usageError{fmt.Errorf("--up: %w", err)}
	}
	if o.Down, err = p.rules(p.down); err != nil {
		return usageError{fmt.Errorf("--down: %w", err)}
	}
	stderr := cmd.ErrOrStderr()
	o.Held = func(up bool, at proxy.Mark) {
		fmt.Fprintln(stderr, "held", map[bool]string{true: "up", false: "down"}[up], at)
	}
	o.Trouble = func(err error) { fmt.Fprintf(stderr, "a client is not forwarded: %v\n", err) }
	between, err := proxy.Start(*o)
	if err != nil {
		return err
	}
	fmt.Fprintln(stderr, box.ListeningPrefix+between.Addr())
	go p.steer(between, os.Stdin, stderr) // ends with the process
	var over <-chan time.Time
	if p.duration > 0 {
		over = time.After(p.duration)
	}
	select {
	case <-cmd.Context().Done():
	case <-over:
	}
	between.Close()
	s := between.Stats()
	if p.json() {
		return writeJSON(cmd.OutOrStdout(), s)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "connections  %d, %d failed\nflaps        %d\nup           %s\ndown         %s\n",
		s.Connections, s.Failed, s.Flaps, counted(s.Up), counted(s.Down))
	return err
}

// rules reads the rules of one direction.
func (p *proxyFlags) rules(text string) (proxy.Rules, error) {
	r, err := proxy.ParseRules(text)
	if err == nil && (r.Hold != proxy.Mark{}) && p.options.Network != proxy.Tezi {
		err = errors.New("hold and pass want --network tezi")
	}
	return r, err
}

// steer does what the lines of in say.
func (p *proxyFlags) steer(between *proxy.Proxy, in io.Reader, stderr io.Writer) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		word, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		rules, err := p.rules(rest)
		switch {
		case word == "":
		case word == "go" && rest == "":
			between.Go()
		case word == "lose" && rest == "":
			between.Lose()
		case word == "up" && err == nil:
			between.SetUp(rules)
		case word == "down" && err == nil:
			between.SetDown(rules)
		case err != nil:
			fmt.Fprintf(stderr, "not understood: %v\n", err)
		default:
			fmt.Fprintf(stderr, "not understood: %q: want up RULES, down RULES, go or lose\n", lines.Text())
		}
	}
}

// counted tells in words what happened to one direction.
func counted(c proxy.Counts) string {
	return fmt.Sprintf("%d pieces, %d bytes; %d dropped, %d duplicated, %d flipped, %d times held", c.Pieces, c.Bytes, c.Dropped, c.Duplicated, c.Flipped, c.Held)
}
