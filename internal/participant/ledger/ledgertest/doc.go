// Package ledgertest is the conformance test of a role, and what tests of roles are built from: a
// stream of batches, and random trades.
//
// A role ships with a call of Run, which drives it through random votes, drops and applications in
// every order that the commit protocol allows, and compares it with a twin that was only ever
// given what was decided in the end.
package ledgertest
