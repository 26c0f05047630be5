package tidy

import (
	"bytes"
	"fmt"
	"go/format"
)

var gofmtRule = rule{
	name: "gofmt",
	check: func(t *tree) (found []finding) {
		for _, f := range t.gofiles {
			want, err := format.Source(f.src)
			if err != nil {
				found = append(found, finding{f.path, 1, err.Error()})
			} else if line := firstDifference(f.src, want); line > 0 {
				found = append(found, finding{f.path, line, fmt.Sprintf("not formatted: run gofmt -w %s", f.path)})
			}
		}
		return found
	},
	examples: []example{
		{
			name: "unformatted",
			files: map[string]string{
				"bench/a.go": "package bench\n\nvar a  = 1\n",
				"bench/b.go": "package bench\n\nvar b = 1\n\n\n",
			},
			want: []string{
				"bench/a.go:3: not formatted: run gofmt -w bench/a.go",
				"bench/b.go:4: not formatted: run gofmt -w bench/b.go",
			},
		},
		{
			name:  "formatted",
			files: map[string]string{"bench/a.go": "package bench\n\nvar a = 1\n"},
		},
	},
}

// firstDifference is the number of the first line that differs, 0 for none.
func firstDifference(a, b []byte) int {
	if bytes.Equal(a, b) {
		return 0
	}
	linesA, linesB := bytes.SplitAfter(a, []byte("\n")), bytes.SplitAfter(b, []byte("\n"))
	for i := range min(len(linesA), len(linesB)) {
		if !bytes.Equal(linesA[i], linesB[i]) {
			return i + 1
		}
	}
	return min(len(linesA), len(linesB)) + 1
}
