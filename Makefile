# Needs Go and GNU Make; `make race` needs a C compiler too. Everything else,
# the linters included, comes through Go's modules at the versions pinned here.

GO ?= go

# The synthetic day of `make run`.
ORDERS ?= 300000
SEED ?= 1
DAY := run/day.tzc

FUZZTIME ?= 10s
BENCHTIME ?= 100ms
SOAK ?= 100000000
CHAOS ?= 200
SCHEDULES ?= 1000000
NODES ?= 100000

# The binary is static, and is tested as it is built.
export CGO_ENABLED = 0

DEVTOOLS := tools/devtools/go.mod

.PHONY: help build run sim mutants test race bench bench-all bench-system bench-commit bench-book bench-ring bench-peers bench-check bench-baseline soak-book chaos faults fuzz lint cover clean

help: ## print the targets
	@while IFS= read -r line; do \
		case $$line in [a-z]*': '*'## '*) printf '  make %-14s  %s\n' "$${line%%:*}" "$${line#*## }";; esac; \
	done <$(firstword $(MAKEFILE_LIST))

# What is built: the commit, with a mark if code differs from it. Empty outside a usable git checkout. Given by hand,
# because Go's own stamp knows no linked worktree and no change in documents alone.
REVISION = $(shell git rev-parse HEAD 2>/dev/null)$(if $(shell git status --porcelain -- '*.go' '*.s' '*.mod' '*.sum' 2>/dev/null),+changes)

build: ## build bin/tezi
	$(GO) build -trimpath -buildvcs=false -ldflags='-X main.revision=$(REVISION)' -o bin/tezi ./cmd/tezi

run: build ## generate a small trading day, replay it on this machine, print the report
	@rm -rf run/day
	@mkdir -p run
	bin/tezi generate --orders $(ORDERS) --seed $(SEED) --out $(DAY)
	bin/tezi replay $(DAY) --dir run/day --force

sim: build ## run SCHEDULES simulated schedules of the commit protocol, and NODES of whole nodes
	bin/tezi sim --schedules $(SCHEDULES)
	bin/tezi sim --level driver --schedules $(NODES)

mutants: ## seed bugs, let the simulator find them, and write docs/MUTANTS.md
	@mkdir -p run
	$(GO) build -tags mutants -o bin/tezi-mutants ./cmd/tezi
	bin/tezi-mutants sim --mutants >run/mutants.md
	mv run/mutants.md docs/MUTANTS.md

test: ## run all tests
	$(GO) test -timeout=60m ./...
	$(GO) test -tags=purego ./ringbuf ./codec

race: ## run the tests under the race detector, the long ones shortened
	CGO_ENABLED=1 $(GO) test -race -short -timeout=60m ./...

bench: build ## measure everything in under ten minutes into docs/BENCHMARKS.md
	@$(call begin,bench)
	bin/tezi bench system --sweep headline,rate --duration 1500ms --warmup 500ms --out run/bench >/dev/null
	bin/tezi bench commit --sweep headline,window,trades --floor=false --duration 500ms --warmup 300ms --out run/bench >/dev/null
	bin/tezi bench engine --sweep headline,rate --duration 700ms --warmup 200ms --out run/bench >/dev/null
	$(call go-bench,run/bench/book.txt,Order book,-bench='Referee|Latency' -benchtime=4000000x,./bench/book)
	$(call go-bench,run/bench/ring.txt,Rings,-bench='Hop|Queue' -benchtime=1000000x,./bench/ring)
	$(call go-bench,run/bench/trades.txt,Beside others: forms of trades,-C bench/peers -bench=Trades -benchtime=100ms,.)
	$(call go-bench,run/bench/peers.txt,Beside others: rings,-C bench/peers -bench=Ring -benchtime=1000000x,.)
	$(call fill-page,docs/BENCHMARKS.md -charts docs/bench,run/bench/system.json run/bench/commit.json run/bench/engine.json \
		run/bench/book.txt run/bench/ring.txt run/bench/trades.txt run/bench/peers.txt)
	@$(call took,bench)

# Into file $(1) under title $(2), with flags $(3), of package $(4): the command stands above what it prints.
go-bench = { echo "title: $(2)"; echo "command: go test $(3) -run='^$$' -benchmem $(4)"; echo "build: tezi (devel), commit $(REVISION)"; \
	$(GO) test $(3) -run='^$$' -benchmem -timeout=30m $(4); } >$(1)

# Into page $(1), from files $(2). Benchmarks that did not all come to their end leave the page as it was.
fill-page = $(GO) run ./tools/booktable -page $(1) $(2)

# Directory run/$(1) for the measurements of a page, and how long they took.
begin = rm -rf run/$(1) && mkdir -p run/$(1) && date +%s >run/$(1)/began
took = echo "took $$(( $$(date +%s) - $$(cat run/$(1)/began) )) s"

# Into directory run/$(1): the record of `tezi bench $(2)`.
record = bin/tezi bench $(2) --out run/$(1) >/dev/null

bench-system: build ## measure the whole system in about five minutes into docs/SYSTEM-SPEED.md
	@$(call begin,system)
	$(call record,system/headline,system --sweep headline --warmup 1s --duration 2s)
	$(call record,system/shm,system --sweep headline --transport shm --warmup 1s --duration 2s)
	$(call record,system/budget,system --rate 300k --warmup 500ms --duration 2s)
	$(call record,system/budget-max,system --warmup 500ms --duration 2s)
	$(call record,system/trades,system --sweep trades --warmup 300ms --duration 700ms)
	$(call record,system/window,system --sweep window --warmup 300ms --duration 700ms)
	$(call record,system/instruments,system --sweep instruments --warmup 2s --duration 1s)
	$(call record,system/members,system --sweep members --warmup 2s --duration 1s)
	$(call record,system/transport,system --sweep transport --warmup 300ms --duration 700ms)
	$(call record,system/rate,system --sweep rate --warmup 1s --duration 1s)
	$(call record,system/shards,system --sweep shards --transport shm --warmup 500ms --duration 1s)
	$(call record,system/cores,system --sweep cores --transport shm --warmup 500ms --duration 1s)
	$(call record,system/core,engine --sweep headline --warmup 300ms --duration 1s)
	$(call record,system/core-members,engine --sweep members --flow trades --warmup 1s --duration 700ms)
	$(call record,system/core-instruments,engine --sweep instruments --flow trades --warmup 1s --duration 700ms)
	$(call record,system/minute,engine --flow trades --rate 1M --duration 60s)
	$(call fill-page,docs/SYSTEM-SPEED.md,run/system/*/*.json)
	@$(call took,system)

bench-commit: build ## measure the commit subsystem in about five minutes into docs/COMMIT-SPEED.md
	@$(call begin,commit)
	$(call record,commit/headline,commit --sweep headline)
	$(call record,commit/shm,commit --sweep headline --transport shm)
	$(call record,commit/rings,commit --sweep headline --transport rings)
	$(call record,commit/window,commit --sweep window --floor=false)
	$(call record,commit/window-shm,commit --sweep window --transport shm --floor=false)
	$(call record,commit/trades,commit --sweep trades --floor=false)
	$(call record,commit/trades-shm,commit --sweep trades --transport shm --floor=false)
	$(call record,commit/participants,commit --sweep participants --floor=false)
	$(call record,commit/protocol,commit --sweep protocol --floor=false)
	$(call record,commit/transport,commit --sweep transport)
	$(call record,commit/catchup,commit --sweep catchup --floor=false)
	$(call go-bench,run/commit/link.txt,Links,-bench='Link|SharedRing' -benchtime=30000x,./bench/commit)
	$(call go-bench,run/commit/loss.txt,Loss,-bench=Loss -benchtime=4000x,./internal/transport)
	$(call go-bench,run/commit/restart.txt,Restart,-bench=Restart -benchtime=3x,./bench/commit)
	$(call fill-page,docs/COMMIT-SPEED.md,run/commit/*.txt run/commit/*/*.json)
	@$(call took,commit)

bench-all: ## run every benchmark, BENCHTIME each
	$(GO) test -p 1 -run='^$$' -bench=. -benchmem -benchtime=$(BENCHTIME) -timeout=60m ./...
	$(GO) test -C bench/peers -run='^$$' -bench=. -benchmem -benchtime=$(BENCHTIME) -timeout=60m ./...

# The ratios of a short set: those that move with the code and hardly with what else the machine does. So they are of one
# thread: two that spin on a core each, and processes that wait for each other, are at the mercy of whoever wants one.
run/ratios-%.txt: FORCE
	@mkdir -p run
	$(GO) test -run='^$$' -bench='Referee/.*/numbers=own' -benchtime=6000000x -count=3 ./bench/book >$@
	$(GO) test -run='^$$' -bench=Matcher -benchtime=3000000x -count=3 ./bench/engine >>$@
	$(GO) test -run='^$$' -bench=Alone/ring/how/size=8/batch=1 -benchtime=3000000x -count=3 ./bench/ring >>$@
	$(GO) test -C bench/peers -run='^$$' -bench=Trades/form=tezi-compact -benchtime=100ms -count=3 . >>$@

.PHONY: FORCE
FORCE:

# Noise does not come three times to the same place, a slowdown does: what looks worse is measured again.
bench-check: ## compare the ratios of a short set with bench/baseline.json; fails when one got worse
	@rm -f run/ratios-now-*.txt
	@for try in 1 2 3; do \
		$(MAKE) --no-print-directory run/ratios-now-$$try.txt || exit 2; \
		$(GO) run ./tools/benchcheck run/ratios-now-*.txt && exit 0; \
	done; exit 1

bench-baseline: run/ratios-1.txt run/ratios-2.txt run/ratios-3.txt ## write bench/baseline.json anew, with the spread of three runs
	$(GO) run ./tools/benchcheck -write $^

bench-book: ## measure the order book into docs/BOOK.md
	@mkdir -p run
	echo "build: tezi (devel), commit $(REVISION)" >run/book.txt
	$(GO) test -run='^$$' -bench='Referee|Parts|Overlap|Latency|Market|Flat|Memory' -benchtime=20000000x -timeout=30m ./bench/book >>run/book.txt
	$(GO) test -run='^$$' -bench=Sweep -benchtime=1000x ./bench/book >>run/book.txt
	$(call fill-page,docs/BOOK.md,run/book.txt)

bench-ring: ## measure the rings into docs/RINGS.md
	@mkdir -p run
	echo "build: tezi (devel), commit $(REVISION)" >run/ring.txt
	$(GO) test -run='^$$' -bench=. -benchtime=150ms -count=3 -timeout=30m ./bench/ring >>run/ring.txt
	$(call fill-page,docs/RINGS.md,run/ring.txt)

bench-peers: ## measure rings and codec beside those of others into docs/PEERS.md
	@mkdir -p run
	echo "build: tezi (devel), commit $(REVISION)" >run/peers.txt
	$(GO) test -C bench/peers -run='^$$' -bench=. -benchtime=200ms -count=3 -benchmem . >>run/peers.txt
	$(call fill-page,docs/PEERS.md,run/peers.txt)

soak-book: ## play SOAK random commands on the book beside the naive one
	$(GO) test -run='^TestSoak$$' -timeout=0 -v ./orderbook -args -soak=$(SOAK)

# go test fuzzes one target of one package at a time, so they are listed first.
# The list has the names of a package's targets, then the package on a line "ok".
fuzz: ## fuzz every target, FUZZTIME each
	@set -e; list=$$($(GO) test -list='^Fuzz' ./...); targets=; \
	printf '%s\n' "$$list" | while read -r name package rest; do \
		case $$name in \
		Fuzz*) targets="$$targets $$name";; \
		ok) for target in $$targets; do \
				echo "== $$package $$target"; \
				$(GO) test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) "$$package" </dev/null; \
			done; targets=;; \
		esac; \
	done

chaos: ## kill and stop the processes of a run CHAOS times under load, prove it, and say how long it took to recover
	TEZI_CHAOS=$(CHAOS) $(GO) test -count=1 -run='^TestChaos$$' -timeout=60m -v ./cmd/tezi

faults: ## each fault at each message, process, log and link of a run of real processes
	TEZI_FAULTS=1 $(GO) test -count=1 -run='^Test(Killed|Stopped|Links|PowerCut|Disk)' -parallel=6 -timeout=120m -v ./cmd/tezi

lint: ## check format, vet, staticcheck and the module files
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .) && [ -z "$$unformatted" ] || \
		{ echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=$(DEVTOOLS) staticcheck ./...
	$(GO) mod tidy -diff
	$(GO) mod verify
	cd $(dir $(DEVTOOLS)) && $(GO) mod tidy -diff
	cd bench/peers && $(GO) vet ./... && $(GO) mod tidy -diff

cover: ## measure test coverage; details in run/cover.html
	@mkdir -p run
	$(GO) test -coverprofile=run/cover.out ./...
	@$(GO) tool cover -html=run/cover.out -o run/cover.html
	@$(GO) tool cover -func=run/cover.out | while read -r name statements percent; do \
		case $$name in total:) echo "total $$percent, by line in run/cover.html";; esac; \
	done

clean: ## remove what the targets above have made
	rm -rf bin run
