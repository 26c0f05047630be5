package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/tezi-exchange/tezi/bench"
)

// source is a file of measurements.
type source struct {
	path, name     string          // of the file; the name is the base of the path without its extension
	title, command string          // of what go test has printed: in lines "title: ..." and "command: ..." before it; else empty
	build          string          // what was measured, likewise: "build: ..."
	results        []*bench.Result // of go test
	record         *bench.Record   // of tezi bench; else nil
}

// readSource reads a record, if the name says so, or what go test has printed.
func readSource(path string) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &source{path: filepath.ToSlash(path), name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))}
	if filepath.Ext(path) == ".json" {
		s.record, err = bench.ReadRecord(strings.NewReader(string(text)))
		if err == nil {
			s.title, s.command, s.build = s.record.Title, s.record.Command, s.record.Build
		}
		return s, err
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ": ")
		switch value = strings.TrimSpace(value); key {
		case "title":
			s.title = value
		case "command":
			s.command = value
		case "build":
			s.build = value
		}
	}
	s.results, err = bench.ReadGoTest(strings.NewReader(string(text)))
	return s, err
}
