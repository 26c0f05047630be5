// Package mutant names the seeded bugs by which the simulator is measured: a test that finds nothing
// proves nothing until it has found what was put there. Production code asks Is where a bug would be
//
//	if m.Ballot.Less(p.elected) && !mutant.Is(mutant.NoFence) {
//
// and without the build tag mutants the answer is a constant, so that the compiler removes the question.
// With the tag, Select lets one bug at a time live. docs/MUTANTS.md is the scoreboard.
package mutant
