package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/host"
)

func main() {
	page := flag.String("page", "docs/BOOK.md", "`file` that has the tables")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: booktable [-page file] output-of-go-test")
		os.Exit(2)
	}
	if err := update(*page, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "booktable:", err)
		os.Exit(1)
	}
}

// update writes the figures in output into the page.
func update(page, output string) error {
	f, err := os.Open(output)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	results, err := bench.ReadGoTest(f)
	if err != nil {
		return fmt.Errorf("%s: %w", output, err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	updated, err := insert(string(text), tables(results, host.Detect()))
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(updated), 0o666)
}
