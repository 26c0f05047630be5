package box

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/verify"
)

// smallRun makes a finished run of a small day and returns its directory.
func smallRun(t *testing.T) string {
	t.Helper()
	day, err := workload.New(workload.Config{Seed: 5, Orders: 4000, Instruments: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer day.Close()
	o := &Options{
		Dir: filepath.Join(t.TempDir(), "run"), InProcess: true, Engine: engine.DefaultConfig(), Roles: rundir.DefaultRoles(),
		Profile: host.Profile{Name: host.Shared}, Log: slog.New(slog.DiscardHandler), SourceName: "test",
	}
	o.Engine.BatchTarget, o.Engine.Durable = 50, false
	report, err := Execute(t.Context(), o, day)
	if err != nil {
		t.Fatal(err)
	}
	if report.BatchesCommitted < 5 {
		t.Fatalf("only %d batches: the run proves nothing", report.BatchesCommitted)
	}
	return o.Dir
}

// rewrite replaces a log by what change makes of its records, with good checksums throughout: what
// a program with a bug would have written.
func rewrite(t *testing.T, dir string, change func(kind uint8, body []byte, put func(uint8, []byte))) {
	t.Helper()
	old := dir + ".old"
	if err := os.Rename(dir, old); err != nil {
		t.Fatal(err)
	}
	r, err := journal.NewReader(old)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	j, err := journal.Open(dir, journal.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	put := func(kind uint8, body []byte) {
		if _, err := j.Append(kind, body); err != nil {
			t.Fatal(err)
		}
	}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		change(rec.Kind, append([]byte{}, rec.Body...), put) // the end of a log has no body, and is none that inEngine drops
	}
	if err := errors.Join(j.Flush(), j.Sync(), j.Close()); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(old) //nolint:errcheck // of a test
	for _, name := range []string{"risk.csv", "members.csv", "settlement.csv", "bhavcopy.csv", "state.json", "tape"} {
		if err := os.Rename(filepath.Join(old, name), filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// rebatch passes every record but the batches, which change gets decoded.
func rebatch(change func(b *batch3pc.Batch, put func())) func(uint8, []byte, func(uint8, []byte)) {
	return func(kind uint8, body []byte, put func(uint8, []byte)) {
		var r batch3pc.Record
		var b batch3pc.Batch
		if err := codec.DecodeRecord(kind, body, &r, &b); err != nil {
			panic(err)
		}
		if r.Kind != batch3pc.RecordBatch {
			put(kind, body)
			return
		}
		b.Payload = append([]byte(nil), b.Payload...)
		r.Batch = &b
		change(&b, func() { put(kind, codec.AppendRecord(nil, &r)) })
	}
}

// chainer keeps a changed stream of batches well chained, as a faulty program would.
type chainer struct{ last batch3pc.Chain }

func (c *chainer) seal(b *batch3pc.Batch) {
	b.ParentChain = c.last
	b.Seal()
	c.last = b.Chain
}

// alterTrade changes the price of the first trade of batch 3.
func alterTrade(c *chainer) func(*batch3pc.Batch, func()) {
	return func(b *batch3pc.Batch, put func()) {
		if b.Seq == 3 {
			p, err := codec.DecodePayload(b.Payload, nil)
			if err != nil {
				panic(err)
			}
			p.Trades[0].Price++
			b.Payload = codec.AppendPayload(nil, &p)
		}
		c.seal(b)
		put()
	}
}

// reenter changes the entry that names the members, and keeps the stream well chained.
func reenter(change func(b *batch3pc.Batch)) func() func(uint8, []byte, func(uint8, []byte)) {
	return func() func(uint8, []byte, func(uint8, []byte)) {
		c := &chainer{}
		return rebatch(func(b *batch3pc.Batch, put func()) {
			if b.IsGeneration() {
				change(b)
			}
			c.seal(b)
			put()
		})
	}
}

// everywhere changes the logs of all participants alike.
func everywhere(change func() func(uint8, []byte, func(uint8, []byte))) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		for _, role := range rundir.RoleNames {
			rewrite(t, rundir.RoleDir(dir, role), change())
		}
	}
}

// inEngine changes the records of the engine's log; nil drops one.
func inEngine(change func(kind uint8, body []byte) []byte) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		rewrite(t, filepath.Join(dir, rundir.EngineDir), func(kind uint8, body []byte, put func(uint8, []byte)) {
			if body = change(kind, body); body != nil {
				put(kind, body)
			}
		})
	}
}

// onTape keeps the records of the tape, numbered from 1, that keep wants.
func onTape(keep func(n int) bool) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		n := 0
		rewrite(t, filepath.Join(rundir.RoleDir(dir, "marketdata"), "tape"), func(kind uint8, body []byte, put func(uint8, []byte)) {
			if n++; keep(n) {
				put(kind, body)
			}
		})
	}
}

// changeTape changes the first record of the tape that change wants to: its payload, or its number and chain.
func changeTape(change func(p *codec.Payload, head []byte) bool) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		done := false
		rewrite(t, filepath.Join(rundir.RoleDir(dir, "marketdata"), "tape"), func(kind uint8, body []byte, put func(uint8, []byte)) {
			const headSize = 16
			p, err := codec.DecodePayload(body[headSize:], nil)
			if err != nil {
				t.Fatal(err)
			}
			if head := body[:headSize:headSize]; !done && change(&p, head) {
				done, body = true, codec.AppendPayload(head, &p)
			}
			put(kind, body)
		})
		if !done {
			t.Fatal("nothing was changed")
		}
	}
}

// violations break one rule each, in logs whose checksums are right.
var violations = []struct {
	name, rule string
	breakIt    func(t *testing.T, dir string)
}{
	{"one participant has another trade", "V1", func(t *testing.T, dir string) {
		rewrite(t, rundir.RoleDir(dir, "settlement"), rebatch(alterTrade(&chainer{})))
	}},
	{"a digest does not fit", "V2", func(t *testing.T, dir string) {
		rewrite(t, rundir.RoleDir(dir, "risk"), rebatch(func(b *batch3pc.Batch, put func()) {
			if b.Seq == 3 {
				b.Payload[len(b.Payload)-1] ^= 1
			}
			put()
		}))
	}},
	{"a batch is missing in the middle", "V2", func(t *testing.T, dir string) {
		rewrite(t, rundir.RoleDir(dir, "marketdata"), rebatch(func(b *batch3pc.Batch, put func()) {
			if b.Seq != 3 {
				put()
			}
		}))
	}},
	{"a trade number twice", "V3", everywhere(func() func(uint8, []byte, func(uint8, []byte)) {
		c, done := &chainer{}, false
		return rebatch(func(b *batch3pc.Batch, put func()) {
			if !done && !b.IsGeneration() && b.Count > 1 { // any batch may have a single trade, if the feeder had no processor
				p, err := codec.DecodePayload(b.Payload, nil)
				if err != nil {
					panic(err)
				}
				p.Trades[1].No, done = p.Trades[0].No, true
				b.Payload = codec.AppendPayload(nil, &p)
			}
			c.seal(b)
			put()
		})
	})},
	{"everybody has a trade that matching does not give", "V4", everywhere(func() func(uint8, []byte, func(uint8, []byte)) {
		return rebatch(alterTrade(&chainer{}))
	})},
	{"a command was changed", "V4", inEngine(func(kind uint8, body []byte) []byte {
		if cmds, ok := codec.Commands(body); kind == engine.RecordCommands && ok {
			for i := range cmds {
				if cmds[i].Kind == codec.KindNew {
					cmds[i].Qty++
				}
			}
		}
		return body
	})},
	{"the command log ends early", "V4", func() func(*testing.T, string) {
		n := 0
		return inEngine(func(kind uint8, body []byte) []byte {
			if kind == engine.RecordCommands {
				if n++; n > 5 {
					return nil
				}
			}
			return body
		})
	}()},
	{"the engine decided what nobody has", "V8", inEngine(func(kind uint8, body []byte) []byte {
		if kind == engine.RecordDecided {
			body[7] = 1 // the watermark's highest byte: a far batch
		}
		return body
	})},
	{"a batch was not published", "V7", onTape(func(n int) bool { return n != 3 })},
	{"the tape ends early", "V7", onTape(func(n int) bool { return n < 4 })},
	{"a settlement file does not balance", "V6", func(t *testing.T, dir string) {
		flip(t, filepath.Join(rundir.RoleDir(dir, "settlement"), "settlement.csv"))
	}},
	{"a settlement file names another day", "V5", func(t *testing.T, dir string) {
		path := filepath.Join(rundir.RoleDir(dir, "settlement"), "settlement.csv")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Replace(b, []byte("2026-09-10"), []byte("2026-09-11"), 1), 0o644); err != nil {
			t.Fatal(err)
		}
	}},
	{"a risk file was changed", "V5", func(t *testing.T, dir string) {
		flip(t, filepath.Join(rundir.RoleDir(dir, "risk"), "risk.csv"))
	}},
	{"a bhavcopy is missing", "V5", func(t *testing.T, dir string) {
		if err := os.Remove(filepath.Join(rundir.RoleDir(dir, "marketdata"), "bhavcopy.csv")); err != nil {
			t.Fatal(err)
		}
	}},
	{"there is a bhavcopy of derivatives that nobody traded", "V5", func(t *testing.T, dir string) {
		path := filepath.Join(rundir.RoleDir(dir, "marketdata"), "bhavcopy_fo.csv")
		if err := os.WriteFile(path, []byte("TradDt\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}},
	{"a finished run has lost what makes its risk file count", "V5", func(t *testing.T, dir string) {
		flip(t, filepath.Join(rundir.RoleDir(dir, "risk"), "risk.csv"))
		if err := os.Remove(filepath.Join(rundir.RoleDir(dir, "risk"), "state.json")); err != nil {
			t.Fatal(err)
		}
	}},
	{"the tape names an instrument otherwise", "V7", changeTape(func(p *codec.Payload, _ []byte) bool {
		if len(p.Instruments) == 0 {
			return false
		}
		p.Instruments[0].Symbol[0]++
		return true
	})},
	{"the tape has another history", "V7", changeTape(func(_ *codec.Payload, head []byte) bool { head[8]++; return true })},
	{"risk is left out of the members", "V9", everywhere(reenter(func(b *batch3pc.Batch) { b.Payload[1] = 0 }))},
	{"the members are others", "V9", everywhere(reenter(func(b *batch3pc.Batch) { b.Payload = b.Payload[:len(b.Payload)-16] }))},
	{"a batch is of another generation", "V2", everywhere(func() func(uint8, []byte, func(uint8, []byte)) {
		c := &chainer{}
		return rebatch(func(b *batch3pc.Batch, put func()) {
			if b.Seq == 4 {
				b.Generation++
			}
			c.seal(b)
			put()
		})
	})},
	{"a participant finished with less", "V1", func(t *testing.T, dir string) {
		rewrite(t, rundir.RoleDir(dir, "risk"), rebatch(func(b *batch3pc.Batch, put func()) {
			if b.Seq <= 5 {
				put()
			}
		}))
	}},
}

func TestVerifyFindsEachViolation(t *testing.T) {
	for _, tc := range violations {
		t.Run(tc.name, func(t *testing.T) {
			dir := smallRun(t)
			if _, err := verify.Run(dir); err != nil {
				t.Fatalf("the untouched run: %v", err)
			}
			tc.breakIt(t, dir)
			_, err := verify.Run(dir)
			var v *verify.Violation
			if !errors.As(err, &v) {
				t.Fatalf("error %v, want a violation of %s", err, tc.rule)
			}
			if v.Rule != tc.rule {
				t.Errorf("%v: rule %s, want %s", v, v.Rule, tc.rule)
			}
		})
	}
}

// flip changes the last digit of a file.
func flip(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] >= '0' && b[i] <= '8' {
			b[i]++
			break
		}
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
