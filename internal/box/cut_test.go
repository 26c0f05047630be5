package box

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
	"github.com/tezi-exchange/tezi/internal/participant/marketdata"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/verify"
)

// waiting is a source that stops after so many commands until something has happened, and again after as
// many more.
type waiting struct {
	Source
	every, read int
	until       func(times int) bool
}

func (w *waiting) Next(c *codec.Command) error {
	if w.read > 0 && w.read%w.every == 0 {
		for !w.until(w.read / w.every) {
			time.Sleep(time.Millisecond)
		}
	}
	w.read++
	return w.Source.Next(c)
}

// filesOptions are those of a run in one process, with logs of this size.
func filesOptions(t *testing.T, files rounds.Files) *Options {
	return &Options{
		Dir: filepath.Join(t.TempDir(), "run"), InProcess: true, Engine: engine.DefaultConfig(), Roles: rundir.DefaultRoles(),
		Profile: host.Profile{Name: host.Shared}, Log: slog.New(slog.DiscardHandler), SourceName: "test", Files: files,
	}
}

// cutRun makes a finished run whose logs were cut several times, if they are small.
func cutRun(t *testing.T, files rounds.Files, cut bool) string {
	t.Helper()
	day, err := workload.New(workload.Config{Seed: 5, Orders: 20_000, Instruments: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer day.Close()
	o := filesOptions(t, files)
	o.Checkpoint, o.Snapshot, o.CutLogs = 9, 2000, cut
	o.Engine.BatchTarget = 50
	end := waitEnd(t)
	source := &waiting{Source: day, every: 4000}
	seen := uint64(0)
	source.until = func(n int) bool {
		newest, err := newestSnapshot(o.Dir)
		if err != nil || time.Now().After(end) {
			t.Errorf("no snapshot after %d commands: %v", n*4000, err)
			return true
		}
		if newest > seen {
			seen = newest
			return true
		}
		return false
	}
	if _, err := Execute(t.Context(), o, source); err != nil {
		t.Fatal(err)
	}
	return o.Dir
}

// newestSnapshot is the record of the newest snapshot of the command log.
func newestSnapshot(dir string) (uint64, error) {
	run, err := rundir.Read(dir)
	if err != nil {
		return 0, err
	}
	log := rundir.NewCommandLog(dir, run.Cluster)
	latest, _, err := log.Snapshots.Latest()
	if errors.Is(err, fs.ErrNotExist) { // it was just replaced
		err = nil
	}
	return latest.At.LSN, err
}

// smallFiles make logs that are cut within a small run, largeFiles such that are not.
var (
	smallFiles = rounds.Files{SegmentSize: 192 << 10, RecordMax: 128 << 10}
	largeFiles = rounds.Files{SegmentSize: 4 << 20, RecordMax: 1 << 20}
)

// TestCutRun: logs that were cut are proven as far as they go, and the states from the first trade on.
func TestCutRun(t *testing.T) {
	dir := cutRun(t, smallFiles, true)
	marks, err := filepath.Glob(filepath.Join(rundir.RoleDir(dir, "marketdata"), marketdata.TapeDir, "*.snapshot"))
	if err != nil || len(marks) == 0 {
		t.Errorf("the log of market data was cut, and its tape was not made durable before: marks %v, %v", marks, err)
	}
	var progress verify.Progress
	got, err := verify.RunWatched(dir, &progress)
	if err != nil {
		t.Fatal(err)
	}
	if p := progress.Status(); p.Done != p.Total || p.Total <= got.Commands-got.RematchedFrom || p.Batches != got.Batches || p.Trades != got.Trades {
		t.Errorf("in the end it has come to %+v, want everything of %+v", p, got)
	}
	if got.FromTape == 0 || got.EngineRestsOn == 0 || got.Snapshots != 1 || got.RematchedFrom < 1000 || got.FirstTrade != 1 {
		t.Errorf("the logs were not cut: %+v", got)
	}
	for _, p := range got.Participants {
		if p.Checkpoints < 2 || p.RestsOn != 0 || p.Batches != got.Batches {
			t.Errorf("%+v, want checkpoints and %d batches", p, got.Batches)
		}
	}
	whole, err := verify.Run(cutRun(t, smallFiles, false))
	if err != nil {
		t.Fatal(err)
	}
	if whole.FromTape != 0 || whole.EngineRestsOn != 0 || whole.Snapshots != 2 || whole.RematchedFrom != 1 {
		t.Errorf("logs that are whole: %+v", whole)
	}
	if whole.StateHash != got.StateHash || whole.Commands != got.Commands {
		t.Errorf("books %s after %d commands, and %s after %d with whole logs", got.StateHash, got.Commands, whole.StateHash, whole.Commands)
	}
}

// replaceSnapshot replaces one of the two snapshots of the engine by what change makes of them.
func replaceSnapshot(which int, change func(t *testing.T, log rundir.CommandLog, limits engine.Limits, all []snapshot.Snapshot) []byte) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		run, err := rundir.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		log := rundir.NewCommandLog(dir, run.Cluster)
		all, err := log.Snapshots.All()
		if err != nil || len(all) != 2 {
			t.Fatal(len(all), err)
		}
		body := change(t, log, run.Limits, all)
		if err := log.Snapshots.Write(all[which].At, body); err != nil {
			t.Fatal(err)
		}
	}
}

// otherOrder makes the newest snapshot again from the one before, with one share more in one order of which
// nothing is seen outside: it has not traded. The orders that came last are the likeliest.
func otherOrder(t *testing.T, log rundir.CommandLog, limits engine.Limits, all []snapshot.Snapshot) []byte {
	var entered []int // which commands behind the one before are entries
	commands := func(take func(n int, cmd *codec.Command), record func(kind uint8, b []byte) error) error {
		n := 0
		_, err := readLog(log.Dir, all[0].At, all[1].At, func(kind uint8, b []byte) error {
			b = bytes.Clone(b)
			if cmds, ok := codec.Commands(b); ok && kind == engine.RecordCommands {
				for i := range cmds {
					take(n, &cmds[i])
					n++
				}
				b = codec.CommandBytes(cmds)
			}
			return record(kind, b)
		})
		return err
	}
	if err := commands(func(n int, cmd *codec.Command) {
		if cmd.Kind == codec.KindNew {
			entered = append(entered, n)
		}
	}, func(uint8, []byte) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, changed := range slices.Backward(entered[max(0, len(entered)-1000):]) {
		r, err := engine.RestoreReplica(limits, all[0].Body)
		if err != nil {
			t.Fatal(err)
		}
		body := []byte(nil)
		if err = commands(func(n int, cmd *codec.Command) {
			if n == changed {
				cmd.Qty++
			}
		}, r.Take); err == nil {
			body = r.AppendSnapshot(nil)
		}
		r.Close()
		if body != nil && len(body) == len(all[1].Body) && !bytes.Equal(body, all[1].Body) {
			return body
		}
	}
	t.Fatalf("none of the last of %d orders of which nothing is seen", len(entered))
	return nil
}

// readLog passes on the records behind after, up to one.
func readLog(dir string, after, to journal.Position, take func(kind uint8, body []byte) error) (journal.Position, error) {
	r, err := journal.NewReaderOn(disk.Real, dir, after)
	if err != nil {
		return after, err
	}
	defer r.Close() //nolint:errcheck // read only
	for r.Position().LSN < to.LSN {
		rec, err := r.Next()
		if err == nil {
			err = take(rec.Kind, rec.Body)
		}
		if err != nil {
			return r.Position(), err
		}
	}
	return r.Position(), nil
}

// falseCheckpoint adds a trade to the last row of the nth checkpoint in the log of risk, under right
// checksums.
func falseCheckpoint(nth int) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		n := 0
		rewrite(t, rundir.RoleDir(dir, "risk"), func(kind uint8, body []byte, put func(uint8, []byte)) {
			var r batch3pc.Record
			var b batch3pc.Batch
			if err := codec.DecodeRecord(kind, body, &r, &b); err != nil {
				t.Fatal(err)
			}
			if r.Kind == batch3pc.RecordSnapshot {
				if n++; n == nth {
					state := r.Chunk[bytes.Index(r.Chunk, []byte("TZRISK")):]
					end := len(state) - 4
					state[end-8]++
					binary.LittleEndian.PutUint32(state[end:], crc32.Checksum(state[:end], crc32.MakeTable(crc32.Castagnoli)))
					r.Digest = xxhash.Sum64(r.Chunk)
					body = codec.AppendRecord(nil, &r)
				}
			}
			put(kind, body)
		})
		if n < nth {
			t.Fatalf("%d pieces of checkpoints", n)
		}
	}
}

// TestVerifyFindsInCutLogs: what is wrong before the beginning of a log is found there too, and so is a
// checkpoint or a snapshot that is not what it says.
func TestVerifyFindsInCutLogs(t0 *testing.T) {
	runs := map[rounds.Files]string{}
	for _, tc := range []struct {
		name    string
		files   rounds.Files
		rules   string
		breakIt func(*testing.T, string)
	}{
		{"a checkpoint is another state", largeFiles, "V10", falseCheckpoint(2)},
		{"a snapshot has another order", largeFiles, "V10", replaceSnapshot(1, otherOrder)},
		{"a snapshot has another order, and the log was cut", smallFiles, "V10", replaceSnapshot(1, otherOrder)},
		{"a snapshot is that of an earlier record", smallFiles, "V10", replaceSnapshot(1, func(_ *testing.T, _ rundir.CommandLog, _ engine.Limits, all []snapshot.Snapshot) []byte {
			return all[0].Body
		})},
		{"the log begins with a later snapshot", smallFiles, "V4", replaceSnapshot(0, func(_ *testing.T, _ rundir.CommandLog, _ engine.Limits, all []snapshot.Snapshot) []byte {
			return all[1].Body
		})},
		{"the tape has another price where no log reaches", smallFiles, "V10", func(t *testing.T, dir string) {
			n := 0
			rewrite(t, filepath.Join(rundir.RoleDir(dir, "marketdata"), marketdata.TapeDir), func(kind uint8, body []byte, put func(uint8, []byte)) {
				if n++; n == 3 {
					p, err := codec.DecodePayload(body[16:], nil)
					if err != nil {
						t.Fatal(err)
					}
					p.Trades[0].Price++
					body = codec.AppendPayload(bytes.Clone(body[:16]), &p)
				}
				put(kind, body)
			})
		}},
		{"the tape lacks a batch where no log reaches", smallFiles, "V3 V10", onTape(func(n int) bool { return n != 3 })},
		{"the tape is gone", smallFiles, "V3 V10", onTape(func(int) bool { return false })},
		{"a risk file was changed", smallFiles, "V5", func(t *testing.T, dir string) {
			flip(t, filepath.Join(rundir.RoleDir(dir, "risk"), "risk.csv"))
		}},
	} {
		t0.Run(tc.name, func(t *testing.T) {
			if runs[tc.files] == "" {
				runs[tc.files] = cutRun(t0, tc.files, tc.files == smallFiles)
				if _, err := verify.Run(runs[tc.files]); err != nil {
					t.Fatalf("the untouched run: %v", err)
				}
			}
			dir := filepath.Join(t.TempDir(), "run")
			if err := os.CopyFS(dir, os.DirFS(runs[tc.files])); err != nil {
				t.Fatal(err)
			}
			tc.breakIt(t, dir)
			_, err := verify.Run(dir)
			var v *verify.Violation
			if !errors.As(err, &v) || !slices.Contains(strings.Fields(tc.rules), v.Rule) {
				t.Errorf("error %v, want a violation of %s", err, tc.rules)
			}
		})
	}
}
