package driver_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/rounds"
)

// flip inverts a bit at a fraction of what the log of participant i+1 holds.
func (c *cast) flip(i int, at float64) {
	c.t.Helper()
	path := filepath.Join(c.dir, fmt.Sprint(i+1), "00000000000000000001.journal")
	b, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	b[int(at*float64(len(bytes.TrimRight(b, "\x00"))))] ^= 4
	if err := os.WriteFile(path, b, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// decided returns the batches that the log of participant i+1 says are committed.
func (c *cast) decided(i int) (seqs []batch3pc.Seq) {
	c.t.Helper()
	d, err := rounds.NewDecided(filepath.Join(c.dir, fmt.Sprint(i+1)))
	if err != nil {
		c.t.Fatal(err)
	}
	defer d.Close()
	last := batch3pc.Position{}
	for {
		b, err := d.Next()
		if errors.Is(err, io.EOF) {
			return seqs
		}
		if err != nil {
			c.t.Fatal(err)
		}
		if b.ParentPosition() != last || !b.Intact() {
			c.t.Fatalf("participant %d: batch %d does not follow batch %d", i+1, b.Seq, last.Seq)
		}
		last = b.Position()
		seqs = append(seqs, b.Seq)
	}
}

// TestHoles: bits flip in the logs of participants that are down, where nobody has the batches in memory
// any more. Each of them fetches what it lost, through the coordinator from the logs of the others, and
// its log tells the whole history again, in this life and in the next.
func TestHoles(t *testing.T) {
	c := newCast(t)
	lead := c.mustLead(engine, nil)
	var want []batch3pc.Seq
	commit := func(n int) {
		t.Helper()
		for range n {
			if err := lead.Commit(c.ctx(), 1, []byte("payload")); err != nil {
				t.Fatal(err)
			}
			want = append(want, batch3pc.Seq(len(want)+2)) // 1 names everybody's log
		}
	}
	commit(100) // RetainMax is 16
	for i, at := range []float64{0.1, 0.5, 0.9} {
		if err := c.nodes[i].Close(); err != nil {
			t.Fatal(err)
		}
		c.flip(i, at)
		if _, err := journal.Open(filepath.Join(c.dir, fmt.Sprint(i+1)), journal.Options{}, nil); !errors.As(err, new(*journal.DamageError)) {
			t.Fatalf("participant %d: %v, want damage", i+1, err)
		}
		c.start(i)
		commit(20)
		c.applied(want...)
	}
	for i := range c.nodes {
		if err := c.nodes[i].Close(); err != nil {
			t.Fatal(err)
		}
		if got := c.decided(i); !slices.Equal(got[1:], want) {
			t.Errorf("the log of participant %d has %v, want 1 to %d", i+1, got, len(want)+1)
		}
		c.start(i)
		commit(1)
		c.applied(want...)
	}
}

// TestBeyondRepair: without its beginning a log is as good as none, and without a record behind the
// hole that proves what was promised it is too.
func TestBeyondRepair(t *testing.T) {
	c := newCast(t)
	lead := c.mustLead(engine, nil)
	if err := lead.Commit(c.ctx(), 1, []byte("payload")); err != nil {
		t.Fatal(err)
	}
	c.applied(2)
	for i, n := range c.nodes {
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		c.flip(i, 0)
		if _, err := driver.ListenParticipant("127.0.0.1:0", c.options(i)); !errors.Is(err, driver.ErrDamaged) || !errors.As(err, new(*journal.DamageError)) {
			t.Errorf("without its beginning: %v", err)
		}
		c.flip(i, 0) // back again
	}
	dir := filepath.Join(c.dir, "1")
	var kinds []uint8
	var ends []float64
	r, err := journal.NewReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	total := 48.0
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		total += float64(32 + (len(rec.Body)+7)&^7)
		kinds, ends = append(kinds, rec.Kind), append(ends, total)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	last := len(kinds) - 1
	for kinds[last] != uint8(batch3pc.RecordPreCommit) {
		last--
	}
	b, err := os.ReadFile(filepath.Join(dir, "00000000000000000001.journal"))
	if err != nil {
		t.Fatal(err)
	}
	c.flip(0, (ends[last]-10)/float64(len(bytes.TrimRight(b, "\x00"))))
	c.apps[0] = &ledger{}
	if _, err := driver.ListenParticipant("127.0.0.1:0", c.options(0)); !errors.As(err, new(*batch3pc.RecoverError)) {
		t.Errorf("its last pre-commit is gone: %v (%v)", err, kinds)
	}
}
