package tidy

import (
	"io/fs"
	"strings"
)

// module is a third-party module with the decision that let it in.
type module struct {
	path     string
	adr      string   // file in docs/adr
	layer    int      // packages of this layer and above may import it; layerNone for none
	also     []string // rooms below that layer that may import it too
	testOnly bool     // for _test.go files and packages of test support, on any layer
}

const layerNone = 9

// modules is the budget of dependencies. The core at the bottom stays with the
// standard library; only the digest of batch3pc's chain needs more.
var modules = []module{
	{path: "github.com/cespare/xxhash/v2", adr: "0001-xxhash.md", layer: 1, also: []string{"batch3pc"}},
	{path: "golang.org/x/sys", adr: "0002-x-sys.md", layer: 4, also: []string{"internal/journal", "internal/transport", "internal/host"}},
	{path: "github.com/HdrHistogram/hdrhistogram-go", adr: "0003-hdrhistogram.md", layer: 4},
	{path: "github.com/spf13/cobra", adr: "0004-cobra.md", layer: 5},
	{path: "github.com/spf13/pflag", adr: "0004-cobra.md", layer: 5},
	{path: "github.com/valyala/bytebufferpool", adr: "0005-bytebufferpool.md", layer: 3, also: []string{"internal/journal", "internal/transport"}},
	{path: "pgregory.net/rapid", adr: "0006-test-modules.md", layer: layerNone, testOnly: true},
	{path: "github.com/cockroachdb/datadriven", adr: "0006-test-modules.md", layer: layerNone, testOnly: true},
	{path: "github.com/rogpeppe/go-internal", adr: "0006-test-modules.md", layer: layerNone, testOnly: true},
	{path: "go.uber.org/goleak", adr: "0006-test-modules.md", layer: layerNone, testOnly: true},
	{path: "golang.org/x/term", adr: "0007-x-term.md", layer: 4},
}

func moduleOf(imported string) (module, bool) {
	for _, m := range modules {
		if within(imported, m.path) {
			return m, true
		}
	}
	return module{}, false
}

// allows says whether a file may import the module.
func (m module) allows(f *gofile) bool {
	if m.testOnly {
		return f.test || testSupport(f.dir)
	}
	r, _ := roomOf(f.dir)
	if r.layer >= m.layer {
		return true
	}
	for _, dir := range m.also {
		if within(f.dir, dir) {
			return true
		}
	}
	return false
}

var moduleRule = rule{
	name: "modules",
	check: func(t *tree) (found []finding) {
		for _, f := range t.gofiles {
			for _, spec := range f.ast.Imports {
				p := importPath(spec)
				if p == "C" || t.standard(p) || within(p, t.module) {
					continue
				}
				if m, ok := moduleOf(p); !ok {
					found = append(found, t.at(spec.Pos(), "imports %s, which has no decision record: see docs/adr", p))
				} else if !m.allows(f) {
					found = append(found, t.at(spec.Pos(), "%s may not import %s: see docs/adr/%s", f.dir, p, m.adr))
				}
			}
		}
		return append(found, unrecorded(t)...)
	},
	examples: []example{
		{
			name: "core",
			files: map[string]string{
				"orderbook/hash.go":             "package orderbook\n\nimport _ \"github.com/cespare/xxhash/v2\"\n",
				"ringbuf/futex.go":              "package ringbuf\n\nimport _ \"golang.org/x/sys/unix\"\n",
				"codec/pool.go":                 "package codec\n\nimport _ \"github.com/valyala/bytebufferpool\"\n",
				"engine/stats.go":               "package engine\n\nimport _ \"github.com/HdrHistogram/hdrhistogram-go\"\n",
				"internal/participant/lock.go":  "package participant\n\nimport _ \"golang.org/x/sys/unix\"\n",
				"orderbook/booktest/naive.go":   "package booktest\n\nimport _ \"pgregory.net/rapid\"\n",
				"orderbook/book_script_test.go": "package orderbook\n\nimport _ \"github.com/cockroachdb/datadriven\"\n",
			},
			want: []string{
				"orderbook/hash.go:3: orderbook may not import github.com/cespare/xxhash/v2: see docs/adr/0001-xxhash.md",
				"ringbuf/futex.go:3: ringbuf may not import golang.org/x/sys/unix: see docs/adr/0002-x-sys.md",
				"codec/pool.go:3: codec may not import github.com/valyala/bytebufferpool: see docs/adr/0005-bytebufferpool.md",
				"engine/stats.go:3: engine may not import github.com/HdrHistogram/hdrhistogram-go: see docs/adr/0003-hdrhistogram.md",
				"internal/participant/lock.go:3: internal/participant may not import golang.org/x/sys/unix: see docs/adr/0002-x-sys.md",
			},
		},
		{
			name: "uninvited",
			files: map[string]string{
				"bench/plot.go":    "package bench\n\nimport _ \"gonum.org/v1/plot\"\n",
				"cmd/tezi/main.go": "package main\n\nimport _ \"go.uber.org/goleak\"\n",
			},
			want: []string{
				"bench/plot.go:3: imports gonum.org/v1/plot, which has no decision record: see docs/adr",
				"cmd/tezi/main.go:3: cmd/tezi may not import go.uber.org/goleak: see docs/adr/0006-test-modules.md",
			},
		},
		{
			name: "required",
			files: map[string]string{
				"go.mod": "module example.org/m\n\nrequire github.com/spf13/cobra v1.10.2\n\nrequire (\n" +
					"\tgithub.com/cespare/xxhash/v2 v2.3.0\n\tgonum.org/v1/plot v0.17.0\n\tgolang.org/x/image v0.30.0 // indirect\n)\n",
				"docs/adr/0001-xxhash.md": "# 1. xxhash\n",
			},
			want: []string{
				"go.mod:3: requires github.com/spf13/cobra, but docs/adr/0004-cobra.md is missing",
				"go.mod:7: requires gonum.org/v1/plot, which has no decision record: see docs/adr",
			},
		},
		{
			name: "invited",
			files: map[string]string{
				"batch3pc/batch.go":          "package batch3pc\n\nimport _ \"github.com/cespare/xxhash/v2\"\n",
				"codec/nse/digest.go":        "package nse\n\nimport _ \"github.com/cespare/xxhash/v2\"\n",
				"internal/journal/sync.go":   "package journal\n\nimport _ \"golang.org/x/sys/unix\"\n",
				"bench/recorder.go":          "package bench\n\nimport _ \"github.com/HdrHistogram/hdrhistogram-go\"\n",
				"cmd/tezi/main.go":           "package main\n\nimport _ \"github.com/spf13/cobra\"\n",
				"internal/box/leak_test.go":  "package box\n\nimport _ \"go.uber.org/goleak\"\n",
				"internal/transport/pool.go": "package transport\n\nimport _ \"github.com/valyala/bytebufferpool\"\n",
			},
		},
	},
}

// unrecorded finds the direct requirements in go.mod that no decision record
// stands behind.
func unrecorded(t *tree) (found []finding) {
	src, err := fs.ReadFile(t.fsys, "go.mod")
	if err != nil {
		return []finding{{"go.mod", 1, err.Error()}}
	}
	line, block := 0, false
	for text := range strings.Lines(string(src)) {
		line++
		text = strings.TrimSpace(text)
		if text == "require (" || text == ")" {
			block = text != ")"
			continue
		}
		rest, single := strings.CutPrefix(text, "require ")
		if (!block && !single) || strings.HasSuffix(text, "// indirect") {
			continue
		}
		name, _, versioned := strings.Cut(rest, " ")
		if !versioned {
			continue
		}
		m, ok := moduleOf(name)
		if !ok {
			found = append(found, finding{"go.mod", line, "requires " + name + ", which has no decision record: see docs/adr"})
		} else if _, err := fs.Stat(t.fsys, "docs/adr/"+m.adr); err != nil {
			found = append(found, finding{"go.mod", line, "requires " + name + ", but docs/adr/" + m.adr + " is missing"})
		}
	}
	return found
}
