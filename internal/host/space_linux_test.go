package host

import (
	"strings"
	"testing"
)

// A file system in memory is told, a disk and what is not there are not. The script memorydisk of cmd/tezi has the
// reports that it goes into.
func TestNotDurable(t *testing.T) {
	for dir, want := range map[string]string{"/dev/shm": "on tmpfs", "/proc": "", "/no/such/directory": ""} {
		s, err := statfs(dir)
		if want != "" && (err != nil || s.Type != 0x01021994) {
			t.Logf("%s is no tmpfs here", dir)
			continue
		}
		if got := strings.Join(NotDurable(dir), "\n"); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", dir, got, want)
		}
	}
}
