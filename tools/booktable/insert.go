package main

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/internal/host"
)

// The marks between which a page has its tables. The first one names the sources that are shown there.
var beginMark = regexp.MustCompile(`^<!-- booktable( [^>]*)? -->\n$`)

const endMark = "<!-- /booktable -->\n"

// machineWord stands for the machine, among the names of a mark.
const machineWord = "machine"

// pageWriter fills the marks of a page with sources.
type pageWriter struct {
	page, charts string
	host         host.Machine
	sources      []*source
}

// fill returns the page with new text between its marks. Every source must have one place in it.
func (w *pageWriter) fill(page string) (string, error) {
	var out strings.Builder
	shown := map[*source]bool{}
	inside := false
	rest := w.unnamed(page)
	for line := range strings.Lines(page) {
		switch mark := beginMark.FindStringSubmatch(line); {
		case inside && mark != nil:
			return "", fmt.Errorf("%s: want %s before it", strings.TrimSpace(line), strings.TrimSpace(endMark))
		case mark != nil:
			inside = true
			text, err := w.between(strings.Fields(mark[1]), rest, shown)
			if err != nil {
				return "", fmt.Errorf("%s: %w", strings.TrimSpace(line), err)
			}
			out.WriteString(line + text)
		case line == endMark:
			if !inside {
				return "", fmt.Errorf("%s without a mark before it", strings.TrimSpace(endMark))
			}
			inside = false
			out.WriteString(line)
		case !inside:
			out.WriteString(line)
		}
	}
	if inside {
		return "", fmt.Errorf("the page has no line %s", strings.TrimSpace(endMark))
	}
	for _, s := range w.sources {
		if !shown[s] {
			return "", fmt.Errorf("the page has no line <!-- booktable --> for %s", s.path)
		}
	}
	return out.String(), nil
}

// unnamed lists the sources that no mark names: a mark without names shows them.
func (w *pageWriter) unnamed(page string) (rest []*source) {
	named := map[*source]bool{}
	for line := range strings.Lines(page) {
		if mark := beginMark.FindStringSubmatch(line); mark != nil {
			for _, name := range strings.Fields(mark[1]) {
				if s := w.find(name); s != nil {
					named[s] = true
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(w.sources), func(s *source) bool { return named[s] })
}

// find returns the source whose path ends with a name, or nil.
func (w *pageWriter) find(name string) *source {
	i := slices.IndexFunc(w.sources, func(s *source) bool { return path.Clean(s.path) == name || strings.HasSuffix(s.path, "/"+name) })
	if i < 0 {
		return nil
	}
	return w.sources[i]
}

// between makes the text of a mark: of the sources that it names, or of the rest under their titles.
func (w *pageWriter) between(names []string, rest []*source, shown map[*source]bool) (string, error) {
	b := builder{page: w.page, charts: w.charts}
	if len(names) == 0 {
		b.machine(w.host, w.sources)
		for _, s := range rest {
			if s.title != "" {
				fmt.Fprintf(&b, "\n## %s\n", s.title)
			}
			if err := b.section(s); err != nil {
				return "", err
			}
			shown[s] = true
		}
	}
	for _, name := range names {
		if name == machineWord {
			b.machine(w.host, w.sources)
			continue
		}
		s := w.find(name)
		if s == nil {
			return "", fmt.Errorf("%s is not among the files", name)
		}
		if err := b.section(s); err != nil {
			return "", err
		}
		shown[s] = true
	}
	b.WriteString("\n")
	return b.String(), nil
}
