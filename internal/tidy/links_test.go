package tidy

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// A link's target is in round brackets behind the text in square ones, or
// behind a label at the start of a line. Code is not looked at.
var (
	inlineLink = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?[^)]*\)`)
	labelLink  = regexp.MustCompile(`^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?`)
	codeSpan   = regexp.MustCompile("`[^`]*`")
	remoteLink = regexp.MustCompile(`^[a-z][a-z0-9+.\-]*:`)
)

// link is where a page points to, and on which line.
type link struct {
	line   int
	target string // without its #anchor; never empty
}

// localLinks lists the links of a page that stay in the module.
func localLinks(text string) (links []link) {
	line, fenced := 0, false
	for s := range strings.Lines(text) {
		line++
		if trimmed := strings.TrimSpace(s); strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~") {
			fenced = !fenced
			continue
		}
		if fenced {
			continue
		}
		s = codeSpan.ReplaceAllString(s, "")
		for _, m := range append(inlineLink.FindAllStringSubmatch(s, -1), labelLink.FindAllStringSubmatch(s, -1)...) {
			target, _, _ := strings.Cut(m[1], "#")
			if target != "" && !remoteLink.MatchString(target) {
				links = append(links, link{line, target})
			}
		}
	}
	return links
}

// linkRule looks at every page of the tree. Anchors are left to the reader.
var linkRule = rule{
	name: "links",
	check: func(t *tree) (found []finding) {
		for _, page := range t.pages {
			for _, l := range localLinks(page.text) {
				to := path.Join(path.Dir(page.path), l.target)
				_, err := fs.Stat(t.fsys, to)
				switch {
				case strings.HasPrefix(l.target, "/"), strings.HasPrefix(to, "../"):
					found = append(found, finding{page.path, l.line, fmt.Sprintf("the link %s leaves the module", l.target)})
				case err != nil:
					found = append(found, finding{page.path, l.line, fmt.Sprintf("the link %s leads nowhere", l.target)})
				}
			}
		}
		return found
	},
	examples: []example{
		{
			name: "broken",
			files: map[string]string{
				"README.md":          "# m\n\nSee [the design](docs/DESIGN.md#why) and [more](docs/a.md), ![x](x.png \"t\").\n",
				"docs/a.md":          "[up](../README.md) [out](../../secret.md) [root](/README.md)\n\n[label]: b.md\n",
				"docs/adr/0001-x.md": "[a](../a.md)\n[b](a.md)\n",
			},
			want: []string{
				"README.md:3: the link docs/DESIGN.md leads nowhere",
				"README.md:3: the link x.png leads nowhere",
				"docs/a.md:1: the link ../../secret.md leaves the module",
				"docs/a.md:1: the link /README.md leaves the module",
				"docs/a.md:3: the link b.md leads nowhere",
				"docs/adr/0001-x.md:2: the link a.md leads nowhere",
			},
		},
		{
			name: "sound",
			files: map[string]string{
				"README.md": "[docs](docs/) [a](docs/a.md#top) [web](https://example.org/a.md) [here](#m)\n" +
					"`[x](y.md)`\n```\n[x](y.md)\n```\n",
				"docs/a.md": "[up](../README.md)\n",
			},
		},
	},
}
