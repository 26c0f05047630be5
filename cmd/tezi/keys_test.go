package main

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/internal/capture"
	"github.com/tezi-exchange/tezi/internal/demo"
	"github.com/tezi-exchange/tezi/internal/inspect"
	"github.com/tezi-exchange/tezi/internal/proxy"
	"github.com/tezi-exchange/tezi/internal/sim"
)

// Every key of what -o json prints is on the page, and every key of the page is printed.
func TestKeysAreOnThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/REPORT.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		section string
		of      []any
	}{
		{"tezi inspect", []any{capture.Info{}, inspect.Log{}, inspect.Snapshot{}, inspect.State{}}},
		{"tezi bench", []any{bench.Record{}}},
		{"tezi sim", []any{sim.Report{}}},
		{"tezi demo SCENARIO", []any{demo.Report{}}},
		{"tezi proxy", []any{proxy.Stats{}}},
	} {
		_, section, found := strings.Cut(string(page), "## `"+c.section+" -o json`\n")
		if !found {
			t.Errorf("no section of %s", c.section)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		printed := map[string]bool{}
		for _, v := range c.of {
			keysOf(reflect.TypeOf(v), "", printed)
		}
		compareKeys(t, c.section, printed, keysOn(section, "key"))
	}
	_, section, _ := strings.Cut(string(page), "## `tezi bench -o json`\n")
	compareKeys(t, "tezi bench", metricsMeasured(t), keysOn(section, "metric"))
}

// compareKeys tells what is printed and not on the page, and the other way round. A key of the page that ends in ".*" stands
// for all below it.
func compareKeys(t *testing.T, of string, printed, onPage map[string]bool) {
	t.Helper()
	covers := func(key, has string) bool {
		all, below := strings.CutSuffix(key, "*")
		return key == has || below && strings.HasPrefix(has, all)
	}
	for has := range printed {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(onPage)), func(key string) bool { return covers(key, has) }) {
			t.Errorf("%s: %s is not on the page", of, has)
		}
	}
	for key := range onPage {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(printed)), func(has string) bool { return covers(key, has) }) {
			t.Errorf("%s: %s is on the page, and not printed", of, key)
		}
	}
}

// keysOf adds the keys that a type has in JSON, in paths: what is in a list, behind "[]".
func keysOf(t reflect.Type, at string, keys map[string]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t.Name() == "" {
		if t.Kind() == reflect.Slice {
			at += "[]"
		}
		t = t.Elem()
	}
	marshals := t.NumMethod() > 0 && (has(t, "MarshalText") || has(t, "MarshalJSON"))
	if t.Kind() != reflect.Struct || marshals {
		keys[at] = true
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			keysOf(f.Type, at, keys)
		case f.IsExported() && name != "-":
			if name == "" {
				name = f.Name
			}
			keysOf(f.Type, strings.TrimPrefix(at+"."+name, "."), keys)
		}
	}
}

func has(t reflect.Type, method string) bool {
	_, ok := t.MethodByName(method)
	return ok
}

// keysOn lists what is between back quotes in the first column of the tables with this heading. ".name" is beside the key before it.
func keysOn(section, heading string) map[string]bool {
	keys := map[string]bool{}
	in, parent := false, ""
	for line := range strings.Lines(section) {
		cell, _, row := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		switch {
		case !strings.HasPrefix(line, "|"):
			in = false
		case row && cell == heading:
			in = true
		case in:
			for _, m := range pageCode.FindAllStringSubmatch(cell, -1) {
				key := m[1]
				if strings.HasPrefix(key, ".") {
					key = parent + key
				} else if parent = ""; strings.Contains(key, ".") {
					parent = key[:strings.LastIndex(key, ".")]
				}
				keys[key] = true
			}
		}
	}
	return keys
}

var measureCall = regexp.MustCompile(`\.Measure\("([^"]+)"`)

// metricsMeasured lists the figures that the benchmarks name, those of each process included.
func metricsMeasured(t *testing.T) map[string]bool {
	keys := map[string]bool{"engine-ns/trade": true, "risk-ns/trade": true, "settlement-ns/trade": true, "marketdata-ns/trade": true}
	for _, dir := range []string{"engine", "system", "commit"} {
		files, err := filepath.Glob("../../bench/" + dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range measureCall.FindAllStringSubmatch(string(text), -1) {
				keys[m[1]] = true
			}
		}
	}
	return keys
}
