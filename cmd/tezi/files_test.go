package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// rewrite replaces a file by what change makes of it.
func rewrite(ts *testscript.TestScript, file string, change func([]byte) []byte) {
	path := ts.MkAbs(file)
	body, err := os.ReadFile(path)
	ts.Check(err)
	ts.Check(os.WriteFile(path, change(body), 0o644))
}

func cmdGzips(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "gzips N IN OUT")
	members, body := number(ts, args[0]), []byte(ts.ReadFile(args[1]))
	var out bytes.Buffer
	for i := range members {
		w := gzip.NewWriter(&out)
		_, err := w.Write(body[len(body)*i/members : len(body)*(i+1)/members])
		ts.Check(err)
		ts.Check(w.Close())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), out.Bytes(), 0o644))
}

// cmdLocks takes the lock of a log until the script ends, as a process that works in it does.
func cmdLocks(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "locks DIR")
	lock, err := disk.Real.Lock(filepath.Join(ts.MkAbs(args[0]), "lock"))
	ts.Check(err)
	ts.Defer(func() { lock.Close() }) //nolint:errcheck // the script is over
}

func cmdGunzips(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "gunzips FILE")
	r, err := gzip.NewReader(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	n, err := io.Copy(io.Discard, r)
	ts.Check(err)
	if n == 0 {
		ts.Fatalf("%s holds nothing", args[0])
	}
}

func cmdFlip(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "flip FILE")
	rewrite(ts, args[0], func(body []byte) []byte {
		used := len(bytes.TrimRight(body, "\x00")) // a log is reserved beyond its end
		body[used/2] ^= 0x10
		return body
	})
}

func cmdCut(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "cut FILE PERCENT OUT")
	body := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(body[:len(body)*number(ts, args[1])/100]), 0o644))
}

func cmdDropline(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "dropline FILE N")
	n := number(ts, args[1])
	rewrite(ts, args[0], func(body []byte) []byte {
		lines := bytes.SplitAfter(body, []byte{'\n'})
		return bytes.Join(append(lines[:n-1:n-1], lines[n:]...), nil)
	})
}

func cmdEdit(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "edit FILE OLD NEW")
	rewrite(ts, args[0], func(body []byte) []byte {
		text := strings.Replace(string(body), args[1], args[2], 1)
		if text == string(body) {
			ts.Fatalf("%s holds no %q", args[0], args[1])
		}
		return []byte(text)
	})
}
