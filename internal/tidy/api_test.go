package tidy

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
)

// libraries are the packages, with all below them, that are made for other programs.
var libraries = []string{"batch3pc", "codec", "orderbook", "ringbuf"}

// apiRule holds libraries to what others can use: whatever type an exported declaration speaks of can be named and
// read about from outside the module, and what is exported says what it is.
var apiRule = rule{
	name: "api",
	check: func(t *tree) (found []finding) {
		s := newSource(t)
		for _, dir := range s.dirs() {
			if !slices.ContainsFunc(libraries, func(l string) bool { return within(dir, l) }) {
				continue
			}
			pkg, err := s.Import(path.Join(t.module, dir))
			if err != nil {
				found = append(found, finding{dir, 1, err.Error()})
				continue
			}
			a := api{tree: t, pkg: pkg}
			a.walk()
			found = append(found, a.found...)
			for _, f := range s.files[dir] {
				found = append(found, undocumented(t, f)...)
			}
		}
		return found
	},
	examples: []example{
		{
			name: "internal",
			files: map[string]string{
				"internal/log/log.go": "package log\n\ntype Hole struct{}\n\ntype FS interface{ Open() }\n\nvar Real FS\n\nvar Err = error(nil)\n",
				"ringbuf/bell.go":     "package ringbuf\n\n// Bell rings.\ntype Bell struct{}\n",
				"codec/a.go": "package codec\n\nimport (\n\t\"example.org/m/internal/log\"\n\t\"example.org/m/ringbuf\"\n)\n\n" +
					"// Err is fine: an error is an error.\nvar Err = log.Err\n\n// Disk is inferred.\nvar Disk = log.Real\n\n" +
					"// Hole is another name.\ntype Hole = log.Hole\n\n// Holes returns them.\nfunc Holes(b *ringbuf.Bell) (m map[string][]*log.Hole) { return nil }\n\n" +
					"// File is a file.\ntype File struct {\n\tOn log.FS\n\toff log.FS\n\tlog.Hole\n}\n\n" +
					"// Read reads.\nfunc (f File) Read(func(log.Hole)) {}\n\nfunc (f File) read(log.Hole) {}\n\n" +
					"// Opener opens.\ntype Opener interface {\n\tlog.FS\n\tEach(chan<- log.Hole)\n}\n",
			},
			want: []string{
				"codec/a.go:12: Disk: internal/log.FS cannot be named outside the module",
				"codec/a.go:15: Hole: internal/log.Hole cannot be named outside the module",
				"codec/a.go:18: Holes: internal/log.Hole cannot be named outside the module",
				"codec/a.go:22: File.On: internal/log.FS cannot be named outside the module",
				"codec/a.go:24: File.Hole: internal/log.Hole cannot be named outside the module",
				"codec/a.go:28: File.Read: internal/log.Hole cannot be named outside the module",
				"codec/a.go:33: Opener: internal/log.FS cannot be named outside the module",
				"codec/a.go:35: Opener.Each: internal/log.Hole cannot be named outside the module",
			},
		},
		{
			name: "unexported",
			files: map[string]string{
				"orderbook/a.go": "package orderbook\n\ntype side int\n\ntype quiet struct{ n int }\n\nfunc (quiet) hush() {}\n\n" +
					"type loud struct{ quiet }\n\nfunc (loud) Shout() {}\n\n" +
					"// Buy buys.\nconst Buy side = 1\n\n// Level is one.\ntype Level[T any] struct {\n\tquiet\n\tValue T\n}\n\n" +
					"// Book is one.\ntype Book struct{ *loud }\n\n// Best is one.\nfunc (b *Book) Best() *Level[side] { return nil }\n",
			},
			want: []string{
				"orderbook/a.go:14: Buy: side is not exported",
				"orderbook/a.go:23: Book.loud: loud is not exported, but its Shout is",
				"orderbook/a.go:26: Book.Best: side is not exported",
			},
		},
		{
			name: "silent",
			files: map[string]string{
				"batch3pc/a.go": "package batch3pc\n\ntype A struct{}\n\nfunc (A) B() {}\n\nfunc (a) C() {}\n\ntype a struct{}\n\nfunc D() {}\n\n" +
					"const (\n\tE = 1 // one\n\tF = 2\n)\n\n// G and H are two.\nvar (\n\tG = 1\n\tH = 2\n)\n",
				"batch3pc/a_test.go":    "package batch3pc\n\nfunc Helper() {}\n",
				"internal/box/box.go":   "package box\n\nfunc Free() {}\n",
				"batch3pc/a_windows.go": "package batch3pc\n\nfunc D() {}\n",
			},
			want: []string{
				"batch3pc/a.go:3: A has no comment", "batch3pc/a.go:5: B has no comment", "batch3pc/a.go:11: D has no comment", "batch3pc/a.go:15: F has no comment",
			},
		},
		{
			name: "usable",
			files: map[string]string{
				"codec/a.go": "package codec\n\nimport \"io\"\n\n// A is one.\ntype A interface{ io.Reader }\n\n// B is another.\ntype B struct{ io.Reader }\n",
			},
		},
	},
}

// api walks what a package exports, and notes what nobody outside can use.
type api struct {
	tree  *tree
	pkg   *types.Package
	found []finding
}

func (a *api) note(pos token.Pos, format string, args ...any) {
	if f := a.tree.at(pos, format, args...); !slices.Contains(a.found, f) {
		a.found = append(a.found, f)
	}
}

func (a *api) walk() {
	scope := a.pkg.Scope()
	for _, name := range scope.Names() {
		if object := scope.Lookup(name); object.Exported() {
			a.object(object)
		}
	}
}

func (a *api) object(object types.Object) {
	name, isType := object.(*types.TypeName)
	if !isType {
		a.typ(object, object.Name(), object.Type())
		return
	}
	if alias, ok := name.Type().(*types.Alias); ok {
		a.typ(object, object.Name(), alias.Rhs())
		return
	}
	named, ok := name.Type().(*types.Named)
	if !ok {
		return
	}
	switch under := named.Underlying().(type) {
	case *types.Struct:
		a.fields(object.Name(), under)
	case *types.Interface:
		a.methods(object, under)
	default:
		a.typ(object, object.Name(), under)
	}
	for m := range named.Methods() {
		if m.Exported() {
			a.typ(m, object.Name()+"."+m.Name(), m.Type())
		}
	}
}

// fields looks at those that can be seen. One that is embedded lends its name to what it brings along, so an
// unexported one must bring nothing that is exported.
func (a *api) fields(of string, s *types.Struct) {
	for f := range s.Fields() {
		name := of + "." + f.Name()
		switch {
		case f.Exported():
			a.typ(f, name, f.Type())
		case f.Embedded():
			for m := range types.NewMethodSet(types.NewPointer(deref(f.Type()))).Methods() {
				if m.Obj().Exported() {
					a.note(f.Pos(), "%s: %s is not exported, but its %s is", name, f.Name(), m.Obj().Name())
					break
				}
			}
		}
	}
}

func (a *api) methods(object types.Object, i *types.Interface) {
	for m := range i.ExplicitMethods() {
		if m.Exported() {
			a.typ(m, object.Name()+"."+m.Name(), m.Type())
		}
	}
	for e := range i.EmbeddedTypes() {
		a.typ(object, object.Name(), e)
	}
}

// typ looks at all types that a type is made of. One that has a name is judged by it: what it has inside is up to
// its own package.
func (a *api) typ(at types.Object, where string, t types.Type) {
	each := func(ts ...types.Type) {
		for _, t := range ts {
			a.typ(at, where, t)
		}
	}
	switch t := t.(type) {
	case *types.Alias:
		a.name(at, where, t.Obj())
		each(slices.Collect(t.TypeArgs().Types())...)
	case *types.Named:
		a.name(at, where, t.Obj())
		each(slices.Collect(t.TypeArgs().Types())...)
	case *types.Pointer:
		each(t.Elem())
	case *types.Slice:
		each(t.Elem())
	case *types.Array:
		each(t.Elem())
	case *types.Chan:
		each(t.Elem())
	case *types.Map:
		each(t.Key(), t.Elem())
	case *types.Signature:
		each(t.Params(), t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			each(v.Type())
		}
	case *types.Struct:
		a.fields(where, t)
	case *types.Interface:
		a.methods(at, t)
	}
}

func (a *api) name(at types.Object, where string, named *types.TypeName) {
	switch pkg := named.Pkg(); {
	case pkg == nil: // error, any
	case within(pkg.Path(), path.Join(a.tree.module, "internal")):
		short := strings.TrimPrefix(pkg.Path(), a.tree.module+"/")
		a.note(at.Pos(), "%s: %s.%s cannot be named outside the module", where, short, named.Name())
	case pkg == a.pkg && !named.Exported():
		a.note(at.Pos(), "%s: %s is not exported", where, named.Name())
	}
}

func deref(t types.Type) types.Type {
	if p, ok := t.(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// undocumented finds what a file exports without a word: a comment of its own, behind it on the line, or above the
// group that it stands in.
func undocumented(t *tree, f *ast.File) (found []finding) {
	want := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		if name.IsExported() && !slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c != nil }) {
			found = append(found, t.at(name.Pos(), "%s has no comment", name.Name))
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || receiver(d.Recv.List[0].Type).IsExported() {
				want(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					want(s.Name, d.Doc, s.Doc, s.Comment)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						want(n, d.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
	return found
}

// receiver is the name of a method's type.
func receiver(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	}
	return e.(*ast.Ident)
}
