package tidy

import (
	"fmt"
	"regexp"
	"strings"
)

// machinePath matches a path that exists on somebody's machine only. It must
// not begin inside a longer path: bench/work/ is fine.
var machinePath = regexp.MustCompile(`(?:^|[^A-Za-z0-9_.\-/])(/(?:work|tmp|root|home|Users)/)`)

// pathRule spares tests and pages, which show paths as examples.
var pathRule = rule{
	name: "paths",
	check: func(t *tree) (found []finding) {
		for _, f := range t.gofiles {
			if !f.test {
				found = append(found, pathsIn(f.path, string(f.src))...)
			}
		}
		for _, f := range t.scripts {
			found = append(found, pathsIn(f.path, f.text)...)
		}
		return found
	},
	examples: []example{
		{
			name: "paths",
			files: map[string]string{
				"bench/a.go": "package bench\n\n// Reads /home/me/day.gz.\nvar dir = \"/tmp/run\"\n",
				".ci/run":    "cd /work/main\n",
			},
			want: []string{
				"bench/a.go:3: the path below /home/ is of one machine",
				"bench/a.go:4: the path below /tmp/ is of one machine",
				".ci/run:1: the path below /work/ is of one machine",
			},
		},
		{
			name: "relative",
			files: map[string]string{
				"bench/a.go":      "package bench\n\n// See bench/work/a, ./tmp/b and the homework/c.\nvar dir = \"/dev/shm\"\n",
				"bench/a_test.go": "package bench\n\nvar dir = \"/tmp/run\"\n",
			},
		},
	},
}

func pathsIn(path, text string) (found []finding) {
	line := 0
	for s := range strings.Lines(text) {
		line++
		if m := machinePath.FindStringSubmatch(s); m != nil {
			found = append(found, finding{path, line, fmt.Sprintf("the path below %s is of one machine", m[1])})
		}
	}
	return found
}
