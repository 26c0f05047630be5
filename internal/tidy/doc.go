// Package tidy is the test that keeps the house in order. It holds no code for
// the product: its rules and their self-tests live in the test files, and
// `go test ./internal/tidy/` walks the whole module and reports each breach as
// file:line: message.
//
//	rule      what it holds to
//	layers    imports point down the layers; neighbours below layer 3 do not meet;
//	          what is for tests stays with tests; no cgo but in tools/referee
//	modules   a third-party module is imported only where its decision record allows
//	pure      the deterministic core reads no clock, chance, file, socket or map order
//	length    a file has at most 500 lines, a function 70 (in tests 120)
//	docgo     every package tells its story in doc.go
//	notes     no notes to self: unfinished work belongs into an issue
//	paths     no path of somebody's machine in code, Makefile or scripts
//	adr       every decision record is named NNNN-title.md and listed in the index
//	links     every relative link in a Markdown page leads to a file
//	gofmt     every Go file is formatted
//	api       what a library exports can be named outside the module, and is explained
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
// All non-test files of orderbook, batch3pc (but for its driver) and codec are pure. In other
// packages a file declares itself pure with the line
//
//	//tezi:pure
//
// above its package clause; the engine has such files beside those of its
// thread runtime. ringbuf is held to a lesser rule, because a consumer that
// waits has to use the scheduler and a timer.
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
