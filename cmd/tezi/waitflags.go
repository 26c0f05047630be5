package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// waitFlags say how long a run waits for its participants.
type waitFlags struct {
	profile string
	single  []string
	exclude string
	newLogs []string
}

// deadlineProfiles are the values of --deadlines.
var deadlineProfiles = map[string]func() batch3pc.Deadlines{
	"box": engine.BoxDeadlines, "exchange": batch3pc.ExchangeDeadlines, "wide-area": batch3pc.WideAreaDeadlines,
}

func (w *waitFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&w.profile, "deadlines", "box", "deadlines of the commit's phases; a role that misses one is named: box (a shared machine), exchange (can-commit 2 ms) or wide-area (seconds)")
	f.StringArrayVar(&w.single, "deadline", nil, "set one deadline, for all roles or one: can-commit=4ms, marketdata:do-commit=1s; may be repeated")
	f.StringVar(&w.exclude, "exclude-after", "marketdata=10s", "leave a participant out of the votes when it has been gone or stalled for this long, until it has caught up; ROLE=0 = never")
	f.StringArrayVar(&w.newLogs, "new-log", nil, "with --resume: the log of this role is lost and its directory empty; its vote counts again when it has everything from the others")
}

// apply checks the flags and puts them into the options.
func (w *waitFlags) apply(o *box.Options) error {
	profile := deadlineProfiles[w.profile]
	if profile == nil {
		return usageError{fmt.Errorf("--deadlines %s: want box, exchange or wide-area", w.profile)}
	}
	d := profile()
	for _, text := range w.single {
		if err := setDeadline(&d, text); err != nil {
			return usageError{fmt.Errorf("--deadline %s: %w", text, err)}
		}
	}
	o.Engine.Deadlines = d
	for _, role := range w.newLogs {
		if _, err := rundir.NodeOf(role); err != nil {
			return usageError{fmt.Errorf("--new-log: %w", err)}
		}
	}
	if len(w.newLogs) > 1 {
		return configError{errors.New("--new-log: the others must be a quorum: one at a time")}
	}
	o.NewLogs = w.newLogs
	o.ExcludeAfter = map[string]time.Duration{}
	for part := range strings.SplitSeq(w.exclude, ",") {
		role, text, _ := strings.Cut(part, "=")
		after, err := time.ParseDuration(text)
		switch {
		case part == "":
			continue
		case err != nil || after < 0 || !slices.Contains(rundir.RoleNames, role):
			return usageError{fmt.Errorf("--exclude-after %s: want ROLE=DURATION, such as marketdata=10s", part)}
		case after > 0 && !slices.Contains(box.Excludable, role):
			return configError{fmt.Errorf("--exclude-after %s: commits cannot go on without %s; trading halts (--halt-after)", part, role)}
		}
		o.ExcludeAfter[role] = after
	}
	return nil
}

// setDeadline reads [ROLE:]PHASE=DURATION.
func setDeadline(d *batch3pc.Deadlines, text string) error {
	what, value, _ := strings.Cut(text, "=")
	after, err := time.ParseDuration(value)
	if err != nil {
		return fmt.Errorf("want [ROLE:]PHASE=DURATION, such as can-commit=4ms")
	}
	phases := map[string]*int64{
		"can-commit": &d.CanCommitNs, "pre-commit": &d.PreCommitNs, "do-commit": &d.DoCommitNs,
		"decision": &d.DecisionNs, "election": &d.ElectionNs, "resend": &d.ResendNs,
	}
	role, phase, one := strings.Cut(what, ":")
	if !one {
		phase = what
	}
	if one {
		node, err := rundir.NodeOf(role)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(d.Participants, func(p batch3pc.ParticipantDeadlines) bool { return p.Node == node })
		if i < 0 {
			i = len(d.Participants)
			d.Participants = append(d.Participants, batch3pc.ParticipantDeadlines{Node: node})
		}
		p := &d.Participants[i]
		phases = map[string]*int64{"can-commit": &p.CanCommitNs, "pre-commit": &p.PreCommitNs, "do-commit": &p.DoCommitNs}
	}
	ns := phases[phase]
	if ns == nil {
		return fmt.Errorf("%q is no phase of it: want can-commit, pre-commit, do-commit, or without a role also decision, election, resend", phase)
	}
	*ns = int64(after)
	return nil
}
