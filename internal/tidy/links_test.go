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
	line           int
	target, anchor string // "PAGE.md#anchor"; one of the two may be empty
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
			if target, anchor, _ := strings.Cut(m[1], "#"); !remoteLink.MatchString(m[1]) {
				links = append(links, link{line, target, anchor})
			}
		}
	}
	return links
}

// heading begins a section; what is not in an anchor is left out of its text.
var (
	heading     = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*\s*$`)
	headingLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N}\p{M}_\- ]`)
)

// anchors are those that GitHub gives to the headings of a page: in lower case, without punctuation, a dash for a
// blank, and a number behind the second of the same text.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	fenced := false
	for s := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(s); strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~") {
			fenced = !fenced
		}
		m := heading.FindStringSubmatch(strings.TrimRight(s, "\n"))
		if fenced || m == nil {
			continue
		}
		name := notInAnchor.ReplaceAllString(headingLink.ReplaceAllString(strings.ToLower(m[1]), "$1"), "")
		name = strings.ReplaceAll(name, " ", "-")
		one := name
		for n := 1; all[one]; n++ {
			one = fmt.Sprintf("%s-%d", name, n)
		}
		all[one] = true
	}
	return all
}

// linkRule looks at every page of the tree: links lead to files that are there, and anchors to headings of pages.
var linkRule = rule{
	name: "links",
	check: func(t *tree) (found []finding) {
		headings := map[string]map[string]bool{}
		for _, page := range t.pages {
			headings[page.path] = anchors(page.text)
		}
		for _, page := range t.pages {
			for _, l := range localLinks(page.text) {
				if l.target == "" {
					l.target = path.Base(page.path)
				}
				to := path.Join(path.Dir(page.path), l.target)
				_, err := fs.Stat(t.fsys, to)
				switch {
				case strings.HasPrefix(l.target, "/"), strings.HasPrefix(to, "../"):
					found = append(found, finding{page.path, l.line, fmt.Sprintf("the link %s leaves the module", l.target)})
				case err != nil:
					found = append(found, finding{page.path, l.line, fmt.Sprintf("the link %s leads nowhere", l.target)})
				case l.anchor != "" && headings[to] != nil && !headings[to][l.anchor]:
					found = append(found, finding{page.path, l.line, fmt.Sprintf("no heading of %s is #%s", l.target, l.anchor)})
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
			name: "anchors",
			files: map[string]string{
				"README.md": "# m\n\n[a](#m) [b](#n) [c](a.md#the-way-of-a-batch) [d](a.md#the-way)\n[e](a.md#hidden)\n",
				"a.md":      "## The way, of a `batch`!\n\n```\n# hidden\n```\n",
			},
			want: []string{
				"README.md:3: no heading of README.md is #n",
				"README.md:3: no heading of a.md is #the-way",
				"README.md:4: no heading of a.md is #hidden",
			},
		},
		{
			name: "sound",
			files: map[string]string{
				"README.md": "# m\n[docs](docs/) [a](docs/a.md#top) [twice](docs/a.md#top-1) [web](https://example.org/a.md#x) [here](#m)\n" +
					"`[x](y.md)`\n```\n[x](y.md)\n```\n[code](x.go#L3)\n",
				"docs/a.md": "[up](../README.md)\n\n# Top\n\n## [Top](a.md)\n",
				"x.go":      "package x\n",
			},
		},
	},
}
