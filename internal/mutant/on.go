//go:build mutants

package mutant

// Enabled tells whether this binary can be broken.
const Enabled = true

var selected ID

// Is reports whether the bug lives.
func Is(id ID) bool { return selected == id }

// Select lets one bug live, or with None all be dead. Not while a machine runs.
func Select(id ID) { selected = id }
