package workload

// traps are symbols that readers of NSE's files have stumbled over: other characters than letters,
// one letter, all ten places, digits first, and the capital form of the fill byte "b" at both ends.
var traps = []string{
	"TEZI", "A&B", "TEZI-AUTO", "B", "BAZAARTEZI", "21TEZI", "BOB", "TZ&TZ", "BB", "T-B",
}

// The other symbols are three syllables: invented, and no prefix of one another as long as the
// syllables of a place have one length.
var (
	firsts  = []string{"AB", "BH", "CH", "DO", "EK", "FI", "GU", "HE", "IL", "JO", "KU", "LO", "MU", "NI", "OP", "PU", "QI", "RO", "SY", "TU", "UJ", "VO", "WI", "XE", "YU", "ZA"}
	seconds = []string{"ARA", "EKO", "IVU", "OZI", "UMA", "YLO", "AXU", "EJI", "IQO", "OWE", "UVY", "AFO", "EZU", "IHY"}
	thirds  = []string{"BAX", "DUL", "FEX", "GOV", "JIN", "KEZ", "LUM", "NOX", "PYR", "QUO", "RIV", "TEZ", "VUN", "ZOL"}
)

// stride visits all combinations once before it repeats, and keeps neighbours in rank apart in the
// alphabet: it has no factor in common with their number.
const stride = 1949

// symbolOf returns the symbol with the given rank of activity: distinct, 1 to 10 characters.
func symbolOf(rank int) string {
	if rank < len(traps) {
		return traps[rank]
	}
	n := (rank - len(traps)) * stride % (len(firsts) * len(seconds) * len(thirds))
	third := n % len(thirds)
	n /= len(thirds)
	return firsts[n/len(seconds)] + seconds[n%len(seconds)] + thirds[third]
}
