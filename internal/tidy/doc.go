// Package tidy is the test that keeps the house in order. It holds no code for the product: its
// rules and their self-tests live in the test files, and `go test ./internal/tidy/` walks the whole
// module and reports each breach as file:line: message. docs/STYLE.md has a table of the rules.
//
// The layers, from the bottom; an import may only point down:
//
//	.  internal/datatest (for tests only)  internal/mutant  internal/prefetch
//	0  ringbuf  orderbook  batch3pc
//	1  codec  internal/journal  internal/check
//	2  engine  internal/transport
//	3  batch3pc/driver  internal/rounds  internal/participant  internal/capture  internal/host  internal/proxy
//	4  internal/rundir  internal/inspect  internal/verify  internal/sim  internal/box  internal/demo  bench
//	5  cmd  tools  internal/tidy
//
// Source is parsed inside the test process, never listed by a subprocess, for
// two reasons. The test cache knows the files that a test opens, but not those
// that its children open, so a cached pass would outlive a breach. And a parser
// sees the files of every build tag and system, the go command those of one.
//
// To add a rule, write it in a file of its own together with examples: small
// file trees with the exact findings that they must give. A rule that is never
// seen to fail is refused by TestExamples.
package tidy
