package tidy

var pureExamples = []example{
	{
		name: "imports",
		files: map[string]string{
			"orderbook/book.go": "package orderbook\n\nimport (\n\t_ \"log/slog\"\n\t_ \"math/rand/v2\"\n\t_ \"net\"\n\t_ \"os\"\n\t_ \"sync/atomic\"\n\t. \"strings\"\n)\n",
			"ringbuf/spsc.go":   "package ringbuf\n\nimport (\n\t_ \"os\"\n\t_ \"runtime\"\n\t_ \"sync/atomic\"\n\t_ \"time\"\n)\n",
		},
		want: []string{
			"orderbook/book.go:4: pure code imports log/slog",
			"orderbook/book.go:5: pure code imports math/rand/v2",
			"orderbook/book.go:6: pure code imports net",
			"orderbook/book.go:7: pure code imports os",
			"orderbook/book.go:8: pure code imports sync/atomic",
			"orderbook/book.go:9: pure code dot-imports strings, which hides what it calls",
			"ringbuf/spsc.go:4: pure code imports os",
		},
	},
	{
		name: "memory",
		files: map[string]string{
			"orderbook/arena_linux.go": "package orderbook\n\nimport (\n\t_ \"os\"\n\t_ \"syscall\"\n)\n",
			"orderbook/arena.go":       "package orderbook\n\nimport _ \"syscall\"\n",
			"batch3pc/arena.go":        "//go:build linux\n\npackage batch3pc\n\nimport _ \"syscall\"\n",
		},
		want: []string{
			"orderbook/arena_linux.go:4: pure code imports os",
			"orderbook/arena.go:3: pure code imports syscall",
			"batch3pc/arena.go:5: pure code imports syscall",
		},
	},
	{
		name: "clock",
		files: map[string]string{
			"codec/nse/day.go": "package nse\n\nimport \"time\"\n\nvar day = 24 * time.Hour\n\nfunc age(t time.Time) time.Duration {\n\treturn time.Since(t)\n}\n",
			"batch3pc/step.go": "package batch3pc\n\nimport wall \"time\"\n\nvar now = wall.Now\n",
			"engine/core.go":   "//tezi:pure\n\npackage engine\n\nimport \"runtime\"\n\nvar cores = runtime.NumCPU()\n",
			"ringbuf/wait.go":  "package ringbuf\n\nimport (\n\t\"runtime\"\n\t\"time\"\n)\n\nvar started, cores = time.Now(), runtime.NumCPU()\n",
		},
		want: []string{
			"codec/nse/day.go:8: pure code uses time.Since",
			"batch3pc/step.go:5: pure code uses time.Now",
			"engine/core.go:7: pure code uses runtime.NumCPU",
		},
	},
	{
		name: "code",
		files: map[string]string{
			"orderbook/book.go": "package orderbook\n\nimport \"fmt\"\n\nfunc f(c chan int) {\n\tgo f(c)\n\tfmt.Println(fmt.Sprint(1))\n\tprintln(2)\n}\n",
			"ringbuf/bell.go":   "package ringbuf\n\ntype Bell struct{ rung chan struct{} }\n\nfunc (b *Bell) f() {\n\tgo b.f()\n}\n",
		},
		want: []string{
			"orderbook/book.go:5: pure code has a channel",
			"orderbook/book.go:6: pure code starts a goroutine",
			"orderbook/book.go:7: pure code uses fmt.Println",
			"orderbook/book.go:8: pure code calls println",
			"ringbuf/bell.go:6: pure code starts a goroutine",
		},
	},
	{
		name: "maps",
		files: map[string]string{
			"codec/table.go": "package codec\n\nimport \"strings\"\n\ntype Table map[string]strings.Builder\n",
			"codec/sum.go": "package codec\n\nimport (\n\t\"maps\"\n\t\"slices\"\n)\n\n" +
				"func (t Table) keys() (n int) {\n\tfor range t {\n\t\tn++\n\t}\n\tfor range maps.Keys(t) {\n\t\tn++\n\t}\n" +
				"\tfor _, k := range slices.Sorted(maps.Keys(t)) {\n\t\tn += len(k)\n\t}\n\tfor i := range 3 {\n\t\tn += i\n\t}\n\treturn n\n}\n",
			"engine/core.go":    "//tezi:pure\n\npackage engine\n\nimport \"example.org/m/codec\"\n\nfunc f(t *codec.Table) {\n\tfor range *t {\n\t}\n}\n",
			"engine/runtime.go": "package engine\n\nfunc g(t map[int]int) {\n\tfor range t {\n\t}\n}\n",
		},
		want: []string{
			"codec/sum.go:9: pure code ranges over a map, whose order is random",
			"codec/sum.go:12: pure code takes maps.Keys in random order: wrap it in slices.Sorted",
			"engine/core.go:8: pure code ranges over a map, whose order is random",
		},
	},
	{
		name: "marks",
		files: map[string]string{
			"engine/core.go":           "// tezi:pure\n\npackage engine\n",
			"engine/doc.go":            "// Package engine has files that are marked\n// tezi:pure, and others.\npackage engine\n",
			"engine/typo.go":           "//tezi:prue\n\npackage engine\n",
			"engine/late.go":           "package engine\n\n//tezi:pure\n\nimport _ \"os\"\n",
			"internal/box/settings.go": "//tezi:pure\n\npackage box\n\nimport _ \"os\"\n",
		},
		want: []string{
			"engine/core.go:1: unknown mark \"// tezi:pure\": write //tezi:pure",
			"engine/late.go:3: the mark belongs above the package clause",
			"engine/typo.go:1: unknown mark \"//tezi:prue\": write //tezi:pure",
			"engine/typo.go:3: no file of engine is marked //tezi:pure: its core must be",
			"internal/box/settings.go:5: pure code imports os",
		},
	},
	{
		name: "order",
		files: map[string]string{
			"orderbook/doc.go":            "// Package orderbook is here to be read.\npackage orderbook\n",
			"orderbook/book.go":           "package orderbook\n\nimport (\n\t\"fmt\"\n\t\"time\"\n)\n\nfunc f(d time.Duration) string { return fmt.Sprint(time.Unix(0, int64(d)).UTC()) }\n",
			"orderbook/arena.go":          "package orderbook\n\nimport \"runtime\"\n\nfunc keep(a *int) { runtime.KeepAlive(a) }\n",
			"orderbook/memory_linux.go":   "package orderbook\n\nimport _ \"syscall\"\n",
			"orderbook/memory_other.go":   "//go:build !linux\n\npackage orderbook\n\nimport _ \"syscall\"\n",
			"orderbook/book_test.go":      "package orderbook\n\nimport (\n\t_ \"math/rand/v2\"\n\t_ \"os\"\n)\n",
			"orderbook/booktest/naive.go": "package booktest\n\nimport _ \"math/rand/v2\"\n",
			"engine/doc.go":               "// Package engine is here to be read.\npackage engine\n",
			"engine/core.go":              "//tezi:pure\n\n// Package comment.\npackage engine\n",
			"engine/runtime.go":           "package engine\n\nimport _ \"os\"\n",
		},
	},
}
