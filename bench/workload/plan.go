package workload

// Bounds of the resting orders of one instrument: the flow settles around its target, and never
// exceeds target + target/3.
const (
	restingTargetMin = 300
	restingTargetMax = 3000
	restingFloor     = 40 // least hard limit that a Config may lead to
)

// restingTarget is how many orders an instrument of so many messages keeps in its book.
func restingTarget(orders int64) int {
	return int(min(max(orders/16, restingTargetMin), restingTargetMax, max(orders/4, 1)))
}

func restingLimit(target int) int { return target + target/3 + 1 }

// plan decides how many orders each market keeps in its book, scaled down together if they would
// exceed the bound, and returns the sum of their limits.
func plan(listings []listing, bound int) (targets []int, limits int) {
	targets = make([]int, len(listings))
	for i, l := range listings {
		targets[i] = restingTarget(l.orders)
		limits += restingLimit(targets[i])
	}
	if limits <= bound {
		return targets, limits
	}
	wanted := limits
	limits = 0
	for i := range targets {
		// Two for each market cover what rounding adds to the scaled limits.
		targets[i] = max(int(mulDiv(uint64(targets[i]), uint64(bound-2*len(targets)), uint64(wanted))), 1)
		limits += restingLimit(targets[i])
	}
	return targets, limits
}
