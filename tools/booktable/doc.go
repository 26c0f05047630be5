// Command booktable turns what benchmarks have measured into the tables of a Markdown page.
//
//	go test -run='^$' -bench=. ./bench/book > run/book.txt
//	go run ./tools/booktable -page docs/BOOK.md run/book.txt
//	go run ./tools/booktable -page docs/BENCHMARKS.md -charts docs/bench run/bench/system.json run/bench/book.txt
//
// What lies between two marks in the page is replaced, the rest stays: one table a benchmark and one row a case,
// under the command that prints it. The marks are lines of their own:
//
//	<!-- booktable -->                        the machine, the build, and every file that no other mark names, under its title
//	<!-- booktable machine -->                the machine and the build
//	<!-- booktable window/commit.json -->     the files whose paths end like this
//	<!-- /booktable -->                       the end of each
//
// A file that no mark shows is an error, and so is a mark without its file: a page has either all its figures from one
// run of its make target, or the old ones. A case that go test ran several times, with -count, shows the median of each
// figure. A record of tezi bench, in JSON, has its charts written as SVG and shown too. A benchmark that failed, or
// output that is not understood, leaves the page as it is.
//
// The machine is the one that booktable runs on: run it where the benchmarks ran.
package main
