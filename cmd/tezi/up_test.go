package main

import (
	"errors"
	"io"
	"math"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tezi-exchange/tezi/codec"
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

// TestFlowEndsWhenClosed: the reader of a run that is over may not have noticed yet.
func TestFlowEndsWhenClosed(t *testing.T) {
	var day dayFlags
	day.flags(&cobra.Command{})
	day.cfg.Instruments = 1
	f := &flow{flags: &day, left: math.MaxInt64}
	if err := f.begin(); err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() {
		var c codec.Command
		for n := 0; ; n++ {
			if err := f.Next(&c); err != nil {
				read <- err
				return
			}
			if n == 10_000 {
				read <- nil
			}
		}
	}()
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	f.close()
	if err := <-read; !errors.Is(err, io.EOF) {
		t.Errorf("%v, want the end", err)
	}
}
