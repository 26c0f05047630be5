package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/host"
)

// commands are what the scripts can do besides testscript's own commands. Files are relative to the
// script's directory; "stdout" and "stderr" are the output of the last exits, ended or get.
//
//	exits CODE [<FILE] PROGRAM ARG...     runs a program to its end; a failure must be told in one line
//	start NAME [<FILE|<pipe] PROGRAM ...  runs it in the background, with its output in NAME.out and NAME.err
//	starttty NAME PROGRAM ...             likewise, with a terminal as standard error
//	send NAME FILE FROM TO                sends it the lines of FILE from FROM to TO per cent, through its pipe
//	hangup NAME                           closes the pipe
//	ended NAME CODE                       waits for its end
//	signal SIG NAME|DIR                   signals it, or the process that holds the lock in DIR; CONT: the one that got the last STOP, if it is still there
//	calm                                  checks that stderr is empty, but for what was got of the machine and for warnings that the disk or a process is slow
//	until FILE [COUNT] REGEXP             waits until FILE, which may be a pattern, has COUNT matches (default 1)
//	grab VAR FILE REGEXP                  waits for a match and sets VAR to its first group
//	committed DIR N                       waits until the log of a participant says that N batches are committed
//	logged DIR N                          waits until the command log of a run has N commands
//	grows DIR N                           waits until it has N more than now
//	shows REGEXP PROGRAM ARG...           runs a program again and again until what it prints has a match
//	released DIR                          waits until no process holds the lock in DIR
//	json FILE A OP B                      compares (= != < >) what two dotted paths, or a path and a literal, stand for
//	jsonkeys FILE                         checks that the documented keys of a report are there, with their types
//	occupy VAR                            listens on a port and sets VAR to its address
//	get URL                               fetches a page
//	gzips N IN OUT                        compresses IN into N gzip members
//	gunzips FILE                          checks that FILE is whole gzip
//	flip FILE                             inverts a bit in the middle of what FILE holds
//	cut FILE PERCENT OUT                  copies the first part of FILE
//	dropline FILE N                       removes line N
//	edit FILE OLD NEW                     replaces the first OLD, which must be there
//
// Whatever waits gives up after a long deadline; nothing depends on how fast it is.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits": cmdExits, "start": cmdStart, "starttty": cmdStartTTY, "send": cmdSend, "hangup": cmdHangup, "ended": cmdEnded,
	"signal": cmdSignal, "calm": cmdCalm, "until": cmdUntil, "grab": cmdGrab, "committed": cmdCommitted, "logged": cmdLogged, "grows": cmdGrows,
	"shows": cmdShows, "released": cmdReleased,
	"json": cmdJSON, "jsonkeys": cmdJSONKeys, "occupy": cmdOccupy, "get": cmdGet,
	"gzips": cmdGzips, "gunzips": cmdGunzips, "locks": cmdLocks, "flip": cmdFlip, "cut": cmdCut, "dropline": cmdDropline, "edit": cmdEdit,
}

// patience is how long a process of a test waits for what another one has for a moment.
const patience = 2 * time.Minute

// begun is about when the tests began.
var begun = time.Now()

// waitEnd is until when a test waits from now on for what has to come: a quarter of what go test gives to all of them, which
// a busy machine may well need. Who has waited in vain leaves the rest to the others, and the time to say what did not come.
func waitEnd() time.Time {
	limit := flag.Lookup("test.timeout").Value.(flag.Getter).Get().(time.Duration)
	if limit == 0 {
		limit = 24 * time.Hour
	}
	last, mine := begun.Add(limit-min(limit/4, 30*time.Second)), time.Now().Add(limit/4)
	if mine.Before(last) {
		return mine
	}
	return last
}

// poll asks done again and again until it is true. It reports false when the time for that is over.
func poll(done func() bool) bool { return pollEvery(5*time.Millisecond, done) }

func pollEvery(pause time.Duration, done func() bool) bool {
	for end := waitEnd(); !done(); time.Sleep(pause) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// sharedRoom is more than the links of a run take of the memory that processes can share.
const sharedRoom = 256 << 20

// condition knows [root], [race] (the race detector makes everything slow), [manycores] (enough for the
// pinned profile), [unshare]: a file system can be mounted that nobody else sees, [strace]: it can make
// a system call fail, and [sharedmemory]: there is enough of it for a run, which a container may not have.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "race":
		return raceDetector, nil
	case "manycores":
		machine := host.Detect()
		return machine.Usable() > box.BusyStages, nil
	case "sharedmemory":
		free, err := host.Free("/dev/shm")
		return err == nil && free > sharedRoom, nil
	case "unshare":
		return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", os.TempDir()).Run() == nil, nil
	case "strace":
		trial := "strace -qq -o /dev/null true && ! strace -qq -o /dev/null -e inject=unlink,unlinkat:error=EIO rm -f none 2>/dev/null"
		return exec.Command("sh", "-c", trial).Run() == nil, nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

func usage(ts *testscript.TestScript, ok bool, text string) {
	if !ok {
		ts.Fatalf("usage: %s", text)
	}
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}

// slow is what a run may say on a busy machine, whose disk stands still for a second now and then.
var slow = regexp.MustCompile(`(?m)^(time=\S+ level=WARN msg="(no batch commits|batches commit again|deadline missed)"|threads: |memory: ).*\n`)

func cmdCalm(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 0, "calm")
	if rest := slow.ReplaceAllString(ts.ReadFile("stderr"), ""); rest != "" {
		ts.Fatalf("unexpected on standard error:\n%s", rest)
	}
}

func cmdUntil(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 2 || len(args) == 3), "until FILE [COUNT] REGEXP")
	count := 1
	if len(args) == 3 {
		count = number(ts, args[1])
	}
	waitFor(ts, args[0], args[len(args)-1], count)
}

func cmdGrab(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "grab VAR FILE REGEXP")
	ts.Setenv(args[0], waitFor(ts, args[1], args[2], 1)[0][1])
}

// waitFor waits until the file has count matches, and returns them with their groups.
func waitFor(ts *testscript.TestScript, file, pattern string, count int) [][]string {
	re, err := regexp.Compile(`(?m)` + pattern)
	ts.Check(err)
	var text []byte
	var found [][]string
	if !poll(func() bool {
		text = nil
		if names, err := filepath.Glob(ts.MkAbs(file)); err == nil && len(names) > 0 { // it may not be there yet
			text, _ = os.ReadFile(names[0])
		}
		found = re.FindAllStringSubmatch(string(text), count) // a log of 64 MiB has as many matches of a dot
		return len(found) >= count
	}) {
		stateOf(ts).vain(ts, "%s has %d matches of %q, want %d:\n%s", file, len(found), pattern, count, text)
	}
	return found
}

func cmdOccupy(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "occupy VAR")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}

func cmdGet(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "get URL")
	client := http.Client{Timeout: time.Until(waitEnd())}
	resp, err := client.Get(args[0])
	ts.Check(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s", args[0], resp.Status)
	}
	_, err = io.Copy(ts.Stdout(), resp.Body)
	ts.Check(err)
}

// lookup follows a dotted path such as latency_us.pre_commit.p50 or 1.records.
func lookup(v any, path string) (any, bool) {
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			next, ok := in[name]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(name)
			if name == "last" {
				i, err = len(in)-1, nil
			}
			if err != nil || i < 0 || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}

func parseJSON(ts *testscript.TestScript, file string) any {
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(file)), &v); err != nil {
		ts.Fatalf("%s is not JSON: %v", file, err)
	}
	return v
}

func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 4, "json FILE A OP B")
	v := parseJSON(ts, args[0])
	left, ok := lookup(v, args[1])
	if !ok {
		ts.Fatalf("%s has no %s", args[0], args[1])
	}
	var right any
	if json.Unmarshal([]byte(args[3]), &right) != nil {
		if right, ok = lookup(v, args[3]); !ok {
			right = args[3]
		}
	}
	a, aNumber := left.(float64)
	b, bNumber := right.(float64)
	switch args[2] {
	case "=":
		ok = left == right
	case "!=":
		ok = left != right
	case "<":
		ok = aNumber && bNumber && a < b
	case ">":
		ok = aNumber && bNumber && a > b
	default:
		ts.Fatalf("json: unknown operator %s", args[2])
	}
	if !ok {
		ts.Fatalf("%s: want %s %s %s, got %v and %v", args[0], args[1], args[2], args[3], left, right)
	}
}

// reportKeys are the keys of a report that programs may rely on, by type.
var reportKeys = func() map[string]string {
	keys := map[string]string{
		"commands": "count", "orders_accepted": "count", "trades": "count", "fills_expected": "count", "fills_matched": "count",
		"batches_committed": "count", "batches_aborted": "count", "elapsed_s": "number", "commands_per_s": "number",
		"trades_per_s": "number", "durable": "bool", "profile": "string", "engine.chain": "chain", "verified": "bool",
	}
	for _, stage := range []string{"order_to_match", "batch_decision", "can_commit", "pre_commit", "do_commit", "order_to_commit"} {
		for _, p := range []string{"p50", "p90", "p99", "p999", "max"} {
			keys["latency_us."+stage+"."+p] = "number"
		}
		keys["latency_us."+stage+".count"] = "count"
	}
	for _, role := range []string{"risk", "settlement", "marketdata"} {
		keys["participants."+role+".applied_batches"] = "count"
		keys["participants."+role+".applied_trades"] = "count"
		keys["participants."+role+".chain"] = "chain"
	}
	return keys
}()

var chainPattern = regexp.MustCompile(`^[0-9a-f]{16}$`)

func cmdJSONKeys(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "jsonkeys FILE")
	report := parseJSON(ts, args[0])
	for path, kind := range reportKeys {
		v, ok := lookup(report, path)
		if !ok {
			ts.Fatalf("%s has no %s", args[0], path)
		}
		n, isNumber := v.(float64)
		text, isString := v.(string)
		_, isBool := v.(bool)
		switch kind {
		case "number":
			ok = isNumber && n >= 0
		case "count":
			ok = isNumber && n >= 0 && n == math.Trunc(n)
		case "string":
			ok = isString && text != ""
		case "chain":
			ok = isString && chainPattern.MatchString(text)
		case "bool":
			ok = isBool
		}
		if !ok {
			ts.Fatalf("%s: %s is %v, want a %s", args[0], path, v, kind)
		}
	}
}
