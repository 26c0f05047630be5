package tidy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tree is the module as the rules see it: read once, then only looked at.
type tree struct {
	fsys    fs.FS
	module  string // the module's own path, from go.mod
	fset    *token.FileSet
	gofiles []*gofile  // in order of path
	nested  []string   // directories of other modules, whose Go code is not held to the rules of this one
	scripts []textfile // Makefiles, shell scripts and assembly
	pages   []textfile // Markdown
}

// gofile is one Go source file, parsed whatever its build constraints are.
type gofile struct {
	path, dir string
	test      bool // its name ends in _test.go
	src       []byte
	ast       *ast.File
}

type textfile struct {
	path string
	text string
}

// load reads a module. It passes over what is not the project's own text: what
// make builds, test data, and dot directories other than the one for CI.
func load(fsys fs.FS) (*tree, error) {
	mod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, err
	}
	t := &tree{fsys: fsys, fset: token.NewFileSet()}
	for line := range strings.Lines(string(mod)) {
		if rest, ok := strings.CutPrefix(line, "module "); ok {
			t.module = strings.TrimSpace(rest)
		}
	}
	if t.module == "" {
		return nil, fmt.Errorf("go.mod: no module line")
	}
	err = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if passOver(p) {
				return fs.SkipDir
			}
			if _, err := fs.Stat(fsys, path.Join(p, "go.mod")); err == nil && p != "." {
				t.nested = append(t.nested, p)
			}
			return nil
		}
		return t.add(p)
	})
	return t, err
}

func passOver(dir string) bool {
	base := path.Base(dir)
	switch {
	case dir == "." || dir == ".ci":
		return false
	case dir == "bin" || dir == "run" || base == "testdata":
		return true
	}
	return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
}

func (t *tree) add(p string) error {
	ext := path.Ext(p)
	script := path.Base(p) == "Makefile" || path.Dir(p) == ".ci" || ext == ".sh" || ext == ".s"
	if ext != ".go" && ext != ".md" && !script {
		return nil
	}
	if ext == ".go" && slices.ContainsFunc(t.nested, func(dir string) bool { return within(p, dir) }) {
		return nil
	}
	src, err := fs.ReadFile(t.fsys, p)
	if err != nil {
		return err
	}
	switch {
	case script:
		t.scripts = append(t.scripts, textfile{p, string(src)})
	case ext == ".md":
		t.pages = append(t.pages, textfile{p, string(src)})
	default:
		f, err := parser.ParseFile(t.fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		test := strings.HasSuffix(p, "_test.go")
		t.gofiles = append(t.gofiles, &gofile{path: p, dir: path.Dir(p), test: test, src: src, ast: f})
	}
	return nil
}

// at makes a finding at a position of a Go file.
func (t *tree) at(pos token.Pos, format string, args ...any) finding {
	p := t.fset.Position(pos)
	return finding{p.Filename, p.Line, fmt.Sprintf(format, args...)}
}

// importPath is the path of an import without its quotes.
func importPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, "`\"") }

// within says whether p is dir or lies below it; both are slash paths.
func within(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, dir+"/")
}

// standard says whether an import path is the standard library's: its first
// element has no dot, and it is not this module's.
func (t *tree) standard(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !strings.Contains(first, ".") && !within(p, t.module)
}

// testSupport says whether a package exists for tests only, like
// orderbook/booktest: by the convention of the standard library, its name ends
// in "test". The one that finds recorded data is named for what it finds.
func testSupport(dir string) bool {
	return strings.HasSuffix(path.Base(dir), "test")
}

// TestLoad pins what the rules get to see, and what they are spared.
func TestLoad(t *testing.T) {
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module example.org/m\n")}}
	for _, p := range []string{
		"a/a.go", "a/a_test.go", "a/testdata/bad.go", "internal/datatest/data.go", "bin/b.go", "run/day/r.go",
		".git/g.go", "_old/o.go", "tools/run/r.go", "peers/p.go", "peers/deep/d.go",
	} {
		fsys[p] = &fstest.MapFile{Data: []byte("package p\n")}
	}
	fsys["peers/go.mod"] = &fstest.MapFile{Data: []byte("module example.org/m/peers\n")}
	for _, p := range []string{"Makefile", ".ci/run", "a/copy.s", "README.md", "a/data.csv"} {
		fsys[p] = &fstest.MapFile{Data: []byte("text\n")}
	}
	tr, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range tr.gofiles {
		got = append(got, f.path)
	}
	for _, f := range append(tr.scripts, tr.pages...) {
		got = append(got, f.path)
	}
	want := "a/a.go a/a_test.go internal/datatest/data.go tools/run/r.go .ci/run Makefile a/copy.s README.md"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("loaded %s\nwant   %s", s, want)
	}
}
