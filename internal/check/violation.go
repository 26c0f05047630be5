package check

import "fmt"

// Violation is a broken invariant.
type Violation struct {
	Invariant string // "I1" to "I12"
	Text      string // what was found, where
}

// Error is the invariant and what was found.
func (v *Violation) Error() string { return v.Invariant + ": " + v.Text }

func violation(invariant, format string, args ...any) *Violation {
	return &Violation{Invariant: invariant, Text: fmt.Sprintf(format, args...)}
}
