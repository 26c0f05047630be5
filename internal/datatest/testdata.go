package datatest

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns the path of the recording sub, for example "lobster-aapl-20120621". Where it is
// missing the test is skipped with a message; with CI=true it fails instead, because a build server
// that silently tests less is worse than none.
func Dir(t testing.TB, sub string) string {
	t.Helper()
	dir := filepath.Join(root(t), sub)
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return dir
	}
	const hint = "recorded data %s is not there: set TEZI_DATA to the directory that holds it"
	if os.Getenv("CI") == "true" {
		t.Fatalf(hint, dir)
	} else {
		t.Skipf(hint, dir)
	}
	return ""
}

// root is TEZI_DATA or the default beside the repository, which is found by its go.mod: a test
// runs in its package's directory.
func root(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("TEZI_DATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("where is the test running? %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared", "data")
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's directory")
		}
		dir = up
	}
}
