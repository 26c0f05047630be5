package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/capture"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/internal/inspect"
	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/rundir"
	"github.com/tezi-exchange/tezi/internal/verify"
)

// TestExitCodes: of several errors the gravest decides, and a run whose logs do not agree is the
// gravest thing there is.
func TestExitCodes(t *testing.T) {
	broken := errors.New("it broke")
	for _, c := range []struct {
		err  error
		want int
	}{
		{broken, exitFailure},
		{&capture.DamageError{}, exitFailure},
		{&journal.DamageError{}, exitFailure},
		{&capture.NotCaptureError{}, exitUsage},
		{&rundir.RefusedError{}, exitUsage},
		{fmt.Errorf("x: %w", usageError{broken}), exitUsage},
		{fmt.Errorf("x: %w", capture.ErrOptions), exitConfig},
		{fmt.Errorf("x: %w", capture.ErrSymbol), exitUsage},
		{fmt.Errorf("x: %w", inspect.ErrNoLog), exitUsage},
		{fmt.Errorf("x: %w", journal.ErrInUse), exitUsage},
		{&box.MismatchError{}, exitUnverified},
		{&verify.Violation{}, exitUnverified},
		{errors.Join(context.Canceled, &verify.Violation{}), exitUnverified},
		{configError{broken}, exitConfig},
		{fmt.Errorf("x: %w", host.ErrCore), exitConfig},
		{context.Canceled, exitInterrupted},
		{errors.Join(context.Canceled, broken), exitInterrupted},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%T %v: exit code %d, want %d", c.err, c.err, got, c.want)
		}
	}
}

func TestOneLine(t *testing.T) {
	err := errors.Join(context.Canceled, &verify.Violation{Rule: "V1", Text: "two\nlines"})
	if got, want := oneLine(err), "interrupted; verification failed: V1: two; lines"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
