package main

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/check"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// lawful judges the journals that the participants of a run have left by the invariants of the protocol, with the
// judge that the simulator has: fencing, agreement, and a quorum on the disks for everything that is committed. What
// a journal with a hole lacks nobody can judge; verify says what it has to hold.
func lawful(t *testing.T, dir string) {
	t.Helper()
	if logs, whole := logsOf(t, dir); whole {
		if err := check.Logs(logs); err != nil {
			t.Errorf("the journals in %s: %v", dir, err)
		}
	}
}

// voted judges the journals of participants that nobody has killed: everybody who had to has voted for what is
// committed. A vote need not be durable, so a participant that was killed may have lost some.
func voted(t *testing.T, dir string) {
	t.Helper()
	logs, whole := logsOf(t, dir)
	if !whole {
		return
	}
	var all []batch3pc.NodeID
	for _, l := range logs {
		all = append(all, l.Node)
	}
	if err := check.Votes(logs, all); err != nil {
		t.Errorf("the journals in %s: %v", dir, err)
	}
}

// logsOf reads the journals that the participants of a run have left; whole is false if one has a hole.
func logsOf(t *testing.T, dir string) (logs []check.Log, whole bool) {
	t.Helper()
	for i, role := range rundir.RoleNames {
		records, whole := recordsOf(t, rundir.RoleDir(dir, role))
		if !whole {
			t.Logf("the journal of %s has a hole, so the three are not judged", role)
			return nil, false
		}
		logs = append(logs, check.Log{Node: batch3pc.NodeID(i + 1), Records: records})
	}
	return logs, true
}

// recordsOf reads a participant's journal, without the trades; whole is false if it has a hole. One that was cut
// begins with its first snapshot: what its first segment has before that follows what is not there.
func recordsOf(t *testing.T, dir string) (records []batch3pc.Record, whole bool) {
	t.Helper()
	r, err := journal.NewReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // read only
	cut := false
	for {
		rec, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return records, true
		case err != nil:
			t.Fatal(err)
		case rec.Kind == codec.RecordHole:
			return nil, false
		}
		if len(records) == 0 {
			if cut = cut || rec.LSN > 1; cut && rec.Kind != uint8(batch3pc.RecordSnapshot) {
				continue
			}
		}
		var batch batch3pc.Batch
		var record batch3pc.Record
		if err := codec.DecodeRecord(rec.Kind, rec.Body, &record, &batch); err != nil {
			t.Fatalf("%s: record %d: %v", dir, rec.LSN, err)
		}
		record.Chunk = bytes.Clone(record.Chunk)
		if batch.IsGeneration() {
			batch.Payload = bytes.Clone(batch.Payload)
		} else {
			batch.Payload = nil
		}
		records = append(records, record)
	}
}
