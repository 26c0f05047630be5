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
	Trades    uint64            `json:"trades,omitempty"` // in batches that were written
	LastBatch batch3pc.Seq      `json:"last_batch"`
	Committed batch3pc.Seq      `json:"committed"` // highest commit watermark in the log
	Ballots   uint64            `json:"ballots"`
	Torn      string            `json:"torn,omitempty"`    // where a torn tail begins
	Missing   bool              `json:"missing,omitempty"` // a run directory without it: its node kept it elsewhere

	Checkpoints []batch3pc.Seq `json:"checkpoints,omitempty"` // batches whose state is in the log
	Snapshots   []uint64       `json:"snapshots,omitempty"`   // records of the files beside it, from which a start reads on

	tape marketdata.TapeDecoder
}

// ErrNoLog says that a directory is neither a run nor a log.
var ErrNoLog = errors.New("neither a run directory nor a log")

// Dir inspects a run directory (its logs) or one log.
func Dir(dir string) ([]*Log, error) {
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
	return logs, nil
}

func one(dir string) (*Log, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return filepath.Ext(e.Name()) == ".journal" }) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoLog)
	}
	r, err := journal.NewReader(dir)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	l := &Log{Dir: dir, ByKind: map[string]uint64{}}
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
	marketdata.RecordTape: "tape", marketdata.RecordTapeCompact: "compact", marketdata.RecordTapeGap: "gap",
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
		if !b.IsGeneration() && b.Seq > l.LastBatch { // a checkpoint repeats what is in doubt
			l.Trades += uint64(b.Count)
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
		l.Commands += uint64(len(rec.Body) / codec.CommandSize)
	case engine.RecordSealed:
		s, err := engine.DecodeSealed(rec.Body)
		if err != nil {
			return err
		}
		l.LastBatch, l.Trades = max(l.LastBatch, s.Seq), l.Trades+s.Trades
	case engine.RecordDecided:
		d, err := engine.DecodeDecided(rec.Body)
		if err != nil {
			return err
		}
		l.Committed = max(l.Committed, d.Seq)
	case marketdata.RecordTape, marketdata.RecordTapeCompact, marketdata.RecordTapeGap:
		e, err := l.tape.Decode(*rec)
		if err != nil || e.Gap {
			return err
		}
		l.LastBatch = e.At.Seq
		l.Committed, l.Trades = l.LastBatch, l.Trades+uint64(len(e.Payload.Trades)) // the tape holds nothing else
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
		text += fmt.Sprintf("  commands    %d\n", l.Commands)
	}
	text += fmt.Sprintf("  batches     last %d, committed to %d, %d trades written, %d ballots\n", l.LastBatch, l.Committed, l.Trades, l.Ballots)
	if l.Torn != "" {
		text += "  torn tail   " + l.Torn + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

func sortedKeys(m map[string]uint64) []string { return slices.Sorted(maps.Keys(m)) }
