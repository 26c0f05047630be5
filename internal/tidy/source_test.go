package tidy

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/types"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// source imports packages as their text says, without the bodies of functions: the module's own and the standard
// library's. Any other one is empty: it has no type of ours.
type source struct {
	tree  *tree
	files map[string][]*ast.File // by directory: those of this system, without tests
	os    build.Context
	root  fs.FS // of the standard library
	done  map[string]*types.Package
}

func newSource(t *tree) *source {
	s := &source{tree: t, files: map[string][]*ast.File{}, os: build.Default, done: map[string]*types.Package{"unsafe": types.Unsafe}}
	s.os.CgoEnabled = false
	s.root = os.DirFS(filepath.Join(s.os.GOROOT, "src"))
	for _, f := range t.gofiles {
		if !f.test && s.fits(t.fsys, f.path) {
			s.files[f.dir] = append(s.files[f.dir], f.ast)
		}
	}
	return s
}

func (s *source) dirs() (all []string) {
	for dir := range s.files {
		all = append(all, dir)
	}
	slices.Sort(all)
	return all
}

// fits reports whether a file is built for this system.
func (s *source) fits(fsys fs.FS, file string) bool {
	c := s.os
	c.JoinPath = path.Join
	c.OpenFile = func(name string) (io.ReadCloser, error) { return fsys.Open(name) }
	ok, err := c.MatchFile(path.Dir(file), path.Base(file))
	return ok && err == nil
}

// Import implements types.Importer.
func (s *source) Import(p string) (*types.Package, error) {
	if pkg := s.done[p]; pkg != nil {
		return pkg, nil
	}
	dir, ours := strings.CutPrefix(p, s.tree.module+"/")
	files := s.files[dir]
	if !ours {
		var err error
		if files, err = s.standard(p); err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		s.done[p] = types.NewPackage(p, path.Base(p))
		s.done[p].MarkComplete()
		return s.done[p], nil
	}
	config := types.Config{Importer: s, IgnoreFuncBodies: true, FakeImportC: true, Error: func(error) {}} // what others lack
	pkg, _ := config.Check(p, s.tree.fset, files, nil)
	s.done[p] = pkg
	return pkg, nil
}

// standard parses a package of the standard library, or one that it brings along.
func (s *source) standard(p string) (files []*ast.File, err error) {
	for _, dir := range []string{p, path.Join("vendor", p)} {
		names, err := fs.Glob(s.root, dir+"/*.go")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") || !s.fits(s.root, name) {
				continue
			}
			src, err := fs.ReadFile(s.root, name)
			if err != nil {
				return nil, err
			}
			f, err := parser.ParseFile(s.tree.fset, path.Join("std", name), src, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			files = append(files, f)
		}
	}
	return files, nil
}
