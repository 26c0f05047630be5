package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/tezi-exchange/tezi/bench"
)

// source is a file of measurements.
type source struct {
	title, command string          // of what go test has printed: in lines "title: ..." and "command: ..." before it; else empty
	results        []*bench.Result // of go test
	record         *bench.Record   // of tezi bench; else nil
}

// readSource reads a record, if the name says so, or what go test has printed.
func readSource(path string) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := new(source)
	if filepath.Ext(path) == ".json" {
		s.record, err = bench.ReadRecord(strings.NewReader(string(text)))
		if err == nil {
			s.title, s.command = s.record.Title, s.record.Command
		}
		return s, err
	}
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(line, "title: "); ok {
			s.title = strings.TrimSpace(title)
		}
		if command, ok := strings.CutPrefix(line, "command: "); ok {
			s.command = strings.TrimSpace(command)
		}
	}
	s.results, err = bench.ReadGoTest(strings.NewReader(string(text)))
	return s, err
}
