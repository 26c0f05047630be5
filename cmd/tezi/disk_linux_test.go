package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/internal/rundir"
)

// failingCalls are system calls on a log that fail from some call on, as strace injects it. strace counts the calls of
// each thread by itself.
var failingCalls = []struct{ name, call, says string }{
	{"sync fails", "fdatasync:error=EIO:when=4+", "fdatasync .*: input/output error"},
	{"write fails", "pwrite64:error=EIO:when=4+", "write .*: input/output error"},
	{"write meets a full disk", "pwrite64:error=ENOSPC:when=4+", "write .*: no space left on device"},
}

// TestDiskCallFails lets a system call on the log of one process fail. That process ends at once, says why in one
// line, and is not believed to have written anything; started again, it goes on, and the day ends as without.
func TestDiskCallFails(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector and strace together are too slow")
	}
	if ok, _ := condition("strace"); !ok {
		t.Skip("strace cannot make a system call fail here")
	}
	d := newDay(t, 4*killDay)
	for i, f := range failingCalls {
		for who := range 4 {
			if !wholeMatrix() && who != (i+1)%4 {
				continue
			}
			name := "engine"
			if who > 0 {
				name = rundir.RoleNames[who-1]
			}
			t.Run(f.name+"/"+name, func(t *testing.T) {
				cell(t)
				t.Parallel() // they mostly wait for disks
				// Even if 16 of these batches are synced at once, some thread has made four calls long before the end.
				c := newCluster(t, d, "--batch", "10")
				if who == 0 {
					c.under = straced(filepath.Join(c.runDir(), rundir.EngineDir), f.call)
				} else {
					kill9(c.nodes[who-1].cmd)
					if err := os.RemoveAll(c.nodeDir(who - 1)); err != nil {
						t.Fatal(err)
					}
					c.nodes[who-1].under = straced(c.nodeDir(who-1), f.call)
					c.startNode(who - 1)
				}
				c.startEngine()
				c.endsSaying(who, f.says)
				if who == 0 {
					c.under = nil
					c.resumeEngine()
				} else {
					c.nodes[who-1].under = nil
					c.startNode(who - 1)
				}
				c.finish()
			})
		}
	}
}

// TestDiskIsSlow lets each sync of one process's log take 300 ms. That is no fault: everything takes longer, and the day
// ends as without.
func TestDiskIsSlow(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector and strace together are too slow")
	}
	if ok, _ := condition("strace"); !ok {
		t.Skip("strace cannot make a system call slow here")
	}
	d := newDay(t, killDay)
	slow := func(dir string) []string { return straced(dir, "fdatasync:delay_enter=300000") }
	for who, name := range append([]string{"engine"}, rundir.RoleNames...) {
		if !wholeMatrix() && who != 1 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			cell(t)
			t.Parallel() // they mostly wait for disks
			c := newCluster(t, d, "--batch", "50")
			if who == 0 {
				c.under = slow(filepath.Join(c.runDir(), rundir.EngineDir))
			} else {
				kill9(c.nodes[who-1].cmd)
				if err := os.RemoveAll(c.nodeDir(who - 1)); err != nil {
					t.Fatal(err)
				}
				c.nodes[who-1].under = slow(c.nodeDir(who - 1))
				c.startNode(who - 1)
			}
			c.startEngine()
			c.finish()
		})
	}
}

// straced is a command that runs another one, in which calls on the first segment of a log fail.
func straced(dir, call string) []string {
	name, _, _ := strings.Cut(call, ":")
	return []string{"strace", "-f", "-qq", "-o", "/dev/null", "-P", filepath.Join(dir, "00000000000000000001.journal"),
		"-e", "trace=" + name, "-e", "inject=" + call}
}

// endsSaying waits for the end of the engine (0) or of a participant (1 to 3), which must be a failure told in one line.
func (c *cluster) endsSaying(who int, says string) {
	c.t.Helper()
	cmd := c.engine()
	if who > 0 {
		cmd = c.nodes[who-1].cmd
	}
	c.within("the end of "+cmd.String(), func() { _ = cmd.Wait() })
	if code := cmd.ProcessState.ExitCode(); code != exitFailure {
		c.t.Errorf("it ended with exit code %d, want %d", code, exitFailure)
	}
	text, err := os.ReadFile(c.said.Name())
	if err != nil {
		c.t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^tezi: .*$`).FindAllString(string(text), -1)
	if len(lines) != 1 || !regexp.MustCompile(says).MatchString(lines[0]) {
		c.t.Errorf("it said %q, want one line of %q", lines, says)
	}
}
