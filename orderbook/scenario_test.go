package orderbook_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

// TestScenarios plays the files of testdata/scenario, each a story of one book. A block begins with
// "new", for an empty book, or "trade"; its commands, one a line, are those of booktest.Session.
// Below the dashes stands what each did and the book after the last. "go test ./orderbook -rewrite"
// writes the answers anew: the diff is the review.
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, filepath.Join("testdata", "scenario"), func(t *testing.T, path string) {
		var session *booktest.Session
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "new" {
				session = booktest.NewSession(booktest.NewTwin(t, newBook(t, 100), booktest.NewNaive(100), 1))
			} else if d.Cmd != "trade" {
				d.Fatalf(t, "want new or trade, got %q", d.Cmd)
			}
			var answers strings.Builder
			for line := range strings.Lines(d.Input) {
				line = strings.TrimSpace(line)
				answer, err := session.Do(line)
				if err != nil {
					d.Fatalf(t, "%v", err)
				}
				answers.WriteString(strings.TrimSpace(fmt.Sprintf("%-30s  %s", line, answer)) + "\n")
			}
			return answers.String() + booktest.Draw(session.Book)
		})
	})
}
