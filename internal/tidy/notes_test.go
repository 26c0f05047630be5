package tidy

import (
	"fmt"
	"regexp"
	"strings"
)

// The words stand in the expression alone: in a comment they would find themselves.
var noteToSelf = regexp.MustCompile(`\b(TODO|FIXME|XXX)\b`)

// noteRule looks in comments only: a symbol in a test may be named like a note.
var noteRule = rule{
	name: "notes",
	check: func(t *tree) (found []finding) {
		for _, f := range t.gofiles {
			for _, group := range f.ast.Comments {
				for _, c := range group.List {
					from := t.fset.Position(c.Pos()).Line
					found = append(found, notesIn(f.path, from, c.Text)...)
				}
			}
		}
		for _, f := range t.scripts {
			found = append(found, notesIn(f.path, 1, f.text)...)
		}
		return found
	},
	examples: []example{
		{
			name: "notes",
			files: map[string]string{
				"bench/a.go": "package bench\n\n/* A comment of\nmany lines, TODO: less.\n*/\nvar a = 1 // FIXME\n",
				"Makefile":   "all:\n\ttrue # XXX\n",
			},
			want: []string{
				"bench/a.go:4: TODO: finish it, or open an issue",
				"bench/a.go:6: FIXME: finish it, or open an issue",
				"Makefile:2: XXX: finish it, or open an issue",
			},
		},
		{
			name: "words",
			files: map[string]string{
				"bench/a.go": "package bench\n\n// Todo lists, XXXL and MDXXX are words.\nvar symbol = \"XXX\"\n",
			},
		},
	},
}

func notesIn(path string, line int, text string) (found []finding) {
	for s := range strings.Lines(text) {
		if word := noteToSelf.FindString(s); word != "" {
			found = append(found, finding{path, line, fmt.Sprintf("%s: finish it, or open an issue", word)})
		}
		line++
	}
	return found
}
