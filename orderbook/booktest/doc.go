// Package booktest tells whether something is an order book.
//
//	Run      conformance: the probes, the examples of every rule, the refusals, random flows; for any
//	         implementation
//	Naive    the reference: sorted slices, obviously right, slow
//	Twin     two books that get the same commands and must not differ in anything
//	Flow     bytes to commands, for seeded random flows and for fuzzing
//	Session  text to commands, for the probes, the examples and for scenario files
//
// The probes are numbered. Each number stands for a fault that was found in published matching
// engines; a book that passes has none of them. The examples are those of the exchange's documents, and
// one for each border of a rule.
package booktest
