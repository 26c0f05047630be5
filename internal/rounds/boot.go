//tezi:pure

package rounds

import "github.com/tezi-exchange/tezi/internal/mutant"

// BootNumber is the boot number of a coordinator's ballots, whose log ends with record lsn, given 32 random bits.
// Starts are not counted: who counts them on a disk counts some of them twice when the disk is lost, or is an
// old copy, and opens the ballots of an earlier start again.
func BootNumber(random uint32, lsn uint64) uint32 {
	if mutant.Is(mutant.StartsCounted) {
		return uint32(lsn + 1)
	}
	return max(random, 1)
}
