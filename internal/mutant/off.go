//go:build !mutants

package mutant

// Enabled tells whether this binary can be broken.
const Enabled = false

// Is reports whether the bug lives. It never does.
func Is(ID) bool { return false }

// Select lets no bug live: there is none in this binary.
func Select(id ID) {
	if id != None {
		panic("mutant: built without the tag mutants")
	}
}
