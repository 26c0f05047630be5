package bench

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// WriteFiles writes the record into dir, which is created if need be, in every form:
//
//	NAME.txt          the table
//	NAME.json         everything, to be read again by ReadRecord
//	NAME.bench        as go test prints benchmarks, for benchstat
//	NAME-CASE.hgrm    each distribution, for the plotters of HdrHistogram
//	NAME-CHART.svg    the charts that the results give
func (r *Record) WriteFiles(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("bench: directory for results: %w", err)
	}
	write := func(suffix string, write func(io.Writer) error) error {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return fmt.Errorf("bench: %s%s: %w", r.Name, suffix, err)
		}
		return os.WriteFile(filepath.Join(dir, r.Name+suffix), b.Bytes(), 0o644)
	}
	for _, form := range []struct {
		suffix string
		write  func(io.Writer) error
	}{{".txt", r.WriteTable}, {".json", r.WriteJSON}, {".bench", r.WriteGoTest}} {
		if err := write(form.suffix, form.write); err != nil {
			return err
		}
	}
	for _, res := range r.Results {
		for _, d := range res.Latencies {
			suffix := "-" + fileName(strings.TrimSpace(r.Label(res)+" "+d.Name)) + ".hgrm"
			if err := write(suffix, func(w io.Writer) error { return writeHGRM(w, d.Histogram.Histogram) }); err != nil {
				return err
			}
		}
	}
	for _, c := range r.Charts() {
		if err := write("-"+fileName(c.Name)+".svg", c.WriteSVG); err != nil {
			return err
		}
	}
	return nil
}

// fileName makes of a label a name that every file system takes.
func fileName(label string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.ContainsRune("=.-", c):
			return c
		}
		return '-'
	}, label)
}
