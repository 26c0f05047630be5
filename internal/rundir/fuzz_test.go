package rundir

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRead takes any bytes as a run file: it is refused, or one that can be written and read again.
func FuzzRead(f *testing.F) {
	f.Add(fmt.Appendf(nil, `{"version": %d, "cluster": 7, "limits": {"orders_max": 5}, "roles": {"margin_bps": 1}}`, Version))
	f.Add([]byte(`{"version": 1}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, File), text, 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := Read(dir)
		if err != nil {
			return
		}
		if err := Write(dir, &r); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err != nil {
			t.Errorf("%q was read, and not again: %v", text, err)
		}
	})
}
