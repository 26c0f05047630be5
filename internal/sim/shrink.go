package sim

import (
	"slices"

	"github.com/tezi-exchange/tezi/internal/check"
)

// Shrink looks for a short schedule that breaks the same invariant as actions do: it leaves parts
// out, large ones first, as long as the violation stays (delta debugging). The result is minimal in
// that no single action can be left out. It does not change actions.
func (r *Runner) Shrink(setup Setup, actions []Action) ([]Action, *check.Violation) {
	found, _ := r.Replay(setup, actions, nil)
	if found == nil {
		return actions, nil
	}
	list := slices.Clone(actions)
	try := make([]Action, 0, len(list))
	for part := max(len(list)/2, 1); ; {
		shorter := false
		for from := 0; from < len(list); {
			to := min(from+part, len(list))
			try = append(append(try[:0], list[:from]...), list[to:]...)
			if v, _ := r.Replay(setup, try, nil); v != nil && v.Invariant == found.Invariant {
				list, found, shorter = append(list[:0], try...), v, true
				continue
			}
			from = to
		}
		switch {
		case part > 1:
			part /= 2
		case !shorter:
			return list, found
		}
	}
}
