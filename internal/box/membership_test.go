package box

import (
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/engine"
)

// TestExclusionsByAWallClock: how long somebody was left out is by the wall clock, since several engines may have to say it.
// Where it has gone back nobody was for less than no time.
func TestExclusionsByAWallClock(t *testing.T) {
	at := func(s int64, number uint32, members ...byte) engine.Membership {
		var payload []byte
		for n := byte(1); n <= 3; n++ {
			payload = append(payload, n, members[n-1], 0, 0, 0, 0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0)
		}
		g, ok := batch3pc.GenerationOf(&batch3pc.Batch{Seq: batch3pc.Seq(number), Generation: number, Count: batch3pc.CountGeneration, Payload: payload})
		if !ok {
			t.Fatal("no generation")
		}
		return engine.Membership{Generation: g, UnixNs: s * int64(time.Second)}
	}
	res := engine.Result{Memberships: []engine.Membership{
		at(0, 1, 1, 1, 1),
		at(100, 2, 1, 1, 0), at(107, 3, 1, 1, 1), // for 7 s
		at(200, 4, 1, 1, 0), at(150, 5, 1, 1, 1), // it went back
		at(160, 6, 1, 1, 0), // and is out yet, for 5 s
	}}
	var r bench.Report
	reportMembers(&r, &res, time.Unix(165, 0))
	var got []float64
	for _, x := range r.Exclusions {
		got = append(got, x.ForS)
	}
	if len(got) != 3 || got[0] != 7 || got[1] != 0 || got[2] != 5 {
		t.Errorf("left out for %v s, want 7, 0 and 5", got)
	}
}
