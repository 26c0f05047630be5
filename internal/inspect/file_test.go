package inspect_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/internal/inspect"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
	"github.com/tezi-exchange/tezi/internal/participant"
)

// shown is what OneFile shows of a file, below its name.
func shown(t *testing.T, path string) string {
	t.Helper()
	file, err := inspect.OneFile(path)
	if err != nil || file == nil {
		t.Fatalf("%s: shown as %v, %v", path, file, err)
	}
	var text bytes.Buffer
	if err := file.WriteTable(&text); err != nil {
		t.Fatal(err)
	}
	below, ok := strings.CutPrefix(text.String(), path+"\n")
	if !ok {
		t.Errorf("%s is not named in\n%s", path, text.String())
	}
	return below
}

// TestSnapshotFile: a snapshot was once taken for a capture, and for none: "binary data".
func TestSnapshotFile(t *testing.T) {
	for _, c := range []struct {
		id   snapshot.Identity
		want string
	}{
		{snapshot.Identity{Cluster: 7, Node: 16, Kind: snapshot.Engine}, `  snapshot    engine, behind record 4711 of its log: a start can read on from there
  cluster     7, node 16
  state       9 bytes, whole
`},
		{snapshot.Identity{Cluster: 7, Node: 2, Kind: snapshot.Participant}, `  snapshot    participant, behind record 4711 of its log: a start can read on from there
  cluster     7, node 2
  state       in the log, as a checkpoint before that record
`},
		{snapshot.Identity{Kind: snapshot.Tape}, `  snapshot    tape, behind record 4711 of its log: a start can read on from there
  state       9 bytes, whole
`},
	} {
		dir := t.TempDir()
		if err := snapshot.NewStore(disk.Real, dir, c.id).Write(journal.Position{LSN: 4711, Chain: 5}, []byte("the state")); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "00000000000000004711.snapshot")
		if got := shown(t, path); got != c.want {
			t.Errorf("got:\n%swant:\n%s", got, c.want)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(dir, "copy")
		put(t, copied, whole)
		if got := shown(t, copied); got != c.want {
			t.Errorf("a copy, got:\n%s", got)
		}
		misnamed := filepath.Join(dir, "00000000000000004712.snapshot")
		put(t, misnamed, whole)
		cut := filepath.Join(dir, "cut")
		put(t, cut, whole[:len(whole)-1])
		whole[len(whole)-1]++
		flipped := filepath.Join(dir, "flipped")
		put(t, flipped, whole)
		for path, why := range map[string]error{misnamed: snapshot.ErrMisnamed, cut: snapshot.ErrTruncated, flipped: snapshot.ErrDamaged} {
			refused := new(snapshot.FileError)
			if file, err := inspect.OneFile(path); file != nil || !errors.As(err, &refused) || refused.Path != path || refused.Why != why {
				t.Errorf("%s: %v, %v, want %v", path, file, err, why)
			}
		}
	}
}

func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestStateFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, participant.StateFile)
	s := participant.State{Role: "risk", AppliedSeq: 9, AppliedBatches: 8, AppliedTrades: 70, Chain: "00000000000000aa", Digest: "00000000000000bb"}
	for finished, when := range map[bool]string{true: "at the end of the run", false: "when it was interrupted: it may lag behind the others"} {
		s.Finished = finished
		if err := participant.WriteState(dir, s); err != nil {
			t.Fatal(err)
		}
		want := "  saved       by risk, " + when + `
  applied     to 9: 8 batches, 70 trades
  chain       00000000000000aa
  digest      00000000000000bb
`
		if got := shown(t, path); got != want {
			t.Errorf("got:\n%swant:\n%s", got, want)
		}
	}
	put(t, path, []byte("{"))
	if file, err := inspect.OneFile(path); file != nil || err == nil || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("damaged: %v, %v", file, err)
	}
	put(t, path, []byte(`{"role": "none of ours"}`))
	if file, err := inspect.OneFile(path); file != nil || err != nil {
		t.Errorf("of somebody else: %v, %v", file, err)
	}
}

// TestDirOf: a segment is read as a part of its log, and a name alone is no segment.
func TestDirOf(t *testing.T) {
	dir := t.TempDir()
	for name, part := range map[string]bool{"00000000000000000001.journal": true, "run.json": true, "my.journal": false, "state.json": false} {
		path := filepath.Join(dir, name)
		if got, ok := inspect.DirOf(path); ok {
			t.Errorf("%s is not there, and read as part of %s", name, got)
		}
		put(t, path, nil)
		if got, ok := inspect.DirOf(path); ok != part || part && got != dir {
			t.Errorf("%s: %s, %v, want %v", name, got, ok, part)
		}
	}
}
