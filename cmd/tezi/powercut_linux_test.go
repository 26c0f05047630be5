package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/proxy"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// logRecord is a record of a journal with its place in the file (docs/formats/journal.md).
type logRecord struct {
	from, to    int64 // with padding
	lsn, synced uint64
	kind        uint8
	body        []byte
}

// lastSegment reads the last segment of a log that nobody writes, as the page of its format draws it.
func lastSegment(t *testing.T, dir string) (path string, all []logRecord) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no log, %v", dir, err)
	}
	path = files[len(files)-1]
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const head = 32
	for at := int64(0); at+head <= int64(len(b)); {
		if binary.LittleEndian.Uint16(b[at+18:]) != 0x6a7a {
			break
		}
		n := int64(binary.LittleEndian.Uint32(b[at+4:]))
		to := at + head + (n+7)/8*8
		all = append(all, logRecord{
			at, to, binary.LittleEndian.Uint64(b[at+8:]), binary.LittleEndian.Uint64(b[at+24:]), b[at+16], b[at+head : at+head+n],
		})
		at = to
	}
	return path, all
}

// seqOf is what a record of the commit protocol is about.
func seqOf(r logRecord) batch3pc.Seq { return batch3pc.Seq(binary.LittleEndian.Uint64(r.body[16:])) }

// promised is the number of records of a participant's log that others may rely on, if it has acknowledged nothing
// from a batch on: those up to its last promise. What is behind may not have been synced.
func promised(all []logRecord, batch batch3pc.Seq) int {
	keep := 0
	for i, r := range all {
		switch batch3pc.RecordKind(r.kind) {
		case batch3pc.RecordPreCommit:
			if seqOf(r) >= batch {
				continue
			}
		case batch3pc.RecordPromise, batch3pc.RecordStart, batch3pc.RecordIdentity, batch3pc.RecordSnapshot:
		default:
			if r.kind != 0 {
				continue
			}
		}
		keep = i + 1
	}
	return keep
}

// sealedBefore is the number of records of the command log that must be durable if nothing from a batch on was
// pre-committed.
func sealedBefore(t *testing.T, all []logRecord, batch batch3pc.Seq) int {
	t.Helper()
	keep := 0
	for i, r := range all {
		switch r.kind {
		case engine.RecordSealed:
			s, err := engine.DecodeSealed(r.body)
			if err != nil {
				t.Fatal(err)
			}
			if s.Seq < batch {
				keep = i + 1
			}
		case uint8(batch3pc.RecordEpoch), 0:
			keep = i + 1
		}
	}
	return keep
}

// synced is the number of records of a log that were synced, as those behind them say.
func synced(all []logRecord) int {
	var most uint64
	for _, r := range all {
		most = max(most, r.synced)
	}
	return slices.IndexFunc(append(all, logRecord{lsn: most + 1}), func(r logRecord) bool { return r.lsn > most })
}

// tails are what a power cut may leave of what was written behind a place and not synced.
var tails = []struct {
	name string
	do   func(r *rand.Rand, b []byte)
}{
	{"lost", func(_ *rand.Rand, b []byte) { clear(b) }},
	{"half", func(r *rand.Rand, b []byte) { clear(b[r.IntN(len(b)):]) }},
	{"some sectors", func(r *rand.Rand, b []byte) {
		for s := range slices.Chunk(b, sector) {
			if r.IntN(2) == 0 {
				clear(s)
			}
		}
	}},
	{"garbage in a sector", func(r *rand.Rand, b []byte) {
		s := b[r.IntN(len(b)):]
		for i := range s[:min(len(s), sector)] {
			s[i] = byte(r.Uint32())
		}
	}},
}

const sector = 512

// tear does to the records behind the first keep of a log what a power cut may.
func tear(t *testing.T, dir string, keep func([]logRecord) int, how func(*rand.Rand, []byte), r *rand.Rand) {
	t.Helper()
	path, all := lastSegment(t, dir)
	n := max(keep(all), synced(all))
	if n == len(all) {
		return
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, all[len(all)-1].to-all[n].from)
	if _, err := f.ReadAt(b, all[n].from); err != nil {
		t.Fatal(err)
	}
	how(r, b)
	if _, err := f.WriteAt(b, all[n].from); err != nil {
		t.Fatal(err)
	}
}

// TestPowerCut kills everything at once in the middle of a commit, and takes from every log what was not promised to
// be durable: all of it, the end of it, single sectors, or leaves garbage. The run is taken up, and the day ends as
// without.
func TestPowerCut(t *testing.T) {
	d := newDay(t, killDay)
	seed := number0(t, chaosSeed, 1)
	cells := []phase{{"pre-commit", true, "PreCommit", killBatch}, {"pre-commit ack", false, "PreCommitAck", killBatch}}
	n := 0
	for _, tail := range tails {
		for _, p := range cells {
			for pass := range 4 {
				if n++; !wholeMatrix() && n%9 != 1 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%d/%s", p.name, pass, tail.name), func(t *testing.T) {
					cell(t)
					t.Parallel() // they mostly wait for disks
					r := rand.New(rand.NewPCG(uint64(seed), uint64(pass)))
					c := newCluster(t, d, "--batch", "50")
					c.arm(p.up, p.kind, p.at, pass)
					c.startEngine()
					c.held()
					c.powerCut()
					c.tearAll(p, pass, tail.do, r)
					c.powerOn()
					c.finish()
				})
			}
		}
	}
}

// powerCut kills everything at once.
func (c *cluster) powerCut() {
	for _, cmd := range c.engines {
		_ = cmd.Process.Kill()
	}
	for _, n := range c.nodes {
		_ = n.cmd.Process.Kill()
	}
	for _, cmd := range c.engines {
		kill9(cmd)
	}
	for _, n := range c.nodes {
		kill9(n.cmd)
	}
	c.lose()
}

func (c *cluster) powerOn() {
	c.t.Helper()
	for i := range c.nodes {
		c.startNode(i)
	}
	c.resumeEngine()
}

// tearAll tears every log. The first participants may have acknowledged the batch, and others have not.
func (c *cluster) tearAll(p phase, pass int, how func(*rand.Rand, []byte), r *rand.Rand) {
	c.t.Helper()
	for i := range c.nodes {
		batch := batch3pc.Seq(killBatch)
		if i < pass {
			batch = math.MaxUint64
		}
		tear(c.t, c.nodeDir(i), func(all []logRecord) int { return promised(all, batch) }, how, r)
	}
	if p.kind == "PreCommit" && pass == 0 {
		tear(c.t, filepath.Join(c.runDir(), rundir.EngineDir), func(all []logRecord) int { return sealedBefore(c.t, all, killBatch) }, how, r)
	}
}

// TestPowerCutLosesABatch: one participant loses a batch that the others have decided with its vote. It gets it from
// them, through an engine that does not have it either, whoever is killed meanwhile.
func TestPowerCutLosesABatch(t *testing.T) {
	d := newDay(t, killDay)
	phases := []phase{{"fetch", true, "Fetch", 1}, {"fill from another", false, "Fill", killBatch}, {"fill", true, "Fill", killBatch}}
	for i, p := range phases {
		for v, victim := range victims {
			if !wholeMatrix() && v != (i+3)%len(victims) {
				continue
			}
			t.Run(p.name+"/"+victim.name, func(t *testing.T) {
				cell(t)
				t.Parallel() // they mostly wait for disks
				c := newCluster(t, d, "--batch", "50", "--window", "1")
				c.arm(false, "PreCommitAck", killBatch, 2)
				c.startEngine()
				c.held()
				c.powerCut()
				c.forget(2)
				for _, n := range c.nodes {
					rules := proxy.Rules{Hold: proxy.Mark{Kind: p.kind, At: p.at}}
					if p.up {
						n.proxy.SetUp(rules)
					} else {
						n.proxy.SetDown(rules)
					}
				}
				c.powerOn()
				c.anyHeld()
				c.killed(v)
				c.finish()
			})
		}
	}
}

// forget takes from a participant's log what it has not told anybody, although it may have synced it: it is as if it
// had been killed before.
func (c *cluster) forget(i int) {
	c.t.Helper()
	path, all := lastSegment(c.t, c.nodeDir(i))
	if err := os.Truncate(path, all[promised(all, killBatch)].from); err != nil {
		c.t.Fatal(err)
	}
}

// anyHeld waits until one of the links is.
func (c *cluster) anyHeld() {
	c.t.Helper()
	c.until("a link to be held", func() bool {
		return slices.ContainsFunc(c.nodes, func(n *node) bool { return len(n.held) > 0 })
	})
}
