//go:build !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

func cmdStartTTY(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("starttty is for Linux: guard it by [linux]")
}
