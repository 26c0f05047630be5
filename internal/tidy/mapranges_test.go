package tidy

import (
	"go/ast"
	"go/types"
	"path"
	"slices"
	"strings"
)

// mapRanges finds loops in the random order of a map. It needs types, so it
// checks the module's packages by itself. Imports from outside the module stay
// empty: what comes from them has no type, the errors are passed over, and a
// map of such a type is the one thing that is not found.
type mapRanges struct {
	t    *tree
	pkgs map[string]*types.Package // by directory; nil while being checked
	info types.Info
}

func newMapRanges(t *tree) *mapRanges {
	return &mapRanges{
		t:    t,
		pkgs: map[string]*types.Package{},
		info: types.Info{Types: map[ast.Expr]types.TypeAndValue{}},
	}
}

// in reports the loops of one file.
func (m *mapRanges) in(f *gofile) (found []finding) {
	m.check(f.dir)
	ordered := map[ast.Expr]bool{}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.RangeStmt:
			if tv, ok := m.info.Types[n.X]; ok && tv.Type != nil {
				if _, is := tv.Type.Underlying().(*types.Map); is {
					found = append(found, m.t.at(n.Pos(), "pure code ranges over a map, whose order is random"))
				}
			}
		case *ast.CallExpr:
			pkg, name := callee(f, n)
			if pkg == "slices" && strings.HasPrefix(name, "Sorted") {
				for _, arg := range n.Args {
					ordered[arg] = true
				}
			}
			if pkg == "maps" && slices.Contains([]string{"Keys", "Values", "All"}, name) && !ordered[n] {
				found = append(found, m.t.at(n.Pos(), "pure code takes maps.%s in random order: wrap it in slices.Sorted", name))
			}
		}
		return true
	})
	return found
}

func callee(f *gofile, call *ast.CallExpr) (pkg, name string) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	pkg, _ = packageOf(f, sel.X)
	return pkg, sel.Sel.Name
}

// check types the non-test files of a package, once.
func (m *mapRanges) check(dir string) *types.Package {
	if p, done := m.pkgs[dir]; done {
		return p
	}
	m.pkgs[dir] = nil
	var files []*ast.File
	for _, f := range m.t.gofiles {
		if f.dir == dir && !f.test {
			files = append(files, f.ast)
		}
	}
	conf := types.Config{Importer: m, Error: func(error) {}, FakeImportC: true}
	p, _ := conf.Check(path.Join(m.t.module, dir), m.t.fset, files, &m.info)
	m.pkgs[dir] = p
	return p
}

// Import implements types.Importer.
func (m *mapRanges) Import(p string) (*types.Package, error) {
	if within(p, m.t.module) {
		dir := strings.TrimPrefix(strings.TrimPrefix(p, m.t.module), "/")
		if pkg := m.check(dir); pkg != nil {
			return pkg, nil
		}
	}
	pkg := types.NewPackage(p, path.Base(p))
	pkg.MarkComplete()
	return pkg, nil
}

var _ types.Importer = (*mapRanges)(nil)
