package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tezi-exchange/tezi/internal/box"
)

// interruptNotice is after how long somebody who pressed Ctrl-C is told that we are still at it.
const interruptNotice = time.Second

// interruptible returns a context that the first SIGINT or SIGTERM cancels, so that what is open is
// finished in order. The second one ends the program at once.
func interruptible(stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		time.AfterFunc(interruptNotice, func() {
			fmt.Fprintln(stderr, box.ErrorPrefix+"interrupted: finishing what is open; once more ends at once")
		})
		<-signals
		fmt.Fprintln(stderr, box.ErrorPrefix+"interrupted twice: ended at once")
		os.Exit(exitInterrupted)
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}

// orInterrupted does work that knows no context. When ctx ends it is no longer waited for: the
// program ends, and the work with it.
func orInterrupted(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
