package tidy

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/fstest"
)

// finding is one breach of a rule, at one place.
type finding struct {
	path string // relative to the module's root, with slashes
	line int    // counted from 1
	text string // what is wrong, and what to do where that is not plain
}

func (f finding) String() string { return fmt.Sprintf("%s:%d: %s", f.path, f.line, f.text) }

// rule is one thing that the house holds to, with its self-test.
type rule struct {
	name     string
	check    func(*tree) []finding
	examples []example
}

// example is a file tree with all that its rule must find in it.
type example struct {
	name  string
	files map[string]string
	want  []string // findings in the form path:line: text; none for a tree in order
}

var rules = []rule{
	layerRule, moduleRule, pureRule, lengthRule, docgoRule,
	noteRule, pathRule, adrRule, linkRule, testRule, gofmtRule, apiRule,
}

// TestTree holds the module to every rule.
func TestTree(t *testing.T) {
	tr, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.gofiles) == 0 {
		t.Fatal("no Go files found: the walk is broken, and every rule would hold")
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, f := range r.check(tr) {
				t.Error(f)
			}
		})
	}
}

// TestExamples proves that each rule finds what it is there to find, and no
// more: every rule has at least one tree with breaches and one in order.
func TestExamples(t *testing.T) {
	for _, r := range rules {
		var bad, good bool
		for _, e := range r.examples {
			bad = bad || len(e.want) > 0
			good = good || len(e.want) == 0
			t.Run(r.name+"/"+e.name, func(t *testing.T) { checkExample(t, r, e) })
		}
		if !bad || !good {
			t.Errorf("rule %s: needs an example with findings and one without", r.name)
		}
	}
}

func checkExample(t *testing.T, r rule, e example) {
	t.Helper()
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module example.org/m\n")}}
	for path, text := range e.files {
		fsys[path] = &fstest.MapFile{Data: []byte(text)}
	}
	tr, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.check(tr) {
		got = append(got, f.String())
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(e.want))
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", lines(got), lines(want))
	}
}

func lines(list []string) string {
	if len(list) == 0 {
		return "\t(nothing)"
	}
	var text string
	for _, s := range list {
		text += "\t" + s + "\n"
	}
	return text
}
