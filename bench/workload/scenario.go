package workload

// Scenario says how far the mid price of a Referee wanders.
type Scenario uint8

// The scenarios of the public benchmark.
const (
	Static     Scenario = iota // not at all: the deepest book, and hardly a trade
	Normal                     // 2 %: a quiet session
	Swing25                    // 25 %: a volatile day
	Swing40                    // 40 %: a stressed market
	FlashCrash                 // 60 %: as on 6 May 2010
	scenarioCount
)

var scenarios = [scenarioCount]struct {
	name  string
	swing uint64 // standard deviation of the mid price after all orders, in hundredths of itself
	seed  uint64
}{{"static", 0, 23}, {"normal", 2, 28}, {"swing-25", 25, 21}, {"swing-40", 40, 29}, {"flash-crash", 60, 59}}

// Scenarios returns all of them, the quietest first.
func Scenarios() []Scenario { return []Scenario{Static, Normal, Swing25, Swing40, FlashCrash} }

// Seed returns a seed for benchmarks. How many orders stand in the book depends on the one walk that a seed
// leads to; with a million orders those of this seed stand about as deep as in the public benchmark with its own.
func (s Scenario) Seed() uint64 { return scenarios[s].seed }

// String returns the name of the public benchmark.
func (s Scenario) String() string {
	if s < scenarioCount {
		return scenarios[s].name
	}
	return "unknown"
}
