package sim

import (
	"fmt"
	"io"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// TraceLegend says what the columns of a trace are.
const TraceLegend = `# step  action, as a script has it   -> effects of it on the node   | where the node stands
# effects: log RECORD, send MESSAGE, hold MESSAGE until the next sync, release N messages held
# a participant stands at: e promised ballot, a accepted ballot, v voted, p pre-committed, c applied
# a coordinator stands at: state, ballot, b base, q proposed, p pre-commit sent, c decided
# ballots are epoch.node.boot; "-" before an action: it did not fit and did nothing
`

// trace writes a line for each action.
type trace struct {
	out     io.Writer
	effects []string
	node    batch3pc.NodeID
}

func (t *trace) effect(format string, args ...any) {
	t.effects = append(t.effects, fmt.Sprintf(format, args...))
}

func (t *trace) ready(r *batch3pc.Ready) {
	for i := range r.Records {
		rec := &r.Records[i]
		seq := rec.Seq
		if rec.Batch != nil {
			seq = rec.Batch.Seq
		}
		t.effect("log %v %d", rec.Kind, seq)
	}
	for i := range r.Messages {
		t.effect("send %v", keyOf(&r.Messages[i]))
	}
	for i := range r.Durable {
		t.effect("hold %v", keyOf(&r.Durable[i]))
	}
}

func (t *trace) begin(a Action) {
	t.effects, t.node = t.effects[:0], a.Node
	if a.Op.aboutMessage() {
		t.node = batch3pc.NodeID(a.Key >> 48)
	}
}

func (t *trace) end(w *World, a Action, fits bool) {
	mark := ""
	if !fits {
		mark = "- "
	}
	line := fmt.Sprintf("%4d  %-34s", w.done, mark+a.String())
	if len(t.effects) > 0 {
		line += " -> " + strings.Join(t.effects, ", ")
	}
	if t.node > 0 {
		line += " | " + w.describe(t.node)
	}
	fmt.Fprintln(t.out, line)
}
