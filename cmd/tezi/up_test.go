package main

import (
	"io"
	"math"
	"testing"

	"github.com/spf13/cobra"
)

// TestFlowGoesRound: a flow that nobody ends outlives the last date that a day can have, which is some hours away.
func TestFlowGoesRound(t *testing.T) {
	var day dayFlags
	cmd := &cobra.Command{}
	cmd.SetOut(io.Discard)
	day.flags(cmd)
	if err := cmd.ParseFlags([]string{"--date=2028-05-06", "--instruments=1"}); err != nil {
		t.Fatal(err)
	}
	f := &flow{flags: &day, left: math.MaxInt64}
	if err := f.begin(); err != nil {
		t.Fatal(err)
	}
	defer f.close()
	for _, want := range []string{"2028-05-07", "2028-05-06", "2028-05-07"} {
		if err := f.nextDay(); err != nil || day.date != want {
			t.Fatalf("the day is %s, %v, want %s", day.date, err, want)
		}
	}
}
