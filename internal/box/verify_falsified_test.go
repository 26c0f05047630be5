package box

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/participant/marketdata"
	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/verify"
)

// upToBatch keeps of a participant's log what speaks of batches up to one.
func upToBatch(last batch3pc.Seq) func(uint8, []byte, func(uint8, []byte)) {
	var at batch3pc.Position
	return func(kind uint8, body []byte, put func(uint8, []byte)) {
		var r batch3pc.Record
		var b batch3pc.Batch
		if err := codec.DecodeRecord(kind, body, &r, &b); err != nil {
			panic(err)
		}
		switch {
		case r.Batch != nil && r.Batch.Seq > last:
			return
		case r.Batch != nil && r.Batch.Seq == last:
			at = r.Batch.Position()
		case r.Batch == nil && r.Seq > last:
			r.Seq, r.Chain = at.Seq, at.Chain
			body = codec.AppendRecord(nil, &r)
		}
		put(kind, body)
	}
}

// saveAt gives a role the files and the state of an earlier batch.
func saveAt(t *testing.T, dir, name string, last batch3pc.Seq, finished bool) {
	t.Helper()
	run, err := rundir.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	role, err := rundir.NewRole(name, t.TempDir(), run.Roles)
	if err != nil {
		t.Fatal(err)
	}
	defer role.Close()
	d, err := rounds.NewDecided(rundir.RoleDir(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s := participant.State{Role: name, Finished: finished}
	for s.AppliedSeq < uint64(last) {
		b, err := d.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !b.IsGeneration() {
			role.Vote(b, true)
			role.Apply(b)
			s.AppliedBatches++
		}
		s.AppliedSeq, s.Chain = uint64(b.Seq), participant.Hex(b.Chain)
	}
	s.AppliedTrades, s.Digest = role.AppliedTrades(), participant.Hex(role.Digest())
	to := rundir.RoleDir(dir, name)
	if name == "marketdata" { // whose tape stays where it is
		to = t.TempDir()
	}
	if err := role.Save(to); err != nil {
		t.Fatal(err)
	}
	if name == "marketdata" {
		b, err := os.ReadFile(filepath.Join(to, marketdata.BhavcopyFile))
		if err == nil {
			err = os.WriteFile(filepath.Join(rundir.RoleDir(dir, name), marketdata.BhavcopyFile), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := participant.WriteState(rundir.RoleDir(dir, name), s); err != nil {
		t.Fatal(err)
	}
}

// unsaved takes a run's end back: nobody has saved anything, and the command log does not say that it is finished.
func unsaved(t *testing.T, dir string) {
	for _, role := range rundir.RoleNames {
		if err := os.Remove(filepath.Join(rundir.RoleDir(dir, role), participant.StateFile)); err != nil {
			t.Fatal(err)
		}
	}
	inEngine(func(kind uint8, body []byte) []byte {
		if kind == engine.RecordEnd {
			return nil
		}
		return body
	})(t, dir)
}

// falsified are runs each of whose files is sound in form, and that are no runs all the same: what a faulty program could write.
var falsified = []struct {
	name, rule string
	breakIt    func(t *testing.T, dir string)
}{
	{"the engine has decided another history", "V8", func(t *testing.T, dir string) {
		n := 0
		inEngine(func(kind uint8, body []byte) []byte {
			if kind == engine.RecordDecided {
				if n++; n == 1 {
					body[8] ^= 1
				}
			}
			return body
		})(t, dir)
		if n < 2 {
			t.Skipf("%d decisions in the log", n)
		}
	}},
	{"the command log has a change of the members that nobody has", "V9", func(t *testing.T, dir string) {
		rewrite(t, filepath.Join(dir, rundir.EngineDir), func(kind uint8, body []byte, put func(uint8, []byte)) {
			if put(kind, body); kind == engine.RecordGeneration {
				put(kind, body)
			}
		})
	}},
	{"a finished run has lost its last batch everywhere", "V4", func(t *testing.T, dir string) {
		last := lastBatch(t, dir) - 1
		for _, role := range rundir.RoleNames {
			rewrite(t, rundir.RoleDir(dir, role), upToBatch(last))
			saveAt(t, dir, role, last, true)
		}
		rewrite(t, filepath.Join(rundir.RoleDir(dir, "marketdata"), "tape"), func(kind uint8, body []byte, put func(uint8, []byte)) {
			if binary.LittleEndian.Uint64(body) <= uint64(last) {
				put(kind, body)
			}
		})
		inEngine(func(kind uint8, body []byte) []byte {
			if kind == engine.RecordDecided && binary.LittleEndian.Uint64(body) > uint64(last) {
				return nil
			}
			return body
		})(t, dir)
	}},
	{"one participant alone has what was committed", "V8", func(t *testing.T, dir string) {
		unsaved(t, dir)
		for _, role := range needed {
			rewrite(t, rundir.RoleDir(dir, role), upToBatch(4))
		}
		inEngine(func(kind uint8, body []byte) []byte {
			if kind == engine.RecordDecided && binary.LittleEndian.Uint64(body) > 4 {
				return nil
			}
			return body
		})(t, dir)
	}},
	{"market data finished with an earlier state", "V5", func(t *testing.T, dir string) { saveAt(t, dir, "marketdata", 4, true) }},
	{"a state file counts other batches", "V5", func(t *testing.T, dir string) {
		s, err := participant.ReadState(rundir.RoleDir(dir, "risk"))
		if s.AppliedBatches++; err == nil {
			err = participant.WriteState(rundir.RoleDir(dir, "risk"), s)
		}
		if err != nil {
			t.Fatal(err)
		}
	}},
	{"a state file of another role", "V5", func(t *testing.T, dir string) {
		s, err := participant.ReadState(rundir.RoleDir(dir, "risk"))
		if s.Role = "settlement"; err == nil {
			err = participant.WriteState(rundir.RoleDir(dir, "risk"), s)
		}
		if err != nil {
			t.Fatal(err)
		}
	}},
	{"the tape passes over what market data has applied", "V7", func(t *testing.T, dir string) {
		n := 0
		rewrite(t, filepath.Join(rundir.RoleDir(dir, "marketdata"), "tape"), func(kind uint8, body []byte, put func(uint8, []byte)) {
			if n++; n == 3 {
				p, err := codec.DecodePayload(body[16:], nil)
				if err != nil {
					t.Fatal(err)
				}
				gap := binary.LittleEndian.AppendUint64(nil, p.FirstTrade)
				put(marketdata.RecordTapeGap, binary.LittleEndian.AppendUint64(gap, p.FirstTrade+uint64(len(p.Trades))-1))
				return
			}
			put(kind, body)
		})
	}},
}

var needed = []string{"risk", "settlement"}

// lastBatch is the last committed one.
func lastBatch(t *testing.T, dir string) (last batch3pc.Seq) {
	t.Helper()
	s, err := participant.ReadState(rundir.RoleDir(dir, "risk"))
	if err != nil {
		t.Fatal(err)
	}
	return batch3pc.Seq(s.AppliedSeq)
}

// TestVerifyFalsified: a run is not called verified because each of its files is sound.
func TestVerifyFalsified(t0 *testing.T) {
	run := smallRun(t0)
	for _, tc := range falsified {
		t0.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			if err := os.CopyFS(dir, os.DirFS(run)); err != nil {
				t.Fatal(err)
			}
			tc.breakIt(t, dir)
			res, err := verify.Run(dir)
			var v *verify.Violation
			if !errors.As(err, &v) || v.Rule != tc.rule {
				t.Errorf("error %v, want a violation of %s (%+v)", err, tc.rule, res)
			}
		})
	}
}
