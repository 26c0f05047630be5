package driver_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
)

// TestCoordinatorForgets: a coordinator whose disk is lost, or is an old copy, opens no ballot again that it has
// opened before, and leads on from what the participants hold (PROTOCOL.md 5.11).
func TestCoordinatorForgets(t *testing.T) {
	c := newCast(t)
	dir := filepath.Join(c.dir, fmt.Sprint(engine))
	old := filepath.Join(c.dir, "old")
	var ballots []batch3pc.Ballot
	var lead *driver.CoordinatorNode
	for life, before := range []func() error{
		func() error { return nil },
		func() error { return os.RemoveAll(dir) },
		func() error { return os.CopyFS(old, os.DirFS(dir)) },
		func() error { return nil },
		func() error { return errors.Join(os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(old))) },
	} {
		if lead != nil { // who was not told of its last batch hears of it from the next one
			if err := lead.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := before(); err != nil {
			t.Fatal(err)
		}
		lead = c.mustLead(engine, nil)
		if err := lead.Commit(c.ctx(), 1, fmt.Appendf(nil, "life %d", life)); err != nil {
			t.Fatal(err)
		}
		b := lead.Status().Ballot
		if slices.Contains(ballots, b) {
			t.Errorf("life %d: ballot %v again", life, b)
		}
		ballots = append(ballots, b)
	}
	for i, app := range c.apps {
		until(t, func() bool { return len(app.seqs()) == len(ballots) }, func() string {
			return fmt.Sprintf("participant %d applied %v, want a batch of each of %d lives", i+1, app.seqs(), len(ballots))
		})
	}
}
