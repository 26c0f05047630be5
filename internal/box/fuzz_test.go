package box

import (
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/internal/rundir"
)

// FuzzFlags takes any text as a rate and as a list of participants.
func FuzzFlags(f *testing.F) {
	f.Add("250k")
	f.Add("realtime")
	f.Add("risk=a:1,settlement=a:2,marketdata=a:3")
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := ParsePace(text); err == nil && !p.Realtime && !(p.PerSecond >= 0 && p.PerSecond < 1e18) {
			t.Errorf("%q is a rate of %v", text, p.PerSecond)
		}
		addrs, err := ParseParticipants(text)
		if err == nil && (len(addrs) != len(rundir.RoleNames) || strings.Count(text, "=") < len(addrs)) {
			t.Errorf("%q is %v", text, addrs)
		}
	})
}
