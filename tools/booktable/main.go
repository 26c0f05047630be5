package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/tezi-exchange/tezi/internal/host"
)

func main() {
	page := flag.String("page", "docs/BOOK.md", "`file` that has the tables")
	charts := flag.String("charts", "", "`directory` for the charts of records, which the page then shows")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: booktable [-page file] [-charts dir] output-of-go-test|record.json...")
		os.Exit(2)
	}
	if err := update(*page, *charts, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "booktable:", err)
		os.Exit(1)
	}
}

// update writes the figures in the files into the page.
func update(page, charts string, files []string) error {
	var sources []*source
	for _, path := range files {
		s, err := readSource(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		sources = append(sources, s)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	w := pageWriter{page: page, charts: charts, host: host.Detect(), sources: sources}
	updated, err := w.fill(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(updated), 0o666)
}
