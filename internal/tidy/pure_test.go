package tidy

import (
	"go/ast"
	"go/build/constraint"
	"slices"
	"strings"
)

// pureMark declares a file pure, above its package clause.
const pureMark = "//tezi:pure"

// purity is how strictly a file is held to determinism.
type purity uint8

const (
	free    purity = iota // may have effects
	waiting               // may use the scheduler, locks and timers, and nothing more: ringbuf
	pure                  // its results follow from its arguments alone
)

// purityOf says how a file is held. Tests and packages of test support are
// free: they seed generators, read scripts and start goroutines.
func purityOf(f *gofile) purity {
	switch {
	case f.test || testSupport(f.dir):
		return free
	case marked(f):
		return pure
	case within(f.dir, "batch3pc/driver"):
		return free // it runs the machines: its pure files say so themselves
	case within(f.dir, "orderbook"), within(f.dir, "batch3pc"), within(f.dir, "codec"):
		return pure
	case within(f.dir, "ringbuf"):
		return waiting
	}
	return free
}

// marked says whether the file carries pureMark where it counts.
func marked(f *gofile) bool {
	return hasComment(f, func(text string) bool { return text == pureMark })
}

// hasComment looks for a line comment above the package clause.
func hasComment(f *gofile, want func(text string) bool) bool {
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			if c.Pos() < f.ast.Package && want(c.Text) {
				return true
			}
		}
	}
	return false
}

// effects are imports that bring effects in; packages below them count too.
var effects = []string{"os", "net", "log", "math/rand", "crypto/rand", "syscall", "io/ioutil", "database/sql"}

// Names with effects in packages that are otherwise harmless. A time zone by
// name comes from a file of the machine, so it counts as an effect.
var (
	clock   = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Local", "LoadLocation"}
	console = []string{"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"}
)

// lifetime is what pure code may use of package runtime: it tells the collector
// how long memory lives, which no result depends on.
var lifetime = []string{"AddCleanup", "Cleanup", "KeepAlive"}

var pureRule = rule{
	name: "pure",
	check: func(t *tree) (found []finding) {
		ranges := newMapRanges(t)
		engine := map[bool]*gofile{}
		for _, f := range t.gofiles {
			found = append(found, misplacedMarks(t, f)...)
			how := purityOf(f)
			if how != free {
				found = append(found, impureImports(t, f, how)...)
				found = append(found, impureCode(t, f, how)...)
			}
			if how == pure {
				found = append(found, ranges.in(f)...)
			}
			if f.dir == "engine" && !f.test && !strings.HasSuffix(f.path, "/doc.go") {
				engine[how == pure] = f
			}
		}
		if engine[true] == nil && engine[false] != nil {
			found = append(found, t.at(engine[false].ast.Package, "no file of engine is marked %s: its core must be", pureMark))
		}
		return found
	},
	examples: pureExamples,
}

// misplacedMarks finds marks that would silently mean nothing.
func misplacedMarks(t *tree, f *gofile) (found []finding) {
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			spaced := strings.TrimSpace(c.Text[2:]) == pureMark[2:]
			if !spaced && !strings.HasPrefix(c.Text, "//tezi:") {
				continue
			}
			if c.Text != pureMark {
				found = append(found, t.at(c.Pos(), "unknown mark %q: write %s", c.Text, pureMark))
			} else if c.Pos() > f.ast.Package {
				found = append(found, t.at(c.Pos(), "the mark belongs above the package clause"))
			}
		}
	}
	return found
}

func impureImports(t *tree, f *gofile, how purity) (found []finding) {
	for _, spec := range f.ast.Imports {
		p := importPath(spec)
		banned := slices.ContainsFunc(effects, func(e string) bool { return within(p, e) }) || how == pure && within(p, "sync")
		if banned && !(p == "syscall" && mapsMemory(f)) {
			found = append(found, t.at(spec.Pos(), "pure code imports %s", p))
		}
		if spec.Name != nil && spec.Name.Name == "." {
			found = append(found, t.at(spec.Pos(), "pure code dot-imports %s, which hides what it calls", p))
		}
	}
	return found
}

// mapsMemory says whether the file may ask the system for memory: one of the
// order book's arena, kept to a system by its name or its build constraint.
func mapsMemory(f *gofile) bool {
	return f.dir == "orderbook" && (strings.HasSuffix(f.path, "_linux.go") || hasComment(f, constraint.IsGoBuild))
}

// impureCode finds goroutines, channels, the clock, the scheduler and the console.
func impureCode(t *tree, f *gofile, how purity) (found []finding) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = append(found, t.at(n.Pos(), "pure code starts a goroutine"))
		case *ast.ChanType:
			if how == pure {
				found = append(found, t.at(n.Pos(), "pure code has a channel"))
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "print" || id.Name == "println") {
				found = append(found, t.at(n.Pos(), "pure code calls %s", id.Name))
			}
		case *ast.SelectorExpr:
			if pkg, ok := packageOf(f, n.X); ok && impureName(pkg, n.Sel.Name, how) {
				found = append(found, t.at(n.Pos(), "pure code uses %s.%s", pkg, n.Sel.Name))
			}
		}
		return true
	})
	return found
}

func impureName(pkg, name string, how purity) bool {
	switch pkg {
	case "fmt":
		return slices.Contains(console, name)
	case "time":
		return how == pure && slices.Contains(clock, name)
	case "runtime":
		return how == pure && !slices.Contains(lifetime, name)
	}
	return false
}

// packageOf is the import path that an expression names, if it is a plain
// package name. A local variable of that name would be taken for the package;
// nobody should call one time or fmt.
func packageOf(f *gofile, x ast.Expr) (string, bool) {
	id, ok := x.(*ast.Ident)
	if !ok {
		return "", false
	}
	for _, spec := range f.ast.Imports {
		p := importPath(spec)
		name := p[strings.LastIndex(p, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == id.Name {
			return p, true
		}
	}
	return "", false
}
