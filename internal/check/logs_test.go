package check

import (
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

func batchAfter(parent batch3pc.Position, seq batch3pc.Seq, text string) *batch3pc.Batch {
	b := &batch3pc.Batch{Seq: seq, Parent: parent.Seq, ParentChain: parent.Chain, Generation: 1, Payload: []byte(text)}
	b.Seal()
	return b
}

// Logs accepts what a group writes, and names what is wrong with logs that no group writes.
func TestLogs(t *testing.T) {
	e1, e2 := batch3pc.Ballot{Epoch: 1, Node: 10}, batch3pc.Ballot{Epoch: 2, Node: 11}
	x, y := batchAfter(batch3pc.Position{}, 1, "x"), batchAfter(batch3pc.Position{}, 1, "y")
	voteIn := func(e batch3pc.Ballot, b *batch3pc.Batch) batch3pc.Record {
		return batch3pc.Record{Kind: batch3pc.RecordBatch, Ballot: e, Batch: b}
	}
	vote := func(b *batch3pc.Batch) batch3pc.Record { return voteIn(e1, b) }
	at := func(kind batch3pc.RecordKind, e batch3pc.Ballot, b *batch3pc.Batch) batch3pc.Record {
		r := batch3pc.Record{Kind: kind, Ballot: e}
		if b != nil {
			r.Seq, r.Chain = b.Seq, b.Chain
		}
		return r
	}
	start := at(batch3pc.RecordStart, e1, nil)
	full := func(b *batch3pc.Batch) []batch3pc.Record {
		return []batch3pc.Record{start, vote(b), at(batch3pc.RecordPreCommit, e1, b), at(batch3pc.RecordCommit, e1, b)}
	}
	z := batchAfter(x.Position(), 2, "z")
	w, other, after := batchAfter(x.Position(), 3, "w"), batchAfter(x.Position(), 2, "other"), batchAfter(y.Position(), 2, "after")
	checkpointed := []batch3pc.Record{ // a log that was cut while z was accepted and not committed
		{Kind: batch3pc.RecordSnapshot, Ballot: e1, PreCommitted: z.Position(), Seq: x.Seq, Chain: x.Chain, Total: 1, Chunk: []byte{1}},
		{Kind: batch3pc.RecordFill, Batch: z},
	}
	committed := append(full(x), vote(z), at(batch3pc.RecordPreCommit, e1, z), at(batch3pc.RecordCommit, e1, z))
	for name, test := range map[string]struct {
		logs [3][]batch3pc.Record
		want string
	}{
		"all is well":             {[3][]batch3pc.Record{full(x), full(x)[:3], full(x)[:1]}, ""},
		"an abort in a new epoch": {[3][]batch3pc.Record{{start, vote(x), at(batch3pc.RecordStart, e2, nil), voteIn(e2, y)}, full(x)[:2], nil}, ""},
		"accepted, by a snapshot": {[3][]batch3pc.Record{committed, checkpointed, full(x)}, ""},
		"two outcomes":            {[3][]batch3pc.Record{full(x), full(x), append([]batch3pc.Record{start, vote(y)}, at(batch3pc.RecordCommit, e1, y))}, "I1"},
		"two values in a ballot":  {[3][]batch3pc.Record{full(x)[:3], full(y)[:3], nil}, "I6"},
		"no quorum":               {[3][]batch3pc.Record{full(x), full(x)[:2], full(x)[:2]}, "I7"},
		"below a promise":         {[3][]batch3pc.Record{{at(batch3pc.RecordPromise, e2, nil), start}, nil, nil}, "I6"},
		"a promise twice":         {[3][]batch3pc.Record{{at(batch3pc.RecordPromise, e2, nil), at(batch3pc.RecordPromise, e2, nil)}, nil, nil}, "I6"},
		"a gap":                   {[3][]batch3pc.Record{{start, vote(batchAfter(x.Position(), 2, "z"))}, nil, nil}, "I3"},
		"accepted and not held":   {[3][]batch3pc.Record{{start, at(batch3pc.RecordPreCommit, e1, x)}, nil, nil}, "I3"},
		"a vote below a promise":  {[3][]batch3pc.Record{{start, at(batch3pc.RecordPromise, e2, nil), vote(x)}, nil, nil}, "I6"},
		"filled below a promise": {[3][]batch3pc.Record{{at(batch3pc.RecordPromise, e2, nil),
			{Kind: batch3pc.RecordFill, Ballot: e1, Batch: x}}, nil, nil}, "I6"},
		"a state below a promise":         {[3][]batch3pc.Record{{at(batch3pc.RecordPromise, e2, nil), checkpointed[0]}, nil, nil}, "I6"},
		"two outcomes, one of them later": {[3][]batch3pc.Record{append(full(x), vote(z), at(batch3pc.RecordPreCommit, e1, z), at(batch3pc.RecordCommit, e1, z)), append(full(x), voteIn(e1, w), at(batch3pc.RecordStart, e2, w), at(batch3pc.RecordCommit, e2, w)), full(x)}, "I1"},
		"two outcomes, one of them in a state": {[3][]batch3pc.Record{committed, {{Kind: batch3pc.RecordSnapshot, Ballot: e1, PreCommitted: other.Position(),
			Seq: other.Seq, Chain: other.Chain, Total: 1, Chunk: []byte{1}}}, full(x)}, "I1"},
		"started below what it committed":           {[3][]batch3pc.Record{append(full(x), at(batch3pc.RecordStart, e2, nil)), full(x), full(x)}, "I1"},
		"filled below what it committed":            {[3][]batch3pc.Record{append(full(x), batch3pc.Record{Kind: batch3pc.RecordFill, Ballot: e2, Batch: y}), full(x), full(x)}, "I1"},
		"two histories in a ballot, at two numbers": {[3][]batch3pc.Record{full(x)[:3], {start, vote(y), vote(after), at(batch3pc.RecordPreCommit, e1, after)}, nil}, "I6"},
		"committed twice":                           {[3][]batch3pc.Record{append(full(x), at(batch3pc.RecordCommit, e1, x)), full(x), nil}, "I3"},
	} {
		err := Logs([]Log{{1, test.logs[0]}, {2, test.logs[1]}, {3, test.logs[2]}})
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want+":")) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// Votes misses the yes of a member, and nobody else's: those who are members change with the stream.
func TestVotes(t *testing.T) {
	// opens is the entry behind x that leaves 3 out.
	opens := func(x *batch3pc.Batch) *batch3pc.Batch {
		b := &batch3pc.Batch{Seq: 3, Parent: x.Seq, ParentChain: x.Chain, Generation: 2, Count: batch3pc.CountGeneration}
		for id, member := range []byte{1: 1, 2: 1, 3: 0} {
			if id > 0 {
				b.Payload = append(b.Payload, append([]byte{byte(id), member}, make([]byte, 14)...)...)
			}
		}
		b.Seal()
		return b
	}
	x := batchAfter(batch3pc.Position{}, 1, "x")
	y := batchAfter(x.Position(), 2, "y")
	out := opens(x)
	z := batchAfter(out.Position(), 4, "z")
	z.Generation = 2
	z.Seal()
	yes := func(b ...*batch3pc.Batch) (records []batch3pc.Record) {
		for _, b := range b {
			records = append(records, batch3pc.Record{Kind: batch3pc.RecordBatch, Batch: b})
		}
		return records
	}
	fill := func(b *batch3pc.Batch) batch3pc.Record { return batch3pc.Record{Kind: batch3pc.RecordFill, Batch: b} }
	done := func(b *batch3pc.Batch) batch3pc.Record {
		return batch3pc.Record{Kind: batch3pc.RecordCommit, Seq: b.Seq, Chain: b.Chain}
	}
	for name, test := range map[string]struct {
		logs [3][]batch3pc.Record
		want string
	}{
		"all voted":                     {[3][]batch3pc.Record{append(yes(x, y), done(y)), yes(x, y), yes(x, y)}, ""},
		"in doubt":                      {[3][]batch3pc.Record{append(yes(x, y), done(x)), yes(x, y), yes(x)}, ""},
		"what is before it is gone":     {[3][]batch3pc.Record{append(yes(y), done(y)), yes(y), yes(y)}, "I3: 2 is committed, and the logs do not have all that is before it"},
		"the logs are empty":            {[3][]batch3pc.Record{{done(y)}, nil, nil}, "I3: 2 is committed, and the logs do not have all that is before it"},
		"one was only told":             {[3][]batch3pc.Record{append(yes(x), done(x)), yes(x), {fill(x), done(x)}}, "I2: 1 is committed without the yes of participant 3"},
		"one had voted, and was told":   {[3][]batch3pc.Record{append(yes(x), done(x)), yes(x), append(yes(x), fill(x))}, ""},
		"who has left need not":         {[3][]batch3pc.Record{append(yes(x, out, z), done(z)), yes(x, out, z), append(yes(x), fill(out), fill(z))}, ""},
		"who has left had to before":    {[3][]batch3pc.Record{append(yes(x, out, z), done(z)), yes(x, out, z), nil}, "I2: 1 is committed without the yes of participant 3"},
		"who stays has to all the same": {[3][]batch3pc.Record{append(yes(x, out, z), done(z)), yes(x, out), yes(x, out, z)}, "I2: 4 is committed without the yes of participant 2"},
	} {
		got := ""
		if err := Votes([]Log{{1, test.logs[0]}, {2, test.logs[1]}, {3, test.logs[2]}}, []batch3pc.NodeID{1, 2, 3}); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
