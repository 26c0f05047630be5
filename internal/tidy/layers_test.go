package tidy

import (
	"fmt"
	"strings"
)

// room is a directory of the house with all below it, and the floor it is on.
type room struct {
	dir   string
	layer int
}

// rooms is the plan of the house, as drawn in doc.go.
var rooms = []room{
	{"internal/datatest", layerGround}, {"internal/mutant", layerGround}, {"internal/prefetch", layerGround},
	{"batch3pc/driver", 3}, // before batch3pc, which it lies in: the machines know no driver
	{"ringbuf", 0}, {"orderbook", 0}, {"batch3pc", 0},
	{"codec", 1}, {"internal/journal", 1}, {"internal/check", 1},
	{"engine", 2}, {"internal/transport", 2},
	{"internal/rounds", 3}, {"internal/participant", 3}, {"internal/capture", 3}, {"internal/host", 3}, {"internal/proxy", 3},
	{"internal/rundir", 4}, {"internal/inspect", 4}, {"internal/verify", 4}, {"internal/sim", 4}, {"internal/box", 4}, {"internal/demo", 4}, {"bench", 4},
	{"cmd", 5}, {"tools", 5}, {"internal/tidy", 5},
}

// layerGround is below all others: what tests of every layer use, and what is no more than an instruction.
const layerGround = -1

// Rooms up to layerAloneMax are made to be used one by one, as libraries or as
// ports of the engine: they do not import their neighbours on the same floor.
const layerAloneMax = 2

// cgoRoom alone may use cgo: the public benchmark loads it as a C library. It is no part of the product, and
// empty when cgo is off.
const cgoRoom = "tools/referee"

func roomOf(dir string) (room, bool) {
	for _, r := range rooms {
		if within(dir, r.dir) {
			return r, true
		}
	}
	return room{}, false
}

// layerRule holds tests to the plan too: a test that needs a higher layer is a
// test of that layer, and belongs there.
var layerRule = rule{
	name: "layers",
	check: func(t *tree) (found []finding) {
		homeless := map[string]bool{}
		for _, f := range t.gofiles {
			from, ok := roomOf(f.dir)
			if !ok {
				if !homeless[f.dir] {
					homeless[f.dir] = true
					found = append(found, t.at(f.ast.Package, "package %s is on no layer: add it to the plan in internal/tidy", f.dir))
				}
				continue
			}
			for _, spec := range f.ast.Imports {
				if text := crosses(t, f, from, importPath(spec)); text != "" {
					found = append(found, t.at(spec.Pos(), "%s", text))
				}
			}
		}
		return found
	},
	examples: []example{
		{
			name: "upward",
			files: map[string]string{
				"orderbook/book.go":       "package orderbook\n\nimport _ \"example.org/m/codec\"\n",
				"engine/core_test.go":     "package engine\n\nimport _ \"example.org/m/bench/workload\"\n",
				"internal/journal/log.go": "package journal\n\nimport (\n\t\"os\"\n\n\t\"example.org/m/cmd/tezi/flags\"\n)\n\nvar _ = os.Args\n",
			},
			want: []string{
				"orderbook/book.go:3: imports codec of layer 1, above its own layer 0",
				"engine/core_test.go:3: imports bench/workload of layer 4, above its own layer 2",
				"internal/journal/log.go:6: imports cmd/tezi/flags of layer 5, above its own layer 1",
			},
		},
		{
			name: "neighbour",
			files: map[string]string{
				"engine/ports.go":  "package engine\n\nimport _ \"example.org/m/internal/transport\"\n",
				"bench/suite.go":   "package bench\n\nimport _ \"example.org/m/internal/box\"\n",
				"codec/nse/day.go": "package nse\n\nimport _ \"example.org/m/codec\"\n",
			},
			want: []string{"engine/ports.go:3: imports internal/transport: the rooms of layer 2 do not import each other"},
		},
		{
			name: "unplanned",
			files: map[string]string{
				"orders/a.go": "package orders\n",
				"orders/b.go": "package orders\n",
				"root.go":     "package m\n",
				"cmd/x/c.go":  "package main\n\nimport \"C\"\n",
				"ringbuf/c.go": "package ringbuf\n\nimport \"C\"\nimport _ \"example.org/m/orders\"\n" +
					"import _ \"example.org/mother\"\n",
			},
			want: []string{
				"orders/a.go:1: package orders is on no layer: add it to the plan in internal/tidy",
				"root.go:1: package . is on no layer: add it to the plan in internal/tidy",
				"cmd/x/c.go:3: imports C: the binary is built without cgo",
				"ringbuf/c.go:3: imports C: the binary is built without cgo",
				"ringbuf/c.go:4: imports orders, which is on no layer",
			},
		},
		{
			name: "support",
			files: map[string]string{
				"bench/suite.go":              "package bench\n\nimport _ \"example.org/m/internal/datatest\"\n",
				"orderbook/book.go":           "package orderbook\n\nimport _ \"example.org/m/orderbook/booktest\"\n",
				"orderbook/book_test.go":      "package orderbook\n\nimport _ \"example.org/m/internal/datatest\"\n",
				"orderbook/booktest/play.go":  "package booktest\n\nimport _ \"example.org/m/internal/datatest\"\n",
				"internal/datatest/folder.go": "package datatest\n\nimport _ \"example.org/m/orderbook\"\n",
			},
			want: []string{
				"bench/suite.go:3: imports internal/datatest, which is for tests",
				"orderbook/book.go:3: imports orderbook/booktest, which is for tests",
				"internal/datatest/folder.go:3: imports orderbook of layer 0, above its own layer -1",
			},
		},
		{
			name: "downward",
			files: map[string]string{
				"cmd/tezi/main.go":            "package main\n\nimport _ \"example.org/m/internal/box\"\n",
				"engine/core.go":              "package engine\n\nimport _ \"example.org/m/orderbook\"\n",
				"tools/referee/main.go":       "package main\n\nimport \"C\"\n",
				"orderbook/book_test.go":      "package orderbook_test\n\nimport _ \"example.org/m/orderbook/booktest\"\n",
				"orderbook/booktest/naive.go": "package booktest\n\nimport _ \"example.org/m/orderbook\"\n",
			},
		},
	},
}

// crosses tells what is wrong with an import made from a room, or nothing.
func crosses(t *tree, f *gofile, from room, imported string) string {
	if imported == "C" {
		if within(f.dir, cgoRoom) {
			return ""
		}
		return "imports C: the binary is built without cgo"
	}
	if !within(imported, t.module) {
		return ""
	}
	dir := strings.TrimPrefix(strings.TrimPrefix(imported, t.module), "/")
	to, ok := roomOf(dir)
	switch {
	case !ok:
		return fmt.Sprintf("imports %s, which is on no layer", dir)
	case testSupport(dir) && !f.test && !testSupport(f.dir):
		return fmt.Sprintf("imports %s, which is for tests", dir)
	case to.layer > from.layer:
		return fmt.Sprintf("imports %s of layer %d, above its own layer %d", dir, to.layer, from.layer)
	case to.layer == from.layer && to != from && to.layer <= layerAloneMax:
		return fmt.Sprintf("imports %s: the rooms of layer %d do not import each other", dir, to.layer)
	}
	return ""
}
