package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"strings"
)

// A file is for one sitting, a function for one screen. A test may run longer:
// it tells a story from top to bottom, and its tables count as its lines.
const (
	fileLinesMax     = 500
	funcLinesMax     = 70
	testFuncLinesMax = 120
)

var lengthRule = rule{
	name: "length",
	check: func(t *tree) (found []finding) {
		for _, f := range t.gofiles {
			if n := bytes.Count(f.src, []byte("\n")); n > fileLinesMax {
				found = append(found, finding{f.path, fileLinesMax + 1, fmt.Sprintf("the file has %d lines, more than %d", n, fileLinesMax)})
			}
			found = append(found, longFuncs(t, f)...)
		}
		return found
	},
	examples: []example{
		{
			name: "file",
			files: map[string]string{
				"bench/long.go":      "package bench\n" + strings.Repeat("\n", 500),
				"bench/long_test.go": "package bench\n" + strings.Repeat("\n", 500),
			},
			want: []string{
				"bench/long.go:501: the file has 501 lines, more than 500",
				"bench/long_test.go:501: the file has 501 lines, more than 500",
			},
		},
		{
			name: "function",
			files: map[string]string{
				"bench/a.go":      "package bench\n\nfunc (s suite) run() {" + strings.Repeat("\n", 70) + "}\n",
				"bench/b.go":      "package bench\n\nvar run = func() {" + strings.Repeat("\n", 70) + "}\n",
				"bench/a_test.go": "package bench\n\nfunc TestRun() {" + strings.Repeat("\n", 120) + "}\n",
			},
			want: []string{
				"bench/a.go:3: run has 71 lines, more than 70",
				"bench/b.go:3: the function literal has 71 lines, more than 70",
				"bench/a_test.go:3: TestRun has 121 lines, more than 120",
			},
		},
		{
			name: "limit",
			files: map[string]string{
				"bench/a.go":      "package bench\n\n// run has a long comment.\n" + strings.Repeat("//\n", 80) + "func run() {" + strings.Repeat("\n", 69) + "}\n",
				"bench/a_test.go": "package bench\n\nfunc TestRun() {" + strings.Repeat("\n", 119) + "}\n",
				"bench/long.go":   "package bench\n" + strings.Repeat("\n", 499),
			},
		},
	},
}

// longFuncs measures functions from the keyword to the closing brace. A
// literal counts inside the function that holds it, and by itself outside one.
func longFuncs(t *tree, f *gofile) (found []finding) {
	most := funcLinesMax
	if f.test {
		most = testFuncLinesMax
	}
	measure := func(n ast.Node, name string) {
		first, last := t.fset.Position(n.Pos()).Line, t.fset.Position(n.End()).Line
		if n := last - first + 1; n > most {
			found = append(found, finding{f.path, first, fmt.Sprintf("%s has %d lines, more than %d", name, n, most)})
		}
	}
	for _, decl := range f.ast.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok {
			// Pos is the keyword's: the doc comment is a node of its own.
			measure(fn, fn.Name.Name)
			continue
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			lit, ok := n.(*ast.FuncLit)
			if ok {
				measure(lit, "the function literal")
			}
			return !ok
		})
	}
	return found
}
