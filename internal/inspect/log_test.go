package inspect_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/inspect"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/snapshot"
	"github.com/tezi-exchange/tezi/internal/participant/marketdata"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/verify"
)

// run makes a run of a small day and returns its directory and report.
func run(t *testing.T, exposureMax int64) (string, *bench.Report) {
	t.Helper()
	day, err := workload.New(workload.Config{Seed: 5, Orders: 2000, Instruments: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer day.Close()
	o := &box.Options{
		Dir: filepath.Join(t.TempDir(), "run"), InProcess: true, Engine: engine.DefaultConfig(), Roles: rundir.DefaultRoles(),
		Profile: host.Profile{Name: host.Shared}, Log: slog.New(slog.DiscardHandler), SourceName: "test",
	}
	o.Engine.BatchTarget, o.Engine.Durable, o.Roles.ClientExposureMax = 50, false, exposureMax
	report, err := box.Execute(t.Context(), o, day)
	if err != nil {
		t.Fatal(err)
	}
	return o.Dir, report
}

func TestDir(t *testing.T) {
	dir, report := run(t, 0)
	logs, err := inspect.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	batches, trades := uint64(report.BatchesCommitted), uint64(report.Trades)
	if len(logs) != 4 || batches < 5 {
		t.Fatalf("%d logs of a run of %d batches", len(logs), batches)
	}
	for i, name := range []string{"engine", "risk", "settlement", "marketdata"} {
		l := logs[i]
		if l.Dir != filepath.Join(dir, name) || l.Missing || l.Torn != "" || l.Records == 0 || l.Bytes == 0 || l.Ballots != 1 {
			t.Errorf("%s: %+v", name, l)
		}
		last := batches + 1 // the first entry of a stream names the logs
		if uint64(l.LastBatch) != last || uint64(l.Committed) != last || l.Trades != trades {
			t.Errorf("%s: last batch %d, committed %d, %d trades; the run has %d with %d", name, l.LastBatch, l.Committed, l.Trades, batches, trades)
		}
		if l.Batches != batches || l.Openings != 1 {
			t.Errorf("%s: %d batches and %d openings, want %d and 1", name, l.Batches, l.Openings, batches)
		}
		var sum uint64
		for _, n := range l.ByKind {
			sum += n
		}
		if sum != l.Records {
			t.Errorf("%s: %d records, by kind %v", name, l.Records, l.ByKind)
		}
	}
	// With what tells of the market: definitions, rules, phases.
	if got := logs[0]; got.Commands < got.Asked+5 || got.Asked != uint64(report.Commands) || got.ByKind["sealed"] != batches || got.ByKind["decided"] == 0 {
		t.Errorf("engine: %d commands, %d asked, by kind %v; the report has %d", got.Commands, got.Asked, got.ByKind, report.Commands)
	}
	if got := logs[1]; got.Commands != 0 || got.ByKind["batch"] != batches+1 || got.ByKind["commit"] == 0 {
		t.Errorf("risk: %d commands, by kind %v", got.Commands, got.ByKind)
	}

	one, err := inspect.Dir(filepath.Join(dir, "risk"))
	if err != nil || len(one) != 1 || one[0].Records != logs[1].Records {
		t.Errorf("risk alone: %+v, %v", one, err)
	}
	tape, err := inspect.Dir(filepath.Join(dir, "marketdata", marketdata.TapeDir))
	if err != nil || tape[0].ByKind["tape"] != batches || tape[0].Trades != trades || uint64(tape[0].Committed) != batches+1 {
		t.Errorf("tape: %+v, %v", tape[0], err)
	}
}

func TestVetoes(t *testing.T) {
	dir, report := run(t, 20_000_000)
	if report.BatchesAborted == 0 {
		t.Fatal("no batch was aborted: the test proves nothing")
	}
	logs, err := inspect.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if logs[0].ByKind["veto"] == 0 || logs[1].Ballots < 2 {
		t.Errorf("engine %v, risk %v with %d ballots", logs[0].ByKind, logs[1].ByKind, logs[1].Ballots)
	}
}

func TestNoLog(t *testing.T) {
	dir := t.TempDir()
	if _, err := inspect.Dir(dir); !errors.Is(err, inspect.ErrNoLog) || !strings.HasPrefix(err.Error(), dir+": ") {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := inspect.Dir(filepath.Join(dir, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	// A name that a pattern would not match is a name.
	odd := filepath.Join(dir, "a[b")
	j, err := journal.Open(odd, journal.Options{SegmentSize: 1 << 20, RecordMax: 1 << 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if logs, err := inspect.Dir(odd); err != nil || logs[0].Records != 0 {
		t.Errorf("a log without records: %v, %v", logs, err)
	}
}

// TestMissingLogs: the participants of a run may have kept their logs elsewhere.
func TestMissingLogs(t *testing.T) {
	dir, _ := run(t, 0)
	if err := os.RemoveAll(filepath.Join(dir, "risk")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, "settlement")), os.Mkdir(filepath.Join(dir, "settlement"), 0o755)); err != nil {
		t.Fatal(err)
	}
	logs, err := inspect.Dir(dir)
	if err != nil || len(logs) != 4 || !logs[1].Missing || !logs[2].Missing || logs[0].Missing || logs[3].Missing {
		t.Fatalf("%+v, %v", logs, err)
	}
	var text bytes.Buffer
	for _, l := range logs {
		if err := l.WriteTable(&text); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(text.String(), "\n  no log here\n"); n != 2 {
		t.Errorf("%d of the logs are told to be elsewhere:\n%s", n, text.String())
	}
}

// TestTruncated gives the logs of a run small segments and truncates them behind a snapshot: inspect tells
// where they begin. Without a state in place of what is gone, verify proves nothing.
func TestTruncated(t *testing.T) {
	for _, name := range []string{"engine", "risk"} {
		dir, _ := run(t, 0)
		log := filepath.Join(dir, name)
		whole, err := inspect.Dir(log)
		if err != nil {
			t.Fatal(err)
		}
		first := truncate(t, log)
		logs, err := inspect.Dir(log)
		if err != nil || logs[0].First != first || logs[0].Records != whole[0].Records-first+1 {
			t.Fatalf("%s: %+v, %v, want it to begin with record %d", name, logs, err, first)
		}
		var text bytes.Buffer
		if err := logs[0].WriteTable(&text); err != nil || !strings.Contains(text.String(), fmt.Sprintf("\n  truncated   begins with record %d, ", first)) {
			t.Errorf("%s: the table does not tell (%v):\n%s", name, err, text.String())
		}
		if _, err := verify.Run(dir); err == nil {
			t.Errorf("%s: verified, although nothing stands for what was cut", name)
		}
	}
}

// truncate rewrites a log in small segments, truncates it, and returns the number of its first record.
func truncate(t *testing.T, log string) uint64 {
	t.Helper()
	old := log + ".old"
	if err := os.Rename(log, old); err != nil {
		t.Fatal(err)
	}
	r, err := journal.NewReader(old)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // read only
	j, err := journal.Open(log, journal.Options{SegmentSize: 10 << 10, RecordMax: 9 << 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			_, err = j.Append(rec.Kind, rec.Body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	store := snapshot.NewStore(disk.Real, log, snapshot.Identity{})
	err = errors.Join(j.Flush(), j.Sync(), store.Write(j.Position(), nil), j.TruncateBefore(j.LSN()), j.Close())
	if err != nil {
		t.Fatal(err)
	}
	if r, err = journal.NewReader(log); err != nil || r.First() == 1 {
		t.Fatalf("%s was not truncated: %v", log, err)
	}
	return r.First()
}

// segment returns the first segment of a log, and where the zeros behind its records begin.
func segment(t *testing.T, dir string) (path string, used int) {
	t.Helper()
	path = filepath.Join(dir, "00000000000000000001.journal")
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, len(bytes.TrimRight(body, "\x00"))
}

func overwrite(t *testing.T, path string, at int, with ...byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(with, int64(at))
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestTornAndDamaged(t *testing.T) {
	dir, _ := run(t, 0)
	risk := filepath.Join(dir, "risk")
	whole, err := inspect.Dir(risk)
	if err != nil {
		t.Fatal(err)
	}
	path, used := segment(t, risk)
	overwrite(t, path, used+64, 1, 2, 3)
	torn, err := inspect.Dir(risk)
	if err != nil || torn[0].Records != whole[0].Records || !strings.HasPrefix(torn[0].Torn, path+", offset ") {
		t.Fatalf("with a torn tail: %+v, %v", torn, err)
	}
	var text bytes.Buffer
	if err := torn[0].WriteTable(&text); err != nil || !strings.Contains(text.String(), "\n  torn tail   "+path+", offset ") {
		t.Errorf("the torn tail is not told (%v):\n%s", err, text.String())
	}

	overwrite(t, path, used/2, 0xff, 0xff, 0xff)
	var damage *journal.DamageError
	if _, err := inspect.Dir(risk); !errors.As(err, &damage) || damage.File != path || !strings.Contains(err.Error(), "after ") {
		t.Errorf("damaged: %v", err)
	}
	if _, err := inspect.Dir(dir); !errors.As(err, &damage) {
		t.Errorf("a run with a damaged log: %v", err)
	}
}

// TestForeignRecords: a record with a good checksum and a body that nobody would write is told.
func TestForeignRecords(t *testing.T) {
	for name, kind := range map[string]uint8{
		"sealed": engine.RecordSealed, "decided": engine.RecordDecided, "tape": marketdata.RecordTape,
		"batch": uint8(batch3pc.RecordBatch), "unknown": 200,
	} {
		dir := filepath.Join(t.TempDir(), "log")
		j, err := journal.Open(dir, journal.Options{SegmentSize: 1 << 20, RecordMax: 1 << 10}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.Append(kind, []byte("abc")); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := inspect.Dir(dir); err == nil || !strings.HasPrefix(err.Error(), dir+": after 1 records: ") {
			t.Errorf("a %s record of 3 bytes: %v", name, err)
		}
	}
}

func TestTable(t *testing.T) {
	l := inspect.Log{
		Dir: "run/engine", Records: 7, Bytes: 640, ByKind: map[string]uint64{"sealed": 2, "commands": 4, "epoch": 1},
		Commands: 9, Asked: 7, Trades: 5, Batches: 2, Openings: 1, LastBatch: 3, Committed: 1, Ballots: 1,
	}
	var text bytes.Buffer
	if err := l.WriteTable(&text); err != nil {
		t.Fatal(err)
	}
	want := `run/engine
  records     7, 640 bytes
    commands  4
    epoch     1
    sealed    2
  commands    9: 7 of members, 2 of the exchange
  batches     2 and 1 opening of members, to 3, committed to 1, 5 trades written, 1 ballot
`
	if text.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", text.String(), want)
	}
	if err := l.WriteTable(failing{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestRepairCutShort: what a crash has left of a repair behind its point of no return is the repaired log. It was once
// read as the damaged one.
func TestRepairCutShort(t *testing.T) {
	dir, _ := run(t, 0)
	risk := filepath.Join(dir, "risk")
	want, err := inspect.Dir(risk)
	if err != nil {
		t.Fatal(err)
	}
	path, used := segment(t, risk)
	whole := strings.TrimSuffix(path, journal.SegmentSuffix) + ".rewritten"
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.Rename(path, whole)
	}
	if err == nil {
		b[used/2]++
		err = errors.Join(os.WriteFile(path, b[:used], 0o600), os.WriteFile(filepath.Join(risk, "repair"), []byte("1\nend"), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := inspect.Dir(risk)
	if err != nil || got[0].Repairing != 1 || got[0].Records != want[0].Records {
		t.Fatalf("inspect: %v, %+v, want %d records of a repair of one segment", err, got, want[0].Records)
	}
	var table strings.Builder
	if err := got[0].WriteTable(&table); err != nil || !strings.Contains(table.String(), "\n  repair      cut short: ") {
		t.Errorf("%v, the table\n%s", err, table.String())
	}
	res, err := verify.Run(dir)
	if err != nil || !res.Complete || res.Participants[0].Repairing != 1 || res.Participants[1].Repairing != 0 {
		t.Errorf("verify: %v, %+v", err, res)
	}
}

// TestDirWithoutRunFile: a run whose run file is damaged is none that anything else takes. Its logs are told, and that; it was
// once told as a run like any other.
func TestDirWithoutRunFile(t *testing.T) {
	dir, _ := run(t, 0)
	if err := os.WriteFile(filepath.Join(dir, rundir.File), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	logs, err := inspect.Dir(dir)
	refused := new(rundir.RefusedError)
	if !errors.As(err, &refused) || len(logs) != 4 || logs[0].Records == 0 {
		t.Errorf("%d logs, %v", len(logs), err)
	}
}
