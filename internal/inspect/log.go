package inspect

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/participant/marketdata"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// Log is what one log directory holds.
type Log struct {
	Dir       string            `json:"dir"`
	First     uint64            `json:"first_record,omitempty"` // of a log that was truncated; 0: it has its beginning
	Records   uint64            `json:"records"`
	ByKind    map[string]uint64 `json:"by_kind"`
	Bytes     uint64            `json:"bytes"` // of record bodies
	Commands  uint64            `json:"commands,omitempty"`
	Asked     uint64            `json:"commands_asked,omitempty"` // of these: what the report counts, without definitions, phases, rules and limits
	Trades    uint64            `json:"trades,omitempty"`         // in batches that were written
	Batches   uint64            `json:"batches"`                  // that were written, aborted ones too
	Openings  uint64            `json:"member_openings"`          // entries that open a generation of the members: they have numbers like batches
	LastBatch batch3pc.Seq      `json:"last_batch"`
	Committed batch3pc.Seq      `json:"committed"` // highest commit watermark in the log
	Ballots   uint64            `json:"ballots"`
	Torn      string            `json:"torn,omitempty"`    // where a torn tail begins
	Missing   bool              `json:"missing,omitempty"` // a run directory without it: its node kept it elsewhere

	Repairing int `json:"repairing,omitempty"` // segments of a repair that a crash has cut short: read as the next start puts them in place

	Checkpoints []batch3pc.Seq `json:"checkpoints,omitempty"` // batches whose state is in the log
	Snapshots   []uint64       `json:"snapshots,omitempty"`   // records of the files beside it, from which a start reads on

	tape marketdata.TapeDecoder
}

// ErrNoLog says that a directory is neither a run nor a log.
var ErrNoLog = errors.New("neither a run directory nor a log")

// Dir inspects a run directory (its logs) or one log. The logs come also with the error that the run file cannot be used.
func Dir(dir string) ([]*Log, error) {
	_, unusable := rundir.Read(dir)
	if _, err := os.Stat(filepath.Join(dir, rundir.File)); err != nil {
		l, err := one(dir)
		if err != nil {
			return nil, err
		}
		return []*Log{l}, nil
	}
	var logs []*Log
	for _, name := range append([]string{rundir.EngineDir}, rundir.RoleNames...) {
		l, err := one(filepath.Join(dir, name))
		if errors.Is(err, ErrNoLog) || errors.Is(err, os.ErrNotExist) {
			l, err = &Log{Dir: filepath.Join(dir, name), ByKind: map[string]uint64{}, Missing: true}, nil
		}
		if err != nil {
			return nil, err
		}
		logs = append(logs, l)
	}
	return logs, unusable
}

func one(dir string) (*Log, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(entries, func(e os.DirEntry) bool { _, ok := journal.SegmentLSN(e.Name()); return ok }) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoLog)
	}
	r, err := journal.NewReader(dir)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	l := &Log{Dir: dir, ByKind: map[string]uint64{}}
	if l.Repairing, err = journal.Repairing(disk.Real, dir); err != nil {
		return nil, err
	}
	for _, e := range entries { // in the order of their numbers
		if lsn, ok := journal.SnapshotLSN(e.Name()); ok {
			l.Snapshots = append(l.Snapshots, lsn)
		}
	}
	if first := r.First(); first > 1 {
		l.First = first
	}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = l.add(&rec)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: after %d records: %w", dir, l.Records, err)
		}
	}
	if t := r.Tail(); t.Torn {
		l.Torn = fmt.Sprintf("%s, offset %d", t.File, t.Offset)
	}
	return l, nil
}

// ownKinds names the records that are not the commit protocol's: those of the engine's log and of
// market data's tape.
var ownKinds = map[uint8]string{
	engine.RecordCommands: "commands", engine.RecordSealed: "sealed", engine.RecordDecided: "decided", engine.RecordVeto: "veto",
	engine.RecordEnd: "end", engine.RecordGeneration: "members", engine.RecordHeld: "held",
	marketdata.RecordTape: "tape", marketdata.RecordTapeGap: "gap",
	codec.RecordHole: "hole",
}

func (l *Log) add(rec *journal.Record) error {
	l.Records++
	l.Bytes += uint64(len(rec.Body))
	name, own := ownKinds[rec.Kind]
	if !own {
		name = strings.ToLower(batch3pc.RecordKind(rec.Kind).String())
	}
	l.ByKind[name]++
	if own {
		return l.addOwn(rec)
	}
	var r batch3pc.Record
	var b batch3pc.Batch
	if err := codec.DecodeRecord(rec.Kind, rec.Body, &r, &b); err != nil {
		return err
	}
	switch r.Kind {
	case batch3pc.RecordBatch, batch3pc.RecordFill:
		switch {
		case b.Seq <= l.LastBatch: // a checkpoint repeats what is in doubt
		case b.IsGeneration():
			l.Openings++
		default:
			l.Batches, l.Trades = l.Batches+1, l.Trades+uint64(b.Count)
		}
		l.LastBatch = max(l.LastBatch, b.Seq)
	case batch3pc.RecordCommit:
		l.Committed = max(l.Committed, r.Seq)
	case batch3pc.RecordSnapshot:
		if r.Offset+uint64(len(r.Chunk)) == r.Total {
			l.Checkpoints = append(l.Checkpoints, r.Seq)
		}
	case batch3pc.RecordPromise, batch3pc.RecordEpoch:
		l.Ballots++
	}
	return nil
}

func (l *Log) addOwn(rec *journal.Record) error {
	switch rec.Kind {
	case engine.RecordCommands:
		return l.addCommands(rec.Body)
	case engine.RecordSealed:
		s, err := engine.DecodeSealed(rec.Body)
		if err != nil {
			return err
		}
		l.LastBatch, l.Batches, l.Trades = max(l.LastBatch, s.Seq), l.Batches+1, l.Trades+s.Trades
	case engine.RecordGeneration:
		l.Openings++
	case engine.RecordDecided:
		d, err := engine.DecodeDecided(rec.Body)
		if err != nil {
			return err
		}
		l.Committed = max(l.Committed, d.Seq)
	case marketdata.RecordTape, marketdata.RecordTapeGap:
		e, err := l.tape.Decode(*rec)
		if err != nil || e.Gap {
			return err
		}
		l.LastBatch, l.Batches = e.At.Seq, l.Batches+1
		l.Committed, l.Trades = l.LastBatch, l.Trades+uint64(len(e.Payload.Trades)) // the tape holds nothing else
	}
	return nil
}

func (l *Log) addCommands(body []byte) error {
	commands, ok := codec.Commands(body)
	if !ok {
		return fmt.Errorf("%w: %d bytes are no commands", engine.ErrRecord, len(body))
	}
	l.Commands += uint64(len(commands))
	for i := range commands {
		if commands[i].Kind.Asks() {
			l.Asked++
		}
	}
	return nil
}

// WriteTable writes the log for people.
func (l *Log) WriteTable(w io.Writer) error {
	if l.Missing {
		_, err := fmt.Fprintf(w, "%s\n  no log here\n", l.Dir)
		return err
	}
	text := fmt.Sprintf("%s\n  records     %d, %d bytes\n", l.Dir, l.Records, l.Bytes)
	if l.First > 0 {
		text += fmt.Sprintf("  truncated   begins with record %d, a snapshot has what was before\n", l.First)
	}
	if l.Repairing > 0 {
		text += fmt.Sprintf("  repair      cut short: read as it is when the next start has put %s in place\n", several(uint64(l.Repairing), "segment"))
	}
	if n := len(l.Snapshots); n > 0 {
		text += fmt.Sprintf("  snapshot    behind record %d: a start reads on from there\n", l.Snapshots[n-1])
	}
	if n := len(l.Checkpoints); n > 0 {
		text += fmt.Sprintf("  checkpoints %d, the last one of batch %d\n", n, l.Checkpoints[n-1])
	}
	for _, kind := range sortedKeys(l.ByKind) {
		text += fmt.Sprintf("    %-10s%d\n", kind, l.ByKind[kind])
	}
	if l.Commands > 0 {
		text += fmt.Sprintf("  commands    %d: %d of members, %d of the exchange\n", l.Commands, l.Asked, l.Commands-l.Asked)
	}
	text += fmt.Sprintf("  batches     %d and %s of members, to %d, committed to %d, %s written, %s\n",
		l.Batches, several(l.Openings, "opening"), l.LastBatch, l.Committed, several(l.Trades, "trade"), several(l.Ballots, "ballot"))
	if l.Torn != "" {
		text += "  torn tail   " + l.Torn + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// several is so many of a thing: "1 ballot", "2 ballots".
func several(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func sortedKeys(m map[string]uint64) []string { return slices.Sorted(maps.Keys(m)) }
