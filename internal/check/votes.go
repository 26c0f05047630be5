package check

import (
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Votes judges whole logs of all configured participants, of which members vote from the beginning on: what anybody has
// committed has the yes of every member in its log (I2). Only logs of processes that were not killed have that: a vote
// need not be durable. The error is a *Violation.
func Votes(logs []Log, members []batch3pc.NodeID) error {
	batches := map[batch3pc.Position]*batch3pc.Batch{}
	yes := map[batch3pc.Position][]batch3pc.NodeID{}
	var last batch3pc.Position
	for _, l := range logs {
		for i := range l.Records {
			switch r := &l.Records[i]; r.Kind {
			case batch3pc.RecordBatch:
				batches[r.Batch.Position()] = r.Batch
				yes[r.Batch.Position()] = append(yes[r.Batch.Position()], l.Node)
			case batch3pc.RecordFill:
				batches[r.Batch.Position()] = r.Batch
			case batch3pc.RecordCommit:
				if r.Seq > last.Seq {
					last = batch3pc.Position{Seq: r.Seq, Chain: r.Chain}
				}
			}
		}
	}
	var path []*batch3pc.Batch
	for b := batches[last]; b != nil; b = batches[b.ParentPosition()] {
		path = append(path, b)
	}
	if len(path) > 0 && path[len(path)-1].Parent > 0 || len(path) == 0 && last.Seq > 0 {
		return violation("I3", "%d is committed, and the logs do not have all that is before it", last.Seq)
	}
	for _, b := range slices.Backward(path) {
		if g, ok := batch3pc.GenerationOf(b); ok {
			members = members[:0:0]
			for _, e := range g.Enrolled() {
				if e.Member {
					members = append(members, e.Node)
				}
			}
		}
		for _, m := range members {
			if !slices.Contains(yes[b.Position()], m) {
				return violation("I2", "%d is committed without the yes of participant %d", b.Seq, m)
			}
		}
	}
	return nil
}
