package box

import (
	"log/slog"
	"slices"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// Excludable are the roles that trading can do without for a while. Without risk or settlement it halts.
var Excludable = []string{"marketdata"}

// peers are the participants as the engine knows them.
func (o *Options) peers() (all []engine.Peer) {
	for i, name := range rundir.RoleNames {
		all = append(all, engine.Peer{Node: batch3pc.NodeID(i + 1), Name: name, ExcludeNs: int64(o.ExcludeAfter[name]), NewLog: slices.Contains(o.NewLogs, name)})
	}
	return all
}

// spare reports whether a run goes on without a role, however long it is missing.
func (o *Options) spare(name string) bool { return o.ExcludeAfter[name] > 0 }

// memberNotice tells people of participants that are left out, let in, refused or late. It reports whether it
// was that.
func memberNotice(log *slog.Logger, n engine.Notice) bool {
	lasted := time.Duration(n.ForNs).Round(time.Millisecond).String()
	switch n.Kind {
	case engine.NoticeExcluded:
		log.Error("participant excluded: batches commit without it", "role", n.Peer, "because", n.Why, "from_batch", uint64(n.Seq), "batches_proposed_again", n.InFlight)
	case engine.NoticeReadmitted:
		log.Warn("participant readmitted: it has caught up", "role", n.Peer, "from_batch", uint64(n.Seq), "after", lasted)
	case engine.NoticeNewLog:
		log.Warn("participant with a new log has caught up: its votes count", "role", n.Peer, "from_batch", uint64(n.Seq))
	case engine.NoticeTrouble:
		if n.Why == "" {
			log.Warn("participant trusted again: its votes count", "role", n.Peer)
			return true
		}
		log.Error("participant not trusted: its votes do not count", "role", n.Peer, "because", n.Why)
	case engine.NoticeLate:
		log.Warn("deadline missed", "role", roleOrAll(n.Peer), "phase", n.Phase.String(), "batch", uint64(n.Seq), "for", time.Duration(n.ForNs).Round(10*time.Microsecond).String(), "times", n.Times)
	default:
		return false
	}
	return true
}

func roleOrAll(peer string) string {
	if peer == "" {
		return "all"
	}
	return peer
}

// reportMembers puts into the report who was left out, for how long and why, who was late, and how often nothing committed.
func reportMembers(r *bench.Report, res *engine.Result, now time.Time) {
	var began []time.Time // each of r.Exclusions
	for i := 1; i < len(res.Memberships); i++ {
		m, before := &res.Memberships[i], &res.Memberships[i-1].Generation
		at := time.Unix(0, m.UnixNs)
		for k, role := range rundir.RoleNames {
			switch out, in := m.Excludes(before, batch3pc.NodeID(k+1)); {
			case out:
				r.Exclusions = append(r.Exclusions, bench.Exclusion{
					Role: role, Why: m.Why, FromBatch: uint64(m.Generation.At.Seq), ForS: lasted(at, now),
				})
				began = append(began, at)
			case in:
				last := lastOf(r.Exclusions, role)
				x := &r.Exclusions[last]
				x.ToBatch, x.Readmitted, x.ForS = uint64(m.Generation.At.Seq), true, lasted(began[last], at)
			}
		}
	}
	r.Stalls = int64(res.Stalls)
	for _, l := range res.Lates {
		r.Late = append(r.Late, bench.Late{
			Role: roleOrAll(l.Peer), Phase: l.Phase.String(), Count: l.Count, MaxMs: float64(l.MaxNs/1e4) / 1e2,
		})
	}
}

// lasted is the time between two moments by the wall clock, which may have gone back.
func lasted(from, to time.Time) float64 { return bench.Seconds(max(0, to.Sub(from))) }

// lastOf is where the last exclusion of a role is. Whoever is let in was left out before.
func lastOf(all []bench.Exclusion, role string) int {
	for i, x := range slices.Backward(all) {
		if x.Role == role {
			return i
		}
	}
	panic("box: a participant was let in that was never left out")
}
