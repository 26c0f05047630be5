// Command booktable turns the output of the benchmarks of bench/book into the tables of a Markdown page.
//
//	go test -run='^$' -bench=. ./bench/book > run/book.txt
//	go run ./tools/booktable -page docs/BOOK.md run/book.txt
//
// What lies between the two marks in the page is replaced, the rest stays: the machine, one table a benchmark
// and one row a case. A case that was run several times, with -count, shows the median of each figure. A
// benchmark that failed, or output that is not understood, leaves the page as it is.
//
// The machine is the one that booktable runs on: run it where the benchmarks ran.
package main
