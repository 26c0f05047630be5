package driver_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestOutside: a program of another module, testdata/outside, is built with what this one exports, and runs: its own
// participants, the suite that every participant has to pass, a coordinator, a commit and a refusal.
func TestOutside(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const ours = "github.com/tezi-exchange/tezi"
	mod := bytes.Replace(read(filepath.Join(root, "go.mod")), []byte("module "+ours), []byte("module example.org/outside"), 1)
	mod = fmt.Appendf(mod, "\nrequire %s v0.0.0\n\nreplace %s => %s\n", ours, ours, root)
	dir := t.TempDir()
	for name, b := range map[string][]byte{
		"go.mod": mod, "go.sum": read(filepath.Join(root, "go.sum")), "ledger_test.go": read("testdata/outside/ledger_test.go"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "test", "-mod=mod", ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
