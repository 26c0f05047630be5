package tidy

import (
	"fmt"
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// A page names a test in a code span, alone: TestX, FuzzX, with an ellipsis the first of several, and a script of
// TestScripts behind a slash, or by its file.
var (
	testSpan   = regexp.MustCompile("`((?:Test|Fuzz)[A-Z0-9]\\w*)(…?)(?:/([\\w-]+))?`")
	scriptSpan = regexp.MustCompile("`([a-z0-9_]+)\\.txt`")
)

// testRule looks at pages: the tests that they name are there, and no cell of the page of faults is empty.
var testRule = rule{
	name: "tests",
	check: func(t *tree) (found []finding) {
		funcs, scripts := t.tests()
		for _, page := range t.pages {
			line := 0
			for s := range strings.Lines(page.text) {
				line++
				for _, m := range testSpan.FindAllStringSubmatch(s, -1) {
					switch {
					case !named(funcs, m[1], m[2] != ""):
						found = append(found, finding{page.path, line, fmt.Sprintf("there is no test %s", m[1])})
					case m[3] != "" && !scripts[m[3]]:
						found = append(found, finding{page.path, line, fmt.Sprintf("%s has no script %s", m[1], m[3])})
					}
				}
				for _, m := range scriptSpan.FindAllStringSubmatch(s, -1) {
					if path.Base(page.path) == "FAULTS.md" && !scripts[m[1]] {
						found = append(found, finding{page.path, line, fmt.Sprintf("there is no script %s", m[1])})
					}
				}
				if path.Base(page.path) == "FAULTS.md" && emptyCell(s) {
					found = append(found, finding{page.path, line, "a cell is empty: name the test, or the reason why there is none"})
				}
			}
		}
		return found
	},
	examples: []example{
		{
			name: "named",
			files: map[string]string{
				"a/a_test.go":                 "package a\n\nfunc TestOne() {}\nfunc FuzzTwo() {}\nfunc TestThree() {}\nfunc helperOf() {}\n",
				"a/testdata/script/go.txtar":  "",
				"a/testdata/lost_message.txt": "",
				"docs/a.md":                   "`TestOne` `FuzzTwo` `TestThree…` `TestOne/go` and `TestX's` are all right\n",
				"docs/FAULTS.md":              "| a | b |\n| --- | --- |\n| `TestOne` | none: why not |\n`lost_message.txt`\n",
			},
		},
		{
			name: "gone",
			files: map[string]string{
				"a/a.go":         "package a\n\nfunc TestNot() {}\n",
				"a/a_test.go":    "package a\n\nfunc TestOne() {}\n",
				"docs/a.md":      "`TestOne`\n`TestNot` `FuzzTwo`\n`TestTwo…` `TestOne/stopped`\n",
				"docs/FAULTS.md": "| a | b |\n| `TestOne` |  |\n`gone.txt`\n",
			},
			want: []string{
				"docs/a.md:2: there is no test TestNot",
				"docs/a.md:2: there is no test FuzzTwo",
				"docs/a.md:3: there is no test TestTwo",
				"docs/a.md:3: TestOne has no script stopped",
				"docs/FAULTS.md:2: a cell is empty: name the test, or the reason why there is none",
				"docs/FAULTS.md:3: there is no script gone",
			},
		},
	},
}

// tests are the names of all test functions, and those of all scripts that lie beside them.
func (t *tree) tests() (funcs, scripts map[string]bool) {
	funcs, scripts = map[string]bool{}, map[string]bool{}
	dirs := map[string]bool{}
	for _, f := range t.gofiles {
		if !f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				funcs[fn.Name.Name] = true
			}
		}
		dirs[f.dir] = true
	}
	for dir := range dirs {
		for _, pattern := range []string{"testdata/script/*.txtar", "testdata/*.txt"} {
			files, _ := fs.Glob(t.fsys, path.Join(dir, pattern)) // the pattern is not malformed
			for _, f := range files {
				scripts[strings.TrimSuffix(path.Base(f), path.Ext(f))] = true
			}
		}
	}
	return funcs, scripts
}

// named reports whether there is a test of the name or, if it is the beginning of one, any that begins so.
func named(funcs map[string]bool, name string, begins bool) bool {
	if !begins {
		return funcs[name]
	}
	for f := range funcs {
		if strings.HasPrefix(f, name) {
			return true
		}
	}
	return false
}

// emptyCell reports whether a row of a table has nothing in one of its cells.
func emptyCell(line string) bool {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") || !strings.HasSuffix(line, "|") {
		return false
	}
	for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
		if strings.TrimSpace(cell) == "" {
			return true
		}
	}
	return false
}
