package participant

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzReadState takes any bytes as a state file: it is refused with its path, or one that can be written and read again.
func FuzzReadState(f *testing.F) {
	f.Add([]byte(`{"role": "risk", "finished": true}`))
	f.Add([]byte(`{"role": 7}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, StateFile)
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := ReadState(dir)
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%v does not name %s", err, path)
			}
			return
		}
		if err := WriteState(dir, s); err != nil {
			t.Fatal(err)
		}
		if again, err := ReadState(dir); err != nil || again != s {
			t.Errorf("%+v came back as %+v, %v", s, again, err)
		}
	})
}
