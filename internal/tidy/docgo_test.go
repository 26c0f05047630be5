package tidy

import (
	"path"
	"strings"
)

// docgoRule wants the story of a package where a reader looks for it first.
var docgoRule = rule{
	name: "docgo",
	check: func(t *tree) (found []finding) {
		docs, firsts := map[string]*gofile{}, map[string]*gofile{}
		var dirs []string
		for _, f := range t.gofiles {
			if firsts[f.dir] == nil {
				firsts[f.dir] = f
				dirs = append(dirs, f.dir)
			}
			if path.Base(f.path) == "doc.go" {
				docs[f.dir] = f
			}
		}
		for _, dir := range dirs {
			f := docs[dir]
			if f == nil {
				found = append(found, t.at(firsts[dir].ast.Package, "package %s has no doc.go", dir))
				continue
			}
			opening := "Package " + f.ast.Name.Name + " "
			if f.ast.Name.Name == "main" {
				opening = "Command " + path.Base(dir) + " "
			}
			if !strings.HasPrefix(f.ast.Doc.Text(), opening) {
				found = append(found, t.at(f.ast.Package, "the package comment is missing or does not begin with %q", opening))
			}
		}
		return found
	},
	examples: []example{
		{
			name: "missing",
			files: map[string]string{
				"codec/frame.go":   "// Package codec is told in the wrong place.\npackage codec\n",
				"codec/nse/doc.go": "package nse\n",
				"cmd/tezi/doc.go":  "// Package main is the binary.\npackage main\n",
				"engine/doc.go":    "// Package engine is cut off from its clause.\n\npackage engine\n",
			},
			want: []string{
				"codec/frame.go:2: package codec has no doc.go",
				"codec/nse/doc.go:1: the package comment is missing or does not begin with \"Package nse \"",
				"cmd/tezi/doc.go:2: the package comment is missing or does not begin with \"Command tezi \"",
				"engine/doc.go:3: the package comment is missing or does not begin with \"Package engine \"",
			},
		},
		{
			name: "present",
			files: map[string]string{
				"codec/doc.go":    "// Package codec turns bytes into values and back.\npackage codec\n",
				"codec/frame.go":  "package codec\n",
				"cmd/tezi/doc.go": "// Command tezi is the one binary.\npackage main\n",
			},
		},
	},
}
