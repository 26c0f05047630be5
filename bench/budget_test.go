package bench

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/engine"
)

// taken is a record of one result whose trades spent 1 to 6 µs in each part, and 2 to 4 µs until they were applied.
func taken() *Record {
	whole, parts := NewRecorder(), NewBudgetRecorder([]string{"risk", "settlement", "marketdata"})
	for n := range int64(1000) {
		sum := int64(0)
		for p := range engine.PartCount {
			ns := 1000*int64(p+1) + n
			parts.Spend(p, ns, 1)
			sum += ns
		}
		whole.Record(OrderToCommit, sum)
	}
	for i := range 2 {
		parts.Applied(i, 2000*int64(i+1), 1000) // market data was left out
	}
	r := NewRecord("system", "System", "tezi bench system")
	res := r.Add("System", P("rate", "max"))
	res.Measure("trades/s", 1)
	res.Budget = parts.Budget(whole.Snapshot())
	return r
}

// I6, and how it is shown.
func TestBudget(t *testing.T) {
	r := taken()
	var b bytes.Buffer
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	got := b.String()[max(strings.Index(b.String(), "\npart "), 0):]
	const want = `
part                                          mean µs   share   p50   p99
queue            due, fed, in the input ring     1.50   6.3 %  1.50  1.99
match            sequenced, checked, matched     2.50  10.4 %  2.50  2.99
batch            in the open batch               3.50  14.6 %  3.50  3.99
vote             CAN-COMMIT: all vote yes        4.50  18.8 %  4.50  4.99
log              command log not yet durable     5.50  22.9 %  5.50  5.99
ack              PRE-COMMIT: a quorum has it     6.50  27.1 %  6.50  6.99
order to commit  all of that                     24.0   100 %  24.0  26.9
risk             COMMIT: applied                    2       -     2     2
settlement       COMMIT: applied                 4.00       -  4.00  4.00
marketdata       COMMIT: applied                    -       -     -     -
` + BudgetNote + "\n"
	if got != want {
		t.Errorf("budget\n%s\nwant\n%s", got, want)
	}
	sum := Micros(0)
	budget := r.Results[0].Budget
	for _, p := range budget.Parts {
		sum += p.MeanUs
	}
	if d := float64(sum)/float64(budget.Whole.MeanUs) - 1; d < -0.001 || d > 0.001 {
		t.Errorf("the parts add up to %v, the whole is %v", sum, budget.Whole.MeanUs)
	}
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	again, err := ReadRecord(&text)
	if err != nil || again.Results[0].Budget.Parts[5].MeanUs != budget.Parts[5].MeanUs || again.Results[0].Budget.Whole.Us != budget.Whole.Us {
		t.Errorf("%v: read again as %+v", err, again.Results[0].Budget)
	}
	const figures = "\nSystem\ntrades/s  1\n\npart "
	if !strings.Contains(b.String(), figures) {
		t.Errorf("no %s in %s", figures, b.String())
	}
	r.Add("System", P("rate", "1"))
	if _, ok := r.BudgetSheet(); ok {
		t.Error("a sweep shows a budget")
	}
}
