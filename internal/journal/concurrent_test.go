package journal

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestGroupCommit appends in one goroutine while another one syncs, over many rolls, and checks
// that what Synced says is in the files. Run with -race.
func TestGroupCommit(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		t.Run(fmt.Sprintf("ahead=%v", ahead), func(t *testing.T) { groupCommit(t, ahead) })
	}
}

func groupCommit(t *testing.T, ahead bool) {
	dir, small := t.TempDir(), small
	small.Ahead = ahead
	j := open(t, dir, small)
	stop, flushed := make(chan struct{}), make(chan uint64, 1)
	var syncer sync.WaitGroup
	syncer.Go(func() {
		last := uint64(0)
		for {
			select {
			case want := <-flushed:
				if err := j.Sync(); err != nil {
					t.Error(err)
					return
				}
				if now := j.Synced(); now < want || now < last {
					t.Errorf("Synced %d after flushing up to %d, before %d", now, want, last)
				}
				last = j.Synced()
			case <-stop:
				return
			}
		}
	})
	for i := range 2000 {
		fill(t, j, 1)
		if i%3 != 0 {
			continue
		}
		must(t, j.Flush())
		select {
		case flushed <- j.LSN():
		default:
		}
	}
	close(stop)
	syncer.Wait()
	if j.Syncs() == 0 {
		t.Error("nothing was synced beside the owner")
	}
	must(t, j.Close())
	if n, tail, err := reopen(t, dir, small); n != 2000 || tail.Torn || err != nil {
		t.Fatalf("%d records, %+v, %v, want 2000", n, tail, err)
	}
}

// TestReadWhileWriting reads again and again beside a writer: never damage, never a tear, always a
// longer prefix. Run with -race.
func TestReadWhileWriting(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small)
	var writer sync.WaitGroup
	done := make(chan struct{})
	writer.Go(func() {
		defer close(done)
		for range 500 {
			fill(t, j, 1)
			must(t, errors.Join(j.Flush(), j.Sync()))
		}
	})
	last := uint64(0)
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		n, _, err := readAll(t, dir)
		must(t, err)
		if n < last {
			t.Fatalf("read %d records after %d", n, last)
		}
		last = n
	}
	writer.Wait()
	if last != 500 {
		t.Fatalf("read %d records of 500", last)
	}
	must(t, j.Close())
}

const childDir = "TEZI_JOURNAL_TEST_DIR"

// TestMain lets the test binary be the process that TestKill kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
	}
	os.Exit(m.Run())
}

// child appends and syncs for ever, and prints what is durable.
func child(dir string) {
	j, err := Open(dir, small, nil)
	for err == nil {
		next := j.LSN() + 1
		if _, err = j.Append(kindOf(next), body(next)); err == nil {
			if err = errors.Join(j.Flush(), j.Sync()); err == nil {
				fmt.Println(j.Synced())
			}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// TestKill kills a writing process again and again: what it said was durable is there.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	floor := uint64(0)
	for round := range 5 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), childDir+"="+dir)
		out, err := c.StdoutPipe()
		must(t, err)
		must(t, c.Start())
		lines := bufio.NewScanner(out)
		for range 20 * (round + 1) {
			if !lines.Scan() {
				break
			}
			floor, err = strconv.ParseUint(strings.TrimSpace(lines.Text()), 10, 64)
			must(t, err)
		}
		must(t, c.Process.Kill())
		c.Wait() // the error says that it was killed
		n, _, err := readAll(t, dir)
		if err != nil || n < floor || floor == 0 {
			t.Fatalf("round %d: %d records, %v, want at least %d", round, n, err, floor)
		}
	}
	n, _, err := reopen(t, dir, small)
	if err != nil || n < floor {
		t.Fatalf("%d records, %v, want at least %d", n, err, floor)
	}
}
