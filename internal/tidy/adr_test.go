package tidy

import (
	"path"
	"regexp"
	"strings"
)

const adrIndex = "docs/adr/README.md"

var adrName = regexp.MustCompile(`^([0-9]{4})-[a-z0-9-]+\.md$`)

// adrRule keeps the decision records findable: numbered once, and in the index.
var adrRule = rule{
	name: "adr",
	check: func(t *tree) (found []finding) {
		listed := map[string]bool{}
		for _, page := range t.pages {
			if page.path == adrIndex {
				for _, l := range localLinks(page.text) {
					listed[path.Join(path.Dir(adrIndex), l.target)] = true
				}
			}
		}
		numbers := map[string]string{}
		for _, page := range t.pages {
			if path.Dir(page.path) != path.Dir(adrIndex) || page.path == adrIndex {
				continue
			}
			base := path.Base(page.path)
			m := adrName.FindStringSubmatch(base)
			if m == nil {
				found = append(found, finding{page.path, 1, "the name of a decision record is NNNN-title.md"})
				continue
			}
			if other := numbers[m[1]]; other != "" {
				found = append(found, finding{page.path, 1, "the number is taken by " + other})
			}
			numbers[m[1]] = base
			if !listed[page.path] {
				found = append(found, finding{page.path, 1, "not linked from " + adrIndex})
			}
			if !strings.HasPrefix(page.text, "# "+m[1]+" ") {
				found = append(found, finding{page.path, 1, "the title must begin with \"# " + m[1] + " \""})
			}
		}
		return found
	},
	examples: []example{
		{
			name: "lost",
			files: map[string]string{
				"docs/adr/README.md":     "- [0001](0001-cores.md)\n- `[0002](0002-clock.md)`\n",
				"docs/adr/0001-cores.md": "# 0001 Cores\n",
				"docs/adr/0001-disks.md": "# 0001 Disks\n",
				"docs/adr/0002-clock.md": "# Clock\n",
				"docs/adr/idea.md":       "# Idea\n",
			},
			want: []string{
				"docs/adr/0001-disks.md:1: the number is taken by 0001-cores.md",
				"docs/adr/0001-disks.md:1: not linked from docs/adr/README.md",
				"docs/adr/0002-clock.md:1: not linked from docs/adr/README.md",
				"docs/adr/0002-clock.md:1: the title must begin with \"# 0002 \"",
				"docs/adr/idea.md:1: the name of a decision record is NNNN-title.md",
			},
		},
		{
			name: "listed",
			files: map[string]string{
				"docs/adr/README.md":     "- [0001](0001-cores.md)\n",
				"docs/adr/0001-cores.md": "# 0001 Cores\n",
			},
		},
	},
}
